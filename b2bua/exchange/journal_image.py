"""One call as bytes for the journal, and back.

What another version wrote, or a damaged disk gave, may not be readable. Then whatever
part of it can be read is: the dossier for the record, each dialog for its BYE.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from b2bua.core.errors import B2buaError
from b2bua.service.flow.dossier import Dossier
from b2bua.service.flow.image import FlowImage
from b2bua.sip.dialog.events import SessionImage
from b2bua.sip.endpoint.outputs import Transmit

Value = TypeVar("Value")


class UnreadableImage(B2buaError):
    """The journal holds an image that this version cannot read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallImage:
    """A call's own state, and the dialogs of its answered legs."""

    flow: FlowImage
    sessions: tuple[SessionImage, ...]
    farewell: Transmit | None = None
    """What the caller is owed who was not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What can be read of an image that cannot be read as a whole."""

    dossier: Dossier | None
    phase: str
    admitted: bool
    sessions: tuple[SessionImage, ...]
    farewell: Transmit | None


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


def remains_of(data: bytes) -> Remains:
    """Read as much as can be read."""
    try:
        whole = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        whole = None
    image: dict[str, Any] = whole if isinstance(whole, dict) else {}
    flow, sessions = image.get("flow"), image.get("sessions")
    parts = flow if isinstance(flow, dict) else {}
    dialogs = sessions if isinstance(sessions, list) else []
    read = (_read(dialog, SessionImage) for dialog in dialogs)
    return Remains(
        dossier=_read(parts.get("dossier"), Dossier),
        phase=str(parts.get("phase", "unknown")),
        admitted=parts.get("admitted") is not False,
        sessions=tuple(session for session in read if session is not None),
        farewell=_read(image.get("farewell"), Transmit),
    )


def _read(part: object, kind: type[Value]) -> Value | None:
    try:
        return msgspec.convert(part, kind)
    except msgspec.MsgspecError:
        return None
