"""What can be wrong with a message, and the status that says so."""

from b2bua.core.errors import ProtocolError


class MalformedMessage(ProtocolError):
    """The peer sent a message, or a header field, that the grammar does not allow.

    ``reason`` is fit for a reason phrase; ``status`` is what a request of that kind is
    answered with (RFC 3261 §21.4, §21.5). A response of that kind is dropped.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
