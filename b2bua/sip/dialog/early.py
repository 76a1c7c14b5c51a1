"""Early media as the network allows it: P-Early-Media, RFC 5009.

The header is of trusted networks alone (§6). A direction is of whoever writes it, as in a
description: one who sends asks that the caller hear early media.
"""

from typing import Final

from b2bua.sip.message.message import Request, Response

SUPPORTED: Final = ("P-Early-Media", "supported")
"""In our INVITE: we heed the header (§4)."""
ANNOUNCES: Final = ("P-Early-Media", "sendonly")
"""In a provisional response of ours with a description: greetings and tones follow."""

_HEARD: Final = {"sendrecv": True, "sendonly": True, "recvonly": False, "inactive": False}


def asks(invite: Request) -> bool:
    """Whether its sender waits to be told that early media may be heard."""
    return "supported" in invite.early_media


def authorization(response: Response) -> bool | None:
    """Whether early media may be heard; None if the response does not say.

    The first direction is that of the first stream, the only one that we have (§8); other
    words, as ``gated``, say nothing of it.
    """
    said = (_HEARD[word] for word in response.early_media if word in _HEARD)
    return next(said, None)
