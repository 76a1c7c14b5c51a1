"""One port of the reference engine: datagrams in, what others may relay and events out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from media.dtmf.events import (
    TONE_TICKS,
    EventReceiver,
    KeySender,
    OneDigit,
    Patience,
    Press,
    Way,
    build_event,
    parse_event,
)
from media.dtmf.tones import ToneReceiver, tone_samples
from media.engine.latch import Latch
from media.engine.outgoing import Numbers, Outgoing, samples_between
from media.engine.plan import (
    FRAME_SAMPLES,
    Address,
    Codec,
    Event,
    FellSilent,
    Heard,
    Played,
    PortPlan,
    PortStatistics,
    Pressed,
    Sending,
)
from media.engine.recording import Recording
from media.engine.reports import Reports
from media.rtp.packet import Packet, build_packet, is_rtcp, parse_packet
from media.rtp.sequence import Reception

SILENCE: Final = {Codec.PCMA: b"\xd5", Codec.PCMU: b"\xff"}


class Companding(Protocol):
    """The two laws, as :mod:`media.audio.g711` has them."""

    def alaw_to_ulaw(self, codes: bytes, /) -> bytes: ...
    def ulaw_to_alaw(self, codes: bytes, /) -> bytes: ...
    def decode_alaw(self, codes: bytes, /) -> bytes: ...
    def decode_ulaw(self, codes: bytes, /) -> bytes: ...
    def encode_alaw(self, samples: bytes, /) -> bytes: ...
    def encode_ulaw(self, samples: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a datagram from one of the two sockets of ``port``."""

    port: int
    data: bytes
    destination: Address
    from_rtcp: bool = False


Output: TypeAlias = Send | Event


@dataclass(frozen=True, slots=True)
class Audio:
    """A packet that was accepted, in its law; None: a telephone-event."""

    packet: Packet
    codec: Codec | None


@dataclass(slots=True)
class Intake:
    """What came of one input: for Python, and for the ports that relay this one."""

    outputs: list[Output] = field(default_factory=list)
    heard: list[Audio] = field(default_factory=list)
    keys: str = ""


