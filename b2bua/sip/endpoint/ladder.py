"""One line of a session's ladder: what a message is, at a glance.

A request whose body puts the other side on hold says so: ``INVITE sip:a@b SIP/2.0
(2;sendonly)`` (RFC 3264 §8.4). No other part of a body is told.
"""

import re
from typing import Final

from b2bua.sip.message.message import Message, Request

HOLDS: Final = re.compile(rb"^a=(sendonly|inactive)\r?$", re.MULTILINE)


def line_of(message: Message) -> str:
    """Start line and CSeq of a message."""
    if isinstance(message, Request):
        return f"{message.start_line} ({message.cseq.number}{_held(message.body)})"
    return f"{message.start_line} ({message.cseq})"


def line_of_bytes(data: bytes) -> str:
    """The same, of a message that we have written ourselves."""
    head, _, body = data.partition(b"\r\n\r\n")
    start = head[: head.find(b"\r\n")].decode("utf-8", "surrogateescape")
    begin = head.find(b"\r\nCSeq: ") + len(b"\r\nCSeq: ")
    end = head.find(b"\r\n", begin)
    cseq = head[begin : end if end >= 0 else None].decode("ascii", "replace")
    if start.startswith("SIP/"):
        return f"{start} ({cseq})"
    return f"{start} ({cseq.partition(' ')[0]}{_held(body)})"


def _held(body: bytes) -> str:
    found = HOLDS.search(body)
    return f";{found[1].decode()}" if found else ""
