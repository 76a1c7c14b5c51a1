"""One call's media: orders in; plans for its ports, and facts, out.

The machine holds what was ordered of each port and derives the whole plan anew after
every change, so no order depends on the one before it having reached the engine. Three
promises, kept in any order of orders: a port that was lent is given back once; a token
is answered by one :class:`Played`; a recording that began is finished.

Names are the protocol's; the engine's numbers come with :meth:`MediaSession.lent`. A
peer that goes away leaves silence behind, before its number may be used again.
"""

from ipaddress import ip_address
from math import isfinite
from typing import Final, TypeAlias

from media.control.messages import (
    Close,
    Closed,
    CloseSession,
    Connect,
    Expired,
    Extend,
    Fact,
    Feed,
    FellSilent,
    FromPort,
    FromPrompts,
    FromSilence,
    Heard,
    Open,
    Opened,
    OpenFailed,
    Played,
    Pressed,
    Record,
    Refused,
    Remote,
    SendDigits,
    Source,
    Statistics,
    StopRecording,
)
from media.engine import plan as engine
from media.session.outputs import (
    Arrange,
    Fetch,
    FinishRecording,
    GiveBack,
    Lend,
    Output,
    PressKeys,
    Say,
    StartRecording,
)
from media.session.port import Port
from media.session.process import Lent, Policy
from media.session.remote import UnfitRemote, far_end

SessionOrder: TypeAlias = (
    Open
    | Connect
    | Feed
    | SendDigits
    | Record
    | StopRecording
    | Close
    | CloseSession
    | Extend
)

KEYS: Final = frozenset("0123456789*#ABCDw")
DIGITS_CAP: Final = 64
PROMPTS_CAP: Final = 64
LIFETIME_CAP: Final = 7 * 86400.0


