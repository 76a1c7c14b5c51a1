"""The numbers of what leaves a port: they run on, whatever the source is.

Packets of one source are a run. Inside a run of relayed packets both numbers keep their
distance to the source's, so that loss, reordering and telephone-event timestamps come
out as they came in. A new run goes on after the last packet sent: sequence by one,
timestamp by the time that has passed, marker set.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from media.engine.plan import FRAME_SAMPLES, SAMPLE_RATE
from media.rtp.sequence import ahead16, ahead32

JUMP_SEQUENCE: Final = 3000
LATE_SEQUENCE: Final = 100
JUMP_TIMESTAMP: Final = 60 * SAMPLE_RATE
LATE_TIMESTAMP: Final = SAMPLE_RATE
LAG: Final = 15 * FRAME_SAMPLES
"""Our own frames are brought up to the clock after so much."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a packet is sent under."""

    sequence: int
    timestamp: int
    marker: bool


@dataclass(slots=True, kw_only=True)
class _Relayed:
    """The run of relayed packets that is going on."""

    sequence_first: int
    sequence_last: int
    sequence_offset: int
    timestamp_last: int
    timestamp_offset: int


class Outgoing:
    """One SSRC's sequence numbers and timestamps."""

    def __init__(self, ssrc: int, sequence: int, timestamp: int, now: float) -> None:
        self.ssrc = ssrc
        self.last_timestamp = 0
        self.last_at = now
        self._sequence = sequence
        self._timestamp = self._first = timestamp
        self._began = now
        self._key: Hashable = None
        self._run: _Relayed | None = None

    def next_timestamp(self, now: float) -> int:
        """Where a new run begins: at the clock, but never before what was sent."""
        clock = self._clock(now)
        return self._timestamp if ahead32(self._timestamp, clock) > 0 else clock

    def relay(
        self, key: Hashable, sequence: int, timestamp: int, marker: bool, now: float
    ) -> Numbers | None:
        """Renumber a packet of another port; None: it is older than its run."""
        run = self._run
        if run is None or key != self._key or not _runs_on(run, sequence, timestamp):
            run = self._run = _Relayed(
                sequence_first=sequence,
                sequence_last=sequence,
                sequence_offset=self._sequence - sequence,
                timestamp_last=timestamp,
                timestamp_offset=self.next_timestamp(now) - timestamp,
            )
            self._key = key
            marker = True
        elif ahead16(sequence, run.sequence_first) < 0:
            return None
        if ahead16(sequence, run.sequence_last) > 0:
            run.sequence_last, run.timestamp_last = sequence, timestamp
            # Long runs must not meet their own beginning again.
            if (sequence - run.sequence_first) & 0xFFFF > 2 * LATE_SEQUENCE:
                run.sequence_first = (sequence - 2 * LATE_SEQUENCE) & 0xFFFF
        return Numbers(
            (sequence + run.sequence_offset) & 0xFFFF,
            (timestamp + run.timestamp_offset) & 0xFFFFFFFF,
            marker,
        )

    def own(self, key: Hashable, now: float) -> Numbers:
        """Number a frame of our own making."""
        lags = ahead32(self._clock(now), self._timestamp) > LAG
        first = key != self._key or lags
        self._key, self._run = key, None
        timestamp = self.next_timestamp(now) if first else self._timestamp
        return Numbers(self._sequence, timestamp, first)

    def event(self, key: Hashable, timestamp: int, first: bool) -> Numbers:
        """Number a packet of a telephone-event that began at ``timestamp``."""
        self._key, self._run = key, None
        return Numbers(self._sequence, timestamp, first)

    def note(self, numbers: Numbers, samples: int, now: float) -> None:
        """Remember what was sent, and how long it lasts."""
        end = (numbers.timestamp + samples) & 0xFFFFFFFF
        if ahead16(numbers.sequence + 1, self._sequence) > 0:
            self._sequence = (numbers.sequence + 1) & 0xFFFF
        if ahead32(end, self._timestamp) > 0:
            self._timestamp = end
        self.last_timestamp, self.last_at = numbers.timestamp, now

    def _clock(self, now: float) -> int:
        return (self._first + samples_between(self._began, now)) & 0xFFFFFFFF


def samples_between(began: float, now: float) -> int:
    """Count whole samples, forgiving the rounding of seconds."""
    return int((now - began) * SAMPLE_RATE + 1e-3)


def _runs_on(run: _Relayed, sequence: int, timestamp: int) -> bool:
    step = ahead16(sequence, run.sequence_last)
    leap = ahead32(timestamp, run.timestamp_last)
    return -LATE_SEQUENCE < step < JUMP_SEQUENCE and -LATE_TIMESTAMP < leap < JUMP_TIMESTAMP
