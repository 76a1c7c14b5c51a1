"""What is kept of a call's sound: the talk, and a message that was left.

Files are named after the call and lie in one directory of the node. The dossier names a
file from the moment it is asked for, so that the record of a call that breaks off names
it too; its length is known once the media process says that it is complete.
"""

from pathlib import PurePosixPath
from typing import Final

from b2bua.call.call import Call
from b2bua.call.events import Recorded
from b2bua.call.leg import LegOutput
from b2bua.call.media import LegId, RecordLeg, StopRecording
from b2bua.service.flow.dossier import Dossier
from b2bua.service.plan import Legs

TALK: Final = ".wav"
MESSAGE: Final = "-message.wav"
"""How the names of files end, after the call's own name."""


class Tape:
    """The recordings of one call."""

    def __init__(self, call: Call, dossier: Dossier, directory: str) -> None:
        """``directory`` is absolute; empty: this node cannot record."""
        self._call = call
        self._dossier = dossier
        self._directory = directory

    @property
    def ready(self) -> bool:
        """Whether there is a place for recordings."""
        return bool(self._directory)

    def talk(self, legs: Legs) -> list[LegOutput]:
        """Record the talk from now on."""
        destination = self._call.destination
        if not self._directory or destination is None:
            return []
        self._dossier.recording = self._dossier.id + TALK
        path = self._path(self._dossier.recording)
        # At the caller's port: what the caller says, and what the caller hears.
        of = destination.leg if legs is Legs.DESTINATION else self._call.caller.leg
        return [self._record(of, path, both=legs is Legs.BOTH)]

    def message(self) -> list[LegOutput]:
        """Record what the caller says from now on."""
        self._dossier.voicemail = self._dossier.id + MESSAGE
        path = self._path(self._dossier.voicemail)
        return [self._record(self._call.caller.leg, path, both=False)]

    def stop_talk(self, legs: Legs) -> list[LegOutput]:
        """Record no more of the talk."""
        destination = self._call.destination
        if not self._dossier.recording or destination is None:
            return []
        of = destination.leg if legs is Legs.DESTINATION else self._call.caller.leg
        return [StopRecording(call=self._call.id, leg=of)]

    def stop(self) -> list[LegOutput]:
        """Record no more of the caller."""
        return [StopRecording(call=self._call.id, leg=self._call.caller.leg)]

    def recorded(self, fact: Recorded) -> None:
        """Note how long a recording has become."""
        name = PurePosixPath(fact.path).name
        if name == self._dossier.voicemail:
            self._dossier.voicemail_ms = fact.milliseconds
        elif name == self._dossier.recording:
            self._dossier.recording_ms = fact.milliseconds

    def refused(self, why: str) -> bool:
        """Forget a file that could not be made; False if ``why`` is about none."""
        dossier = self._dossier
        if dossier.voicemail and self._path(dossier.voicemail) in why:
            dossier.voicemail = ""
            return True
        if dossier.recording and self._path(dossier.recording) in why:
            dossier.recording = ""
            return True
        return False

    def _path(self, name: str) -> str:
        return f"{self._directory}/{name}"

    def _record(self, leg: LegId, path: str, *, both: bool) -> RecordLeg:
        return RecordLeg(call=self._call.id, leg=leg, path=path, both=both)
