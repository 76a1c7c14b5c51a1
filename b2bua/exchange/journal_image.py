"""One call as bytes for the journal, and back.

The descriptions of a dialog that are those of its leg's audio are written once, with the
leg. What another version wrote, or a damaged disk gave, may not be readable. Then whatever
part of it can be read is: the dossier for the record, each dialog for its BYE.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from b2bua.call.audio import AudioImage
from b2bua.core.errors import B2buaError
from b2bua.service.flow.dossier import Dossier
from b2bua.service.flow.image import FlowImage
from b2bua.sip.dialog.events import SessionId, SessionImage
from b2bua.sip.endpoint.outputs import Heard, Transmit

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
    withdrawals: tuple[Transmit, ...] = ()
    """The CANCELs of destinations that were invited."""
    unheeded: Heard | None = None
    """The INVITE, from before the caller was told anything and anybody was chosen."""


class _Written(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is written of a :class:`CallImage`."""

    flow: FlowImage
    sessions: tuple[SessionImage, ...]
    farewell: Transmit | None = None
    withdrawals: tuple[Transmit, ...] = ()
    unheeded: Heard | None = None
    shared: tuple[SessionId, ...] = ()
    """Sessions without descriptions, because they have those of their leg's audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What can be read of an image that cannot be read as a whole."""

    dossier: Dossier | None
    phase: str
    admitted: bool
    sessions: tuple[SessionImage, ...]
    goodbyes: tuple[Transmit, ...]
    """To the caller who was not answered, and to destinations that ring."""


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Written)


def encode(image: CallImage) -> bytes:
    """Write an image as JSON."""
    audios = _audios(image.flow)
    sessions = tuple(_without(one, audios.get(one.session)) for one in image.sessions)
    kept = zip(image.sessions, sessions, strict=True)
    shared = tuple(one.session for one, written in kept if one is not written)
    return _ENCODER.encode(
        _Written(
            flow=image.flow,
            sessions=sessions,
            farewell=image.farewell,
            withdrawals=image.withdrawals,
            unheeded=image.unheeded,
            shared=shared,
        )
    )


def decode(data: bytes) -> CallImage:
    """Read an image. Raises :class:`UnreadableImage`."""
    try:
        written = _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise UnreadableImage(str(error)) from error
    audios = {
        session: audio
        for session, audio in _audios(written.flow).items()
        if session in written.shared
    }
    sessions = (_with(one, audios.get(one.session)) for one in written.sessions)
    return CallImage(
        flow=written.flow,
        sessions=tuple(sessions),
        farewell=written.farewell,
        withdrawals=written.withdrawals,
        unheeded=written.unheeded,
    )


def _audios(flow: FlowImage) -> dict[SessionId, AudioImage]:
    talk = flow.talk
    if talk is None:
        return {}
    return {
        talk.caller: talk.caller_audio,
        talk.destination: talk.destination_audio,
    }


def _without(session: SessionImage, audio: AudioImage | None) -> SessionImage:
    """The session without its descriptions, if ``audio`` has both."""
    if (
        audio is None
        or session.local_description != audio.local
        or session.remote_description != audio.remote
    ):
        return session
    return replace(session, local_description=None, remote_description=None)


def _with(session: SessionImage, audio: AudioImage | None) -> SessionImage:
    """The reverse of :func:`_without`."""
    if audio is None:
        return session
    return replace(session, local_description=audio.local, remote_description=audio.remote)


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
    cancels = image.get("withdrawals")
    goodbyes = [image.get("farewell"), *(cancels if isinstance(cancels, list) else [])]
    said = (_read(goodbye, Transmit) for goodbye in goodbyes)
    read = (_read(dialog, SessionImage) for dialog in dialogs)
    return Remains(
        dossier=_read(parts.get("dossier"), Dossier),
        phase=str(parts.get("phase", "unknown")),
        admitted=parts.get("admitted") is not False,
        sessions=tuple(session for session in read if session is not None),
        goodbyes=tuple(goodbye for goodbye in said if goodbye is not None),
    )


def _read(part: object, kind: type[Value]) -> Value | None:
    try:
        return msgspec.convert(part, kind)
    except msgspec.MsgspecError:
        return None
