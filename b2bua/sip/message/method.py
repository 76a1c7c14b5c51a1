"""Method names and what each may do (RFC 3261 §7.1 and its extensions)."""

from typing import Final

METHODS: Final = frozenset(
    [
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "REGISTER",
        "PRACK",
        "UPDATE",
        "INFO",
        "REFER",
        "NOTIFY",
        "SUBSCRIBE",
        "MESSAGE",
        "PUBLISH",
    ]
)
"""Every registered method, by its exact spelling: methods are case-sensitive."""

CREATES_DIALOG: Final = frozenset({"INVITE", "SUBSCRIBE", "REFER"})
"""Methods whose success can create a dialog (RFC 3261 §12.1, RFC 6665, RFC 3515)."""

CARRIES_CONTACT: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "REFER", "NOTIFY"})
"""Methods that need a Contact (RFC 3261 §8.1.1.8) and refresh the remote target."""
