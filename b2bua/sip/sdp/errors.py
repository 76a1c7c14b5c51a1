"""What can be wrong with a description, or with the moment it came."""

from b2bua.core.errors import ProtocolError


class MalformedDescription(ProtocolError):
    """A body that is no session description, or one beyond what we read.

    ``status`` answers the request that carried it: 400 if it is wrong, 488 if it is only
    not for us.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class UnexpectedDescription(ProtocolError):
    """A description that the offer/answer model does not allow now (RFC 6337 §2.3).

    ``status``: 491 when our own offer is pending, 500 when an earlier one of theirs is
    (RFC 3261 §14.2), 400 for an answer to nothing.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
