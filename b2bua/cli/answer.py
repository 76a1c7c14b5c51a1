"""``b2bua answer``: a destination on the command line.

It answers every call that comes, or refuses it, plays a file or a tone, and prints what
happens and which keys are pressed.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from b2bua.app.softphone import SENT, Softphone, Tls, softphone
from b2bua.call.caller import CallerLeg
from b2bua.call.events import (
    AudioLost,
    Ended,
    LegFact,
    Measured,
    NoAudio,
    Pressed,
    Ready,
    Spoke,
)
from b2bua.call.media import CallId, HearPrompts, LegId, PressKeys, RecordLeg
from b2bua.core.address import Address
from b2bua.sip.dialog import events as sip

Q850_OF: Final = {486: 17, 600: 17, 603: 21, 480: 19, 408: 18, 404: 1}
"""The cause that goes with a refusal (ITU-T Q.850)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOptions:
    """What the command line asked for."""

    listen: Address
    after: float
    status: int
    """200 to answer; else what every call is refused with; 0 to ring for ever."""
    send: Path | None
    tone: int
    record: Path | None
    seconds: float
    """Hang up after so long; 0: leave it to the caller."""
    calls: int
    """End after so many; 0: never."""
    tls: Tls = Tls()
    keys: str = ""
    """Pressed once answered; ``w`` waits a second."""


async def answer(options: AnswerOptions, say: Callable[[str], None]) -> None:
    """Answer calls until there were enough. Raises :class:`SoftphoneFailed`."""
    async with softphone(
        options.listen,
        send=options.send,
        tone=options.tone,
        tls=options.tls,
    ) as phone:
        host, port = options.listen
        say(f"answering on {host}:{port} with {options.status or 180}")
        await _Desk(phone, options, say).run()


@dataclass(slots=True)
class _Desk:
    """Every call of one destination."""

    phone: Softphone
    options: AnswerOptions
    say: Callable[[str], None]
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    began: dict[LegId, float] = field(default_factory=dict)
    taken: int = 0
    over: int = 0

    async def run(self) -> None:
        try:
            while not self.options.calls or self.over < self.options.calls:
                fact = await self.phone.facts.get()
                if isinstance(fact, sip.Invited):
                    self._invited(fact)
                else:
                    self._happened(fact)
        finally:
            for task in self.tasks:
                task.cancel()

    def _invited(self, invited: sip.Invited) -> None:
        self.taken += 1
        invitation = invited.invitation
        leg = LegId(invited.session)
        self.began[leg] = time.monotonic()
        who = invitation.from_user or "an anonymous caller"
        self._tell(leg, f"call from {who} to {invitation.request_user}")
        self.phone.take(invited)

    def _happened(self, fact: LegFact) -> None:
        leg = None if isinstance(fact, AudioLost) else self.phone.line.legs.get(fact.leg)
        if not isinstance(leg, CallerLeg):
            return
        match fact:
            case Ready():
                self.phone.do(leg.ring())
                if self.options.status:
                    self._later(self.options.after, lambda: self._decide(leg))
            case NoAudio(_, status, why):
                self._tell(leg.leg, why)
                self.phone.do([*leg.end(status, ()), *leg.audio.close()])
            case Spoke():
                self._tell(leg.leg, "hearing the caller")
            case Pressed(_, digit, _):
                self._tell(leg.leg, f"the caller pressed {digit}")
            case Ended(release=release):
                self._tell(leg.leg, f"ended: {release.value}")
                self.phone.do(leg.audio.close())
            case Measured(_, quality):
                received, lost = quality.packets_received, quality.packets_lost
                self._tell(leg.leg, f"received {received} packets, lost {lost}")
                self.phone.line.forget(leg.leg)
                self.began.pop(leg.leg)
                self.over += 1
            case _:
                pass

    def _decide(self, leg: CallerLeg) -> None:
        if leg.over:
            return
        status = self.options.status
        if status != 200:
            self._tell(leg.leg, f"refusing with {status}")
            q850 = Q850_OF.get(status, 0)
            causes = (sip.Cause("Q.850", q850),) if q850 else ()
            self.phone.do([*leg.end(status, causes), *leg.audio.close()])
            return
        self._tell(leg.leg, "answering")
        self.phone.do([*leg.answer(), *leg.hear(self._hearing())])
        if self.options.record is not None:
            path = str(self._recording(self.options.record).absolute())
            self.phone.order(RecordLeg(call=CallId(leg.leg), leg=leg.leg, path=path))
        if self.options.keys:
            self._tell(leg.leg, f"pressing {self.options.keys}")
            self.phone.order(
                PressKeys(call=CallId(leg.leg), leg=leg.leg, digits=self.options.keys)
            )
        if self.options.seconds:
            self._later(self.options.seconds, lambda: self._hang_up(leg))

    def _hang_up(self, leg: CallerLeg) -> None:
        if not leg.over:
            self._tell(leg.leg, "hanging up")
            self.phone.do([*leg.end(480, ()), *leg.audio.close()])

    def _hearing(self) -> HearPrompts:
        return HearPrompts(prompts=(SENT,), repeat=self.options.send is None)

    def _recording(self, path: Path) -> Path:
        """The file as named for the first call, numbered for the others."""
        if self.taken == 1:
            return path
        return path.with_stem(f"{path.stem}-{self.taken}")

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            act()

        task = asyncio.get_running_loop().create_task(wait())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _tell(self, leg: LegId, text: str) -> None:
        self.say(f"{leg[:4]} {time.monotonic() - self.began[leg]:6.2f} s  {text}")
