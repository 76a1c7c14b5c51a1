"""One call as bytes for the journal, and back."""

from dataclasses import dataclass
from typing import Final

import msgspec

from b2bua.core.errors import B2buaError
from b2bua.service.flow.image import FlowImage
from b2bua.sip.dialog.events import SessionImage


class UnreadableImage(B2buaError):
    """The journal holds an image that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallImage:
    """A call's own state, and the dialogs of its answered legs."""

    flow: FlowImage
    sessions: tuple[SessionImage, ...]


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(CallImage)


def encode(image: CallImage) -> bytes:
    """Write an image as JSON."""
    return _ENCODER.encode(image)


def decode(data: bytes) -> CallImage:
    """Read an image. Raises :class:`UnreadableImage`."""
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise UnreadableImage(str(error)) from error
