"""The engine in Python, on virtual time: the meaning of the compiled one.

A pure machine: datagrams, orders and ``now`` in; datagrams and events out; ``deadline``
says when :meth:`ReferenceEngine.wake` is due. Both engines run the same tests. It is
given the laws of G.711 because the layers of ``engine`` and ``audio`` do not know each
other, and the ciphers of SRTP because those are no business of Python at all.

What it leaves to the compiled engine alone: ICMP errors, batching, bounded memory, and
recordings as files (here :meth:`ReferenceEngine.stop_recording` returns the samples).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

from media.engine.outgoing import Outgoing
from media.engine.plan import (
    FRAME_MS,
    Address,
    PortPlan,
    PortStatistics,
    Secret,
    Sending,
)
from media.engine.port import Companding, Intake, Output, ReferencePort, Send
from media.engine.recording import Recording
from media.rtp.packet import is_rtcp

TICK: Final = FRAME_MS / 1000


class Cipher(Protocol):
    """SRTP and SRTCP in one direction; None: it may not be sent, or was not sealed so."""

    def seal(self, data: bytes, rtcp: bool, /) -> bytes | None: ...
    def open(self, data: bytes, rtcp: bool, /) -> bytes | None: ...


CipherFactory: TypeAlias = Callable[[Secret, bool], Cipher]
"""Of a secret, and whether for what is sent."""


@dataclass(slots=True)
class _Sealed:
    """The ciphers of one port, each kept as long as its secret."""

    seals: tuple[Secret, Cipher] | None = None
    opens: tuple[Secret, Cipher] | None = None


def _no_cipher(secret: Secret, outbound: bool) -> Cipher:
    raise ValueError(f"no cipher for {secret}")


class ReferenceEngine:
    """Ports by number, prompts by number, and one wheel."""

    def __init__(
        self, companding: Companding, make_cipher: CipherFactory = _no_cipher
    ) -> None:
        self._laws = companding
        self._make_cipher = make_cipher
        self._sealed: dict[int, _Sealed] = {}
        self._ports: dict[int, ReferencePort] = {}
        self._due: dict[int, float] = {}
        self._prompts: dict[int, bytes] = {}
        self._loaded = 0
        self._playing: dict[int, dict[int, bytes]] = {}
        self._hears: dict[int, ReferencePort] = {}

    @property
    def deadline(self) -> float | None:
        """When :meth:`wake` must next be called."""
        return min(self._due.values(), default=None)

    def open(self, ssrc: int, sequence: int, timestamp: int, now: float) -> int:
        """Open a port and return its number, the lowest that is free."""
        number = next(i for i in range(len(self._ports) + 1) if i not in self._ports)
        outgoing = Outgoing(ssrc, sequence, timestamp, now)
        self._ports[number] = ReferencePort(number, outgoing, self._laws, now)
        self._sealed[number] = _Sealed()
        self._due[number] = now + TICK
        return number

    def arrange(self, number: int, plan: PortPlan, now: float) -> None:
        """Replace the plan of a port.

        Raises:
            LookupError: it names no port, or prompts that are neither loaded nor played.
            ValueError: it sends from a peer, but names none.

        """
        port = self._port(number)
        if plan.sending is Sending.PEER and plan.peer is None:
            raise ValueError("sending is PEER, but there is no peer")
        peer = None
        if plan.sending is Sending.PEER and plan.peer is not None:
            peer = self._port(plan.peer)
        same = plan.play_epoch == port.plan.play_epoch
        known = (self._playing.get(number, {}) if same else {}) | self._prompts
        missing = [prompt for prompt in plan.prompts if prompt not in known]
        if missing:
            raise LookupError(f"no such prompt: {missing[0]}")
        self._hears.pop(number, None)
        if peer is not None:
            self._hears[number] = peer
        self._playing[number] = {prompt: known[prompt] for prompt in plan.prompts}
        sealed = self._sealed[number]
        sealed.seals = self._renewed(sealed.seals, plan.seals, outbound=True)
        sealed.opens = self._renewed(sealed.opens, plan.opens, outbound=False)
        port.arrange(plan, [known[prompt] for prompt in plan.prompts], now)

    def receive(
        self, number: int, data: bytes, source: Address, now: float, *, rtcp: bool = False
    ) -> list[Output]:
        """Take a datagram that came to a port's RTP or RTCP socket."""
        port = self._port(number)
        sealed = self._sealed[number].opens
        if sealed is not None:
            if not port.considers(source, rtcp=rtcp or is_rtcp(data)):
                return []
            opened = sealed[1].open(data, rtcp or is_rtcp(data))
            if opened is None:
                port.refuse()
                return []
            data = opened
        return self._deliver(number, port.take(data, source, rtcp, now), now)

    def wake(self, now: float) -> list[Output]:
        """Turn the wheel, earliest first."""
        outputs: list[Output] = []
        while (due := self.deadline) is not None and due <= now:
            number = min(self._due, key=self._due.__getitem__)
            self._due[number] = due + TICK
            outputs += self._deliver(number, self._ports[number].tick(due), due)
        return outputs

    def send_digits(self, number: int, digits: str) -> None:
        """Queue keys."""
        self._port(number).keys.push(digits)

    def record(self, number: int, both: bool, now: float) -> None:
        """Keep what is heard, or what is heard and said."""
        self._port(number).recording = Recording(both, now)

    def stop_recording(self, number: int, now: float) -> bytes:
        """Return 16-bit samples, in frames of one or two channels.

        Raises:
            ValueError: the port is not being recorded.

        """
        port = self._port(number)
        recording, port.recording = port.recording, None
        if recording is None:
            raise ValueError(f"port {number} is not being recorded")
        return recording.finish(now)

    def load(self, samples: bytes) -> int:
        """Take a prompt, A-law at 8 kHz, and return its number."""
        self._prompts[self._loaded] = samples
        self._loaded += 1
        return self._loaded - 1

    def unload(self, prompt: int) -> None:
        """Forget a prompt; ports that still play it finish it."""
        if self._prompts.pop(prompt, None) is None:
            raise LookupError(f"no such prompt: {prompt}")

    def statistics(self, number: int) -> PortStatistics:
        """Count what went through."""
        return self._port(number).statistics()

    def leave(self, number: int, now: float) -> list[Output]:
        """Say goodbye for a port, right before it is closed."""
        return self._sealed_all(self._port(number).leave(now))

    def close(self, number: int) -> PortStatistics:
        """Close a port; those that relay it hear nothing more until arranged anew."""
        statistics = self._port(number).statistics()
        del self._ports[number], self._due[number], self._sealed[number]
        self._playing.pop(number, None)
        self._hears.pop(number, None)
        return statistics

    def _port(self, number: int) -> ReferencePort:
        if number not in self._ports:
            raise LookupError(f"no such port: {number}")
        return self._ports[number]

    def _deliver(self, number: int, intake: Intake, now: float) -> list[Output]:
        outputs = list(intake.outputs)
        for listener, heard in self._hears.items():
            if heard is self._ports[number] and (intake.heard or intake.keys):
                outputs += self._ports[listener].relay(number, intake, now)
        return self._sealed_all(outputs)

    def _sealed_all(self, outputs: Iterable[Output]) -> list[Output]:
        return [sent for output in outputs if (sent := self._seal(output)) is not None]

    def _renewed(
        self, before: tuple[Secret, Cipher] | None, secret: Secret | None, *, outbound: bool
    ) -> tuple[Secret, Cipher] | None:
        """The cipher there is, as long as its secret is wanted."""
        if secret is None or (before is not None and before[0] == secret):
            return None if secret is None else before
        return secret, self._make_cipher(secret, outbound)

    def _seal(self, output: Output) -> Output | None:
        """What leaves instead; None: it may not leave."""
        sealed = self._sealed[output.port].seals
        if sealed is None or not isinstance(output, Send):
            return output
        data = sealed[1].seal(output.data, is_rtcp(output.data))
        return None if data is None else replace(output, data=data)
