"""Digits: telephone-events (RFC 4733) and tones in the audio (Goertzel)."""
