"""What can be wrong with a description."""

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
