"""Messages to bytes: the only place where a message of ours gets its line ends.

Content-Length is computed here, whatever the headers say. CR, LF and NUL in any value are
our own error: nothing that came from the network may make a new line (robustness: header
smuggling).
"""

from b2bua.core.errors import InvalidState
from b2bua.sip.message.message import Request, Response


def serialize(message: Request | Response) -> bytes:
    """The bytes of a message. Raises :class:`InvalidState` on CR, LF or NUL in the head."""
    lines = [message.start_line]
    lines += [
        f"{name}: {value}" for name, value in message.headers if name != "Content-Length"
    ]
    lines.append(f"Content-Length: {len(message.body)}\r\n\r\n")
    head = "\r\n".join(lines)
    breaks = len(lines) + 1
    if head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        raise InvalidState(f"CR, LF or NUL in {message!r}")
    return head.encode("utf-8", "surrogateescape") + message.body
