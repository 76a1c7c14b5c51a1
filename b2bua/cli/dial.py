"""``b2bua dial``: a caller on the command line.

It does what a person does: waits until somebody has spoken and pauses, presses the keys,
listens, and hangs up. Every step is printed.
"""

import asyncio
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from b2bua.app.softphone import (
    SENT,
    Softphone,
    SoftphoneFailed,
    Tls,
    free_address,
    softphone,
)
from b2bua.call.destination import DestinationLeg
from b2bua.call.events import (
    Answered,
    Ended,
    Failed,
    Measured,
    Pressed,
    Rang,
    Spoke,
)
from b2bua.call.media import (
    CallId,
    HearPrompts,
    HearSilence,
    LegId,
    PressKeys,
    Quality,
    RecordLeg,
)
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.target import default_port, default_transport, question_of

RING_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 1.0
"""So long must the far end be quiet, after it spoke, before the keys are pressed."""
LONGEST_SPEECH: Final = 30.0
"""Seconds after which the keys are pressed even if the far end never pauses."""
LOUD: Final = 300
"""Mean absolute sample above which somebody is speaking; A-law silence is below 10."""
POLL: Final = 0.1
SAMPLE_RATE: Final = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOptions:
    """What the command line asked for."""

    uri: str
    caller: str
    send: Path | None
    keys: str
    record: Path | None
    seconds: float
    tls: Tls = Tls()


async def dial(options: DialOptions, say: Callable[[str], None]) -> bool:
    """Place one call; True if it was answered. Raises :class:`SoftphoneFailed`."""
    uri = _uri(options.uri)
    question = question_of(uri)
    port = uri.port or default_port(default_transport(question))
    local = free_address((uri.host, port))
    next_hop = f"{uri.scheme}:{options.uri.partition('@')[2]}"
    async with softphone(
        local, next_hops=(next_hop,), send=options.send, tls=options.tls
    ) as phone:
        leg = phone.dial(uri.user, options.caller, RING_SECONDS)
        return await _Conversation(phone, leg, options, say).run()


class _Conversation:
    """One call, from dialling to the last fact about it."""

    def __init__(
        self,
        phone: Softphone,
        leg: LegId,
        options: DialOptions,
        say: Callable[[str], None],
    ) -> None:
        self._phone = phone
        self._leg = leg
        self._call = CallId(leg)
        self._options = options
        self._say = say
        self._began = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard = options.record or phone.home / "heard.wav"
        self._answered = False

    async def run(self) -> bool:
        """Follow the call to its end."""
        self._tell(f"calling {self._options.uri} from {self._options.caller}")
        record = RecordLeg(call=self._call, leg=self._leg, path=str(self._heard.absolute()))
        recording = False
        try:
            while True:
                fact = await self._phone.facts.get()
                if not recording and self._port_is_open():
                    recording = True
                    self._phone.order(record)
                match fact:
                    case Rang(_, audio):
                        self._tell("early media" if audio else "ringing")
                    case Spoke():
                        self._tell("hearing audio")
                    case Answered():
                        self._answer()
                    case Pressed(_, digit, _):
                        self._tell(f"the far end pressed {digit}")
                    case Failed(status=status, verdict=verdict, q850=q850):
                        cause = f", Q.850 {q850}" if q850 else ""
                        self._tell(f"not answered: {verdict.value}, {status}{cause}")
                        if not self._port_is_open():
                            return False
                        self._phone.do(self._dialled().audio.close())
                    case Ended(release=release):
                        self._tell(f"ended: {release.value}")
                        self._phone.do(self._dialled().audio.close())
                    case Measured(_, quality):
                        self._report(quality)
                        return self._answered
                    case _:
                        pass
        except asyncio.CancelledError:
            self._leave()
            raise
        finally:
            for task in self._tasks:
                task.cancel()

    def _leave(self) -> None:
        """Hang up, as whoever stops the program expects."""
        dialled = self._dialled()
        self._phone.do(dialled.hang_up() if self._answered else dialled.give_up())

    def _answer(self) -> None:
        self._answered = True
        self._tell("answered")
        loop = asyncio.get_running_loop()
        dialled = self._dialled()
        if self._options.send is not None:
            self._phone.do(dialled.hear(HearPrompts(prompts=(SENT,))))
        else:
            self._phone.do(dialled.hear(HearSilence()))
        if self._options.keys:
            self._tasks.append(loop.create_task(self._press()))
        self._tasks.append(loop.create_task(self._hang_up()))

    async def _press(self) -> None:
        """Wait for a pause of the far end, then press."""
        await _pause(self._heard)
        self._tell(f"pressing {self._options.keys}")
        self._phone.order(
            PressKeys(call=self._call, leg=self._leg, digits=self._options.keys)
        )

    async def _hang_up(self) -> None:
        await asyncio.sleep(self._options.seconds)
        self._tell("hanging up")
        dialled = self._dialled()
        self._phone.do([*dialled.hang_up(), *dialled.audio.close()])

    def _port_is_open(self) -> bool:
        return self._dialled().audio.ready

    def _dialled(self) -> DestinationLeg:
        leg = self._phone.line.legs[self._leg]
        assert isinstance(leg, DestinationLeg)
        return leg

    def _report(self, quality: Quality) -> None:
        mos = "" if quality.mos is None else f", MOS {quality.mos:.1f}"
        self._tell(
            f"received {quality.packets_received} packets, lost {quality.packets_lost}, "
            f"sent {quality.packets_sent}, jitter {quality.jitter_ms:.1f} ms{mos}"
        )
        if self._options.record is not None:
            self._tell(f"recorded {self._options.record}")

    def _tell(self, text: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.2f} s  {text}")


async def _pause(recording: Path) -> None:
    """Return when the far end has spoken and pauses, or has spoken for too long."""
    spoke = False
    end = time.monotonic() + LONGEST_SPEECH
    while time.monotonic() < end:
        await asyncio.sleep(POLL)
        samples = _last(recording, PAUSE_SECONDS)
        loud = bool(samples) and sum(map(abs, samples)) > LOUD * len(samples) * 0.1
        if spoke and not loud and len(samples) >= PAUSE_SECONDS * SAMPLE_RATE:
            return
        spoke = spoke or loud


def _last(recording: Path, seconds: float) -> "array[int]":
    """The last samples that were written so far; none while the file is not there."""
    wanted = int(seconds * SAMPLE_RATE) * 2
    samples = array("h")
    with suppress(FileNotFoundError), recording.open("rb") as file:
        size = file.seek(0, 2)
        begin = max(44, size - wanted) & ~1
        file.seek(begin)
        data = file.read(wanted)
        samples.frombytes(data[: len(data) & ~1])
    return samples


def _uri(text: str) -> SipUri:
    try:
        uri = parse_uri(text)
    except MalformedMessage as error:
        raise SoftphoneFailed(
            f"{text}: {error.reason}; write sip:NUMBER@HOST:PORT"
        ) from error
    if not isinstance(uri, SipUri) or not uri.user:
        raise SoftphoneFailed(f"{text}: write sip:NUMBER@HOST:PORT")
    return uri
