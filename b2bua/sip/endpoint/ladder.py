"""One line of a session's ladder: what a message is, at a glance."""

from b2bua.sip.message.message import Message, Request


def line_of(message: Message) -> str:
    """Start line and CSeq of a message."""
    if isinstance(message, Request):
        return f"{message.start_line} ({message.cseq.number})"
    return f"{message.start_line} ({message.cseq})"


def line_of_bytes(data: bytes) -> str:
    """The same, of a message that we have written ourselves."""
    start = data[: data.find(b"\r\n")].decode("utf-8", "surrogateescape")
    begin = data.find(b"\r\nCSeq: ") + len(b"\r\nCSeq: ")
    cseq = data[begin : data.find(b"\r\n", begin)].decode("ascii", "replace")
    return f"{start} ({cseq if start.startswith('SIP/') else cseq.partition(' ')[0]})"
