"""One line of a session's ladder: what a message is, at a glance."""

from b2bua.sip.message.message import Message, Request


def line_of(message: Message) -> str:
    """Start line and CSeq of a message."""
    if isinstance(message, Request):
        return f"{message.start_line} ({message.cseq.number})"
    return f"{message.start_line} ({message.cseq})"


def line_of_bytes(data: bytes) -> str:
    """The same, of a message that we have written ourselves."""
    head = data[: data.find(b"\r\n\r\n")].decode("utf-8", "surrogateescape")
    start, _, rest = head.partition("\r\n")
    _, _, after = rest.partition("CSeq: ")
    cseq = after.partition("\r\n")[0]
    return (
        f"{start} ({cseq})" if start.startswith("SIP/") else f"{start} ({cseq.split()[0]})"
    )
