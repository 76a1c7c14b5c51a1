"""Dialogs and the INVITE sessions in them: RFC 3261 §§12 to 15."""
