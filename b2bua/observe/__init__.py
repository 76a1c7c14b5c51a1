"""Logs, metrics and SIP ladders, made from what the pure layers return."""