class MediaSession:
    """Opened by its first :class:`Open`, over with its last port."""

    def __init__(self, name: str, owner: int, policy: Policy) -> None:
        self.owner: int | None = owner
        self.owner_name = ""
        """Who may close it unasked once the owner is gone."""
        self._name = name
        self._policy = policy
        self._ports: dict[str, Port] = {}
        self._expires: float | None = None

    @property
    def deadline(self) -> float | None:
        """When its lifetime ends."""
        return self._expires

    @property
    def over(self) -> bool:
        """No port is left: forget the session."""
        return not self._ports

    @property
    def ports(self) -> tuple[str, ...]:
        """The names of the ports that are open."""
        return tuple(self._ports)

    @property
    def prompts(self) -> set[int]:
        """The engine's numbers of the prompts that a plan still names."""
        return {number for port in self._ports.values() for number in port.prompts}

    def receive(self, order: SessionOrder, now: float) -> list[Output]:
        """Carry out one order of the owner."""
        match order:
            case Open():
                return self._open(order, now)
            case CloseSession():
                return self.close()
            case Extend(lifetime=lifetime):
                return self._extend(lifetime, now)
            case _:
                port = self._ports.get(order.port)
                if port is None:
                    return self._refuse(order.port, "unknown port")
                return self._receive_for(port, order)

    def _receive_for(
        self,
        port: Port,
        order: Connect | Feed | SendDigits | Record | StopRecording | Close,
    ) -> list[Output]:
        match order:
            case Connect(port=name, remote=remote):
                return self._connect(name, port, remote)
            case Feed(port=name, source=source):
                return self._feed(name, port, source)
            case SendDigits(port=name, digits=digits):
                return self._press(name, port, digits)
            case Record():
                return self._record(port, order)
            case StopRecording(port=name):
                return self._stop_recording(name, port)
            case Close(port=name):
                return self._close(name)

    def wake(self, now: float) -> list[Output]:
        """Expire, if it is time."""
        if self._expires is None or now < self._expires:
            return []
        return self.expire()

    def expire(self) -> list[Output]:
        """Give everything back, and say that it was not asked for."""
        return [*self.close(), *self._say(Expired(session=self._name))]

    def close(self) -> list[Output]:
        """Give everything back."""
        self._expires = None
        for port in self._ports.values():
            if isinstance(port.source, FromPort):
                # Needs no rearranging: all are closed before any number is reused.
                port.source = FromSilence()
        return [output for name in list(self._ports) for output in self._close(name)]

    # What the process answers.

    def lent(self, name: str, lent: Lent) -> list[Output]:
        """Take the pair that :class:`Lend` asked for; back it goes if nobody waits."""
        port = self._ports.get(name)
        if port is None or port.number is not None:
            return [GiveBack(session=self._name, port=name, number=lent.number, owner=None)]
        port.number, port.version = lent.number, ip_address(lent.address).version
        opened = Opened(
            session=self._name,
            port=name,
            address=lent.address,
            rtp_port=lent.rtp_port,
            rtcp_port=lent.rtcp_port,
        )
        return [
            *self._say(opened),
            *self._check_far_end(name, port),
            *self._arrange(name),
            *self._arrange_listeners(name),
        ]

    def not_lent(self, name: str, reason: str) -> list[Output]:
        """Hear that there is no pair to be had."""
        port = self._ports.get(name)
        if port is None or port.number is not None:
            return []
        return [*self._forget(name, port), *self._fail(name, reason)]

    def fetched(self, name: str, epoch: int, numbers: tuple[int, ...]) -> list[Output]:
        """Play what :class:`Fetch` asked for, unless it was overtaken."""
        port = self._ports.get(name)
        if port is None or port.token is None or port.play_epoch != epoch:
            return []
        port.prompts = numbers
        return self._arrange(name)

    def not_fetched(self, name: str, epoch: int, reason: str) -> list[Output]:
        """Hear that a prompt cannot be had: the far end hears silence."""
        port = self._ports.get(name)
        if port is None or port.token is None or port.play_epoch != epoch:
            return []
        ended = self._stop_playing(name, port, reason=reason)
        port.source = FromSilence()
        return [*ended, *self._arrange(name)]

    def refuse(self, name: str, reason: str) -> list[Output]:
        """Hear that the engine would not do what the last order asked of it."""
        return self._refuse(name, reason)

    def not_recorded(self, name: str, reason: str) -> list[Output]:
        """Hear that the file could not be made."""
        if (port := self._ports.get(name)) is not None:
            port.recording = None
        return self._refuse(name, reason)

    def hear(self, name: str, event: engine.Event) -> list[Output]:
        """Take what the engine heard at a port."""
        port = self._ports.get(name)
        if port is None:
            return []
        fact: Fact
        match event:
            case engine.Heard():
                fact = Heard(session=self._name, port=name)
            case engine.Pressed(digit=digit, duration_ms=held):
                fact = Pressed(session=self._name, port=name, digit=digit, duration_ms=held)
            case engine.FellSilent():
                seconds = self._policy.silence_after
                fact = FellSilent(session=self._name, port=name, seconds=seconds)
            case engine.Played(play_epoch=epoch):
                return self._played(name, port, epoch)
            case engine.Unreachable():
                # An ICMP error can be forged and can pass; silence tells the same, surely.
                return []
        return self._say(fact)

    # Orders.

    def _open(self, order: Open, now: float) -> list[Output]:
        name = order.port
        if name in self._ports:
            return self._fail(name, "this port is open already")
        if len(self._ports) >= self._policy.ports_per_session:
            return self._fail(name, f"the session has {len(self._ports)} ports already")
        if not _is_lifetime(order.lifetime):
            return self._fail(name, f"a lifetime of {order.lifetime} s")
        self._ports[name] = Port()
        self._expires = now + order.lifetime
        return [Lend(self._name, name, order.family)]

    def _extend(self, lifetime: float, now: float) -> list[Output]:
        if not _is_lifetime(lifetime):
            return self._refuse("", f"a lifetime of {lifetime} s")
        self._expires = now + lifetime
        return []

    def _connect(self, name: str, port: Port, remote: Remote) -> list[Output]:
        try:
            port.far_end = far_end(remote, port.version)
        except UnfitRemote as fault:
            return self._refuse(name, str(fault))
        port.latch_epoch += 1
        return self._arrange(name)

    def _check_far_end(self, name: str, port: Port) -> list[Output]:
        """Let go of a far end that was named before it was known what is lent."""
        rtp = None if port.far_end is None else port.far_end.rtp
        if rtp is None or ip_address(rtp[0]).version == port.version:
            return []
        port.far_end = None
        return self._refuse(name, f"address {rtp[0]} is not of IPv{port.version}")

    def _feed(self, name: str, port: Port, source: Source) -> list[Output]:
        match source:
            case FromPort(port=peer) if peer == name:
                return self._refuse(name, "a port cannot hear itself")
            case FromPort(port=peer) if peer not in self._ports:
                return self._refuse(name, f"there is no port {peer!r} to hear")
            case FromPrompts(prompts=prompts) if not 0 < len(prompts) <= PROMPTS_CAP:
                return self._refuse(name, f"{len(prompts)} prompts")
            case FromPrompts(prompts=prompts, token=token):
                ended = self._stop_playing(name, port)
                port.source, port.token = source, token
                port.play_epoch += 1
                fetch = Fetch(
                    session=self._name, port=name, epoch=port.play_epoch, prompts=prompts
                )
                return [*ended, fetch]
            case _:
                ended = self._stop_playing(name, port)
                port.source = source
                return [*ended, *self._arrange(name)]

    def _press(self, name: str, port: Port, digits: str) -> list[Output]:
        if not digits or len(digits) > DIGITS_CAP or not KEYS.issuperset(digits):
            return self._refuse(name, f"digits {digits[:DIGITS_CAP]!r}")
        if port.number is None or port.far_end is None:
            return self._refuse(name, "digits before the port is connected")
        return [PressKeys(session=self._name, port=name, number=port.number, digits=digits)]

    def _record(self, port: Port, order: Record) -> list[Output]:
        if port.recording is not None:
            return self._refuse(order.port, "it is being recorded already")
        if not order.path.startswith("/") or "\0" in order.path:
            return self._refuse(order.port, "the path of a recording must be absolute")
        if port.number is None:
            return self._refuse(order.port, "it is not open yet")
        port.recording = order.path
        return [
            StartRecording(
                session=self._name,
                port=order.port,
                number=port.number,
                path=order.path,
                both=order.both,
            )
        ]

    def _stop_recording(self, name: str, port: Port) -> list[Output]:
        if port.recording is None:
            return self._refuse(name, "it is not being recorded")
        return self._finish(name, port)

    # Steps.

    def _arrange(self, name: str) -> list[Output]:
        """Tell the engine the port's plan, if it has changed."""
        port = self._ports[name]
        peer = None
        if isinstance(port.source, FromPort):
            peer = self._ports[port.source.port].number
        silence_after_ms = round(self._policy.silence_after * 1000)
        plan = port.plan(peer=peer, silence_after_ms=silence_after_ms)
        if port.number is None or plan == port.arranged:
            return []
        port.arranged = plan
        return [Arrange(port.number, plan)]

    def _arrange_listeners(self, name: str) -> list[Output]:
        """Rearrange the ports that hear this one."""
        return [
            output
            for listener in self._listeners(name)
            for output in self._arrange(listener)
        ]

    def _listeners(self, name: str) -> list[str]:
        return [
            other for other, port in self._ports.items() if port.source == FromPort(name)
        ]

    def _played(self, name: str, port: Port, epoch: int) -> list[Output]:
        """Leave silence after the prompts that ended, if they are still those playing."""
        if port.token is None or epoch != port.play_epoch:
            return []
        ended = self._stop_playing(name, port, completed=True)
        port.source = FromSilence()
        return [*ended, *self._arrange(name)]

    def _stop_playing(
        self, name: str, port: Port, *, completed: bool = False, reason: str = ""
    ) -> list[Output]:
        """Forget the prompts, and answer their token if they had not ended."""
        token, port.token, port.prompts = port.token, None, ()
        if token is None:
            return []
        return self._say(
            Played(
                session=self._name,
                port=name,
                token=token,
                completed=completed,
                reason=reason,
            )
        )

    def _finish(self, name: str, port: Port) -> list[Output]:
        path, port.recording = port.recording, None
        if path is None or port.number is None:
            return []
        return [
            FinishRecording(
                session=self._name,
                port=name,
                number=port.number,
                path=path,
                owner=self.owner,
            )
        ]

    def _close(self, name: str) -> list[Output]:
        port = self._ports[name]
        outputs = [*self._forget(name, port), *self._finish(name, port)]
        if port.number is None:
            nothing = Closed(session=self._name, port=name, statistics=Statistics())
            return [*outputs, *self._say(nothing)]
        back = GiveBack(session=self._name, port=name, number=port.number, owner=self.owner)
        return [*outputs, back]

    def _forget(self, name: str, port: Port) -> list[Output]:
        """End what is played to it, and leave silence to those who hear it."""
        outputs = self._stop_playing(name, port)
        for listener in self._listeners(name):
            self._ports[listener].source = FromSilence()
            outputs += self._arrange(listener)
        del self._ports[name]
        return outputs

    def _fail(self, name: str, reason: str) -> list[Output]:
        return self._say(OpenFailed(session=self._name, port=name, reason=reason))

    def _refuse(self, name: str, reason: str) -> list[Output]:
        return self._say(Refused(session=self._name, port=name, reason=reason))

    def _say(self, fact: Fact) -> list[Output]:
        return [] if self.owner is None else [Say(self.owner, fact)]


def _is_lifetime(seconds: float) -> bool:
    return isfinite(seconds) and 0 < seconds <= LIFETIME_CAP