class ReferencePort:
    """The state beside the plan: what must survive its change."""

    def __init__(
        self, number: int, outgoing: Outgoing, companding: Companding, now: float
    ) -> None:
        self.number = number
        self.plan = PortPlan()
        self.keys = KeySender()
        self.recording: Recording | None = None
        self._laws = companding
        self._planned = False
        self._latch = Latch()
        self._out = outgoing
        self._reception = Reception()
        self._reports = Reports(outgoing, self._reception, now)
        self._events = EventReceiver()
        self._tones = ToneReceiver()
        self._one_digit = OneDigit()
        self._patience = Patience()
        self._events_heard = self._was_heard = self._silent = False
        self._collided = False
        self._last_arrival = now
        self._samples = b""
        self._played_to = 0
        self._played = False
        self._key_timestamp = 0
        self._counts = dict.fromkeys(_COUNTED, 0)

    def arrange(self, plan: PortPlan, prompts: Sequence[bytes], now: float) -> None:
        """Replace the plan; ``prompts`` are the samples that it names."""
        old, first = self.plan, not self._planned
        unlocks = first or plan.latch_epoch > old.latch_epoch
        if unlocks:
            self._latch = Latch()
            self._was_heard = self._events_heard = self._collided = False
        if (
            unlocks
            or (plan.silence_after_ms and not old.silence_after_ms)
            or (plan.receives and not old.receives)
        ):
            self._silent = False
            self._last_arrival = now
        if first or plan.play_epoch != old.play_epoch:
            self._played_to, self._played = 0, False
        self._samples = b"".join(prompts)
        self.plan = plan
        self._planned = True

    def considers(self, source: Address, *, rtcp: bool) -> bool:
        """Whether anything from there may be taken; what may not is counted."""
        if rtcp:
            known = self._knows_reporter(source)
        else:
            known = self._latch.considers(self.plan, source)
        if not known:
            self._counts["packets_foreign"] += 1
            self._counts["packets_dropped"] += 1
        return known

    def refuse(self) -> None:
        """Count a datagram that was not sealed as the plan wants it."""
        self._counts["packets_unauthentic"] += 1
        self._counts["packets_dropped"] += 1

    def take(self, data: bytes, source: Address, rtcp_socket: bool, now: float) -> Intake:
        """Take a datagram."""
        if rtcp_socket or is_rtcp(data):
            return self._take_report(data, source, now)
        packet = parse_packet(data)
        if packet is None:
            self._counts["packets_dropped"] += 1
            return Intake()
        if not self._latch.accepts(self.plan, source, packet.ssrc):
            self._counts["packets_foreign"] += 1
            self._counts["packets_dropped"] += 1
            return Intake()
        return self._take_packet(packet, now)

    def tick(self, now: float) -> Intake:
        """Do what is due every 20 ms."""
        intake = Intake()
        if self.plan.remote is not None:
            self._send_frame(intake, now)
        for press in self._events.wake(now):
            self._note_event_press(press, intake)
        for press in self._tones.wake(now):
            self._note_press(press, Way.TONE, intake)
        limit = self.plan.silence_after_ms / 1000
        if limit and not self._silent and now - self._last_arrival >= limit - 1e-6:
            self._silent = True
            intake.outputs.append(FellSilent(self.number))
        intake.outputs += self._send_report(self._reports.wake(self._counts, now))
        return intake

    def relay(self, source: int, intake: Intake, now: float) -> list[Send]:
        """Say what another port heard."""
        if self.plan.events_payload_type is None and intake.keys:
            # A far end that has events may press keys for one that has none.
            self.keys.push(intake.keys[: self.keys.room])
        if self.keys:
            return []
        return [
            sent
            for audio in intake.heard
            for sent in self._relay_one((Sending.PEER, source), audio, now)
        ]

    def leave(self, now: float) -> list[Send]:
        """Say goodbye to the far end, before the port is closed."""
        return self._send_report(self._reports.leave(self._counts, now))

    def statistics(self) -> PortStatistics:
        """Count what went through."""
        return PortStatistics(
            **self._counts,
            packets_lost=self._reception.lost,
            jitter=self._reception.jitter,
            remote_lost=self._reports.remote_lost,
            remote_jitter=self._reports.remote_jitter,
            round_trip_ms=self._reports.round_trip_ms,
        )

    # What arrives.

    def _take_report(self, data: bytes, source: Address, now: float) -> Intake:
        intake = Intake()
        if not self._knows_reporter(source):
            self._counts["packets_foreign"] += 1
            self._counts["packets_dropped"] += 1
        elif (reporters := self._reports.take(data, now)) is None:
            self._counts["packets_dropped"] += 1
        elif self._out.ssrc in reporters:
            self._collide(intake, now)
        return intake

    def _knows_reporter(self, source: Address) -> bool:
        destination = self._latch.destination(self.plan)
        same_host = destination is not None and destination[0] == source[0]
        return source == self.plan.remote_rtcp or same_host

    def _collide(self, intake: Intake, now: float) -> None:
        """Take another SSRC, once: the far end has ours, or mirrors us (RFC 3550 §8.2)."""
        if not self._collided:
            self._collided = True
            intake.outputs += self.leave(now)
            self._reports.collide(self._counts)

    def _take_packet(self, packet: Packet, now: float) -> Intake:
        intake = Intake()
        if packet.ssrc == self._out.ssrc:
            self._collide(intake, now)
        is_event = packet.payload_type == self.plan.events_payload_type
        self._counts["packets_received"] += 1
        self._counts["octets_received"] += len(packet.payload)
        self._last_arrival, self._silent = now, False
        if self._reception.count(packet.ssrc, packet.sequence) and not is_event:
            self._reception.time(packet.timestamp, samples_between(0.0, now))
        codec = dict(self.plan.accepts).get(packet.payload_type)
        if is_event:
            self._take_event(packet, intake, now)
        elif codec is not None and self.plan.receives:
            self._take_audio(packet, codec, intake, now)
        else:
            self._counts["packets_dropped"] += 1
        return intake

    def _take_event(self, packet: Packet, intake: Intake, now: float) -> None:
        event = parse_event(packet.payload)
        if event is None:
            self._counts["packets_dropped"] += 1
            return
        self._events_heard = True
        self._tones = ToneReceiver()
        for press in self._events.receive(packet.ssrc, packet.timestamp, event, now):
            self._note_event_press(press, intake)
        intake.heard.append(Audio(packet, None))

    def _take_audio(self, packet: Packet, codec: Codec, intake: Intake, now: float) -> None:
        if not self._was_heard:
            self._was_heard = True
            intake.outputs.append(Heard(self.number))
        ssrc, timestamp = packet.ssrc, packet.timestamp
        listens = self.plan.events_payload_type is None or not self._events_heard
        samples = self._linear(packet.payload, codec)
        if self.recording is not None:
            self.recording.heard.place(ssrc, timestamp, samples, now)
        if self.plan.hears_digits and listens:
            for press in self._tones.receive(ssrc, timestamp, samples, now):
                self._note_press(press, Way.TONE, intake)
        intake.heard.append(Audio(packet, codec))

    def _note_event_press(self, press: Press, intake: Intake) -> None:
        intake.keys += press.digit
        self._note_press(press, Way.EVENT, intake)

    def _note_press(self, press: Press, way: Way, intake: Intake) -> None:
        new = self._one_digit.is_new(press, way)
        if new and self.plan.hears_digits and self._patience.takes(press):
            pressed = Pressed(self.number, press.digit, press.duration_ms)
            intake.outputs.append(pressed)

    # What leaves.

    def _send_frame(self, intake: Intake, now: float) -> None:
        if self.keys:
            intake.outputs += self._send_key(now)
            return
        match self.plan.sending:
            case Sending.SILENCE:
                intake.outputs += self._send_silence(now)
            case Sending.PROMPTS:
                self._send_prompts(intake, now)
            case Sending.NOTHING | Sending.PEER:
                pass

    def _send_silence(self, now: float) -> list[Send]:
        return self._send_own((Sending.SILENCE,), self._quiet(), now)

    def _send_prompts(self, intake: Intake, now: float) -> None:
        frame = b"" if self._played else self._next_frame()
        if frame:
            frame = frame.ljust(FRAME_SAMPLES, SILENCE[Codec.PCMA])
            codes = self._convert(frame, Codec.PCMA)
            key = (Sending.PROMPTS, self.plan.play_epoch)
            intake.outputs += self._send_own(key, codes, now)
        else:
            intake.outputs += self._send_silence(now)
        over = not self.plan.repeat and self._played_to >= len(self._samples)
        if over and not self._played:
            self._played = True
            intake.outputs.append(Played(self.number, self.plan.play_epoch))

    def _next_frame(self) -> bytes:
        frame = self._samples[self._played_to : self._played_to + FRAME_SAMPLES]
        self._played_to += len(frame)
        while self.plan.repeat and self._samples and len(frame) < FRAME_SAMPLES:
            piece = self._samples[: FRAME_SAMPLES - len(frame)]
            self._played_to = len(piece)
            frame += piece
        return frame

    def _send_key(self, now: float) -> list[Send]:
        step = self.keys.next()
        if step is None or step.digit == "w":
            return []
        if self.plan.events_payload_type is None:
            return self._send_own(("keys",), self._tone(step.digit, step.tick), now)
        if step.tick == 0:
            self._key_timestamp = self._out.next_timestamp(now)
        if step.event is None:
            return []
        numbers = self._out.event(("keys",), self._key_timestamp, step.tick == 0)
        payload = build_event(step.event)
        return self._send(
            numbers, self.plan.events_payload_type, payload, step.event.duration, now
        )

    def _tone(self, digit: str, tick: int) -> bytes:
        if tick >= TONE_TICKS:
            return self._quiet()
        samples = tone_samples(digit, tick * FRAME_SAMPLES, FRAME_SAMPLES)
        linear = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
        if self.plan.codec is Codec.PCMA:
            return self._laws.encode_alaw(linear)
        return self._laws.encode_ulaw(linear)

    def _quiet(self) -> bytes:
        return SILENCE[self.plan.codec] * FRAME_SAMPLES

    def _send_own(self, key: tuple[object, ...], codes: bytes, now: float) -> list[Send]:
        numbers = self._out.own(key, now)
        return self._send_audio(numbers, codes, now)

    def _relay_one(self, key: tuple[object, ...], audio: Audio, now: float) -> list[Send]:
        packet, events = audio.packet, self.plan.events_payload_type
        if (audio.codec is None and events is None) or not packet.payload:
            return []
        numbers = self._out.relay(
            (*key, packet.ssrc), packet.sequence, packet.timestamp, packet.marker, now
        )
        if numbers is None:
            return []
        if audio.codec is None and events is not None:
            return self._send(numbers, events, packet.payload, 0, now)
        codes = self._convert(packet.payload, audio.codec or Codec.PCMU)
        return self._send_audio(numbers, codes, now)

    def _send_audio(self, numbers: Numbers, codes: bytes, now: float) -> list[Send]:
        if self.recording is not None and self.recording.said is not None:
            samples = self._linear(codes, self.plan.codec)
            self.recording.said.place(self._out.ssrc, numbers.timestamp, samples, now)
        return self._send(numbers, self.plan.payload_type, codes, len(codes), now)

    def _send(
        self, numbers: Numbers, payload_type: int, payload: bytes, samples: int, now: float
    ) -> list[Send]:
        destination = self._latch.destination(self.plan)
        if destination is None:
            return []
        self._out.note(numbers, samples, now)
        self._counts["packets_sent"] += 1
        self._counts["octets_sent"] += len(payload)
        packet = Packet(
            payload_type=payload_type,
            sequence=numbers.sequence,
            timestamp=numbers.timestamp,
            ssrc=self._out.ssrc,
            payload=payload,
            marker=numbers.marker,
        )
        data = build_packet(packet)
        return [Send(port=self.number, data=data, destination=destination)]

    def _send_report(self, data: bytes | None) -> list[Send]:
        to = self.plan.remote_rtcp
        shared = to == self.plan.remote
        destination = self._latch.destination(self.plan) if shared else to
        if data is None or destination is None:
            return []
        sent = Send(
            port=self.number, data=data, destination=destination, from_rtcp=not shared
        )
        return [sent]

    def _convert(self, codes: bytes, codec: Codec) -> bytes:
        if codec is self.plan.codec:
            return codes
        if codec is Codec.PCMA:
            return self._laws.alaw_to_ulaw(codes)
        return self._laws.ulaw_to_alaw(codes)

    def _linear(self, codes: bytes, codec: Codec) -> list[int]:
        laws = self._laws
        decode = laws.decode_alaw if codec is Codec.PCMA else laws.decode_ulaw
        data = decode(codes)
        return [
            int.from_bytes(data[i : i + 2], "little", signed=True)
            for i in range(0, len(data), 2)
        ]


_COUNTED: Final = (
    "packets_received",
    "packets_sent",
    "packets_dropped",
    "packets_foreign",
    "packets_unauthentic",
    "octets_received",
    "octets_sent",
)
