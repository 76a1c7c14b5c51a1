"""Digits as telephone-events: RFC 4733, received, sent, and told from the same in tones.

:class:`EventReceiver` takes the payloads of one port and says each press once;
:class:`KeySender` says what to send every 20 ms for the keys in its queue;
:class:`OneDigit` makes one of a press that was heard in two ways.
"""

import enum
from collections import deque
from dataclasses import dataclass
from typing import Final

from media.rtp.sequence import ahead32

KEYS: Final = "0123456789*#ABCD"
"""The keys in the order of their event codes (§3.2)."""
WAIT: Final = "w"
GAP: Final = 0.2
"""Seconds after the last packet at which a press without an end is over."""
PRESSES: Final = 64
PRESS_SECONDS: Final = 0.05
SAME: Final = 0.1
"""Seconds within which the same digit in another way is the same press."""
MAX_KEYS: Final = 64
TONE_TICKS: Final = 6
DIGIT_TICKS: Final = 10
END_PACKETS: Final = 3
WAIT_TICKS: Final = 50
VOLUME: Final = 10
"""-10 dBm0."""
_TICK_SAMPLES: Final = 160
_LONGEST_SEGMENT: Final = 0xFFFF
_LATE: Final = 2 * 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneEvent:
    """One payload (§2.3)."""

    event: int
    duration: int
    """Samples so far."""
    end: bool = False
    volume: int = VOLUME


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A key was pressed; times are those of arrival."""

    digit: str
    began: float
    ended: float
    duration_ms: int


class Way(enum.Enum):
    """How a digit was heard."""

    EVENT = "telephone-event"
    TONE = "tone"


def parse_event(payload: bytes) -> TelephoneEvent | None:
    """Read a payload; more than one block is none of ours, and only the first is read."""
    if len(payload) < 4:
        return None
    return TelephoneEvent(
        event=payload[0],
        end=bool(payload[1] & 0x80),
        volume=payload[1] & 0x3F,
        duration=int.from_bytes(payload[2:4]),
    )


def build_event(event: TelephoneEvent) -> bytes:
    """Write a payload, the reverse of :func:`parse_event`."""
    flags = event.end << 7 | event.volume
    return bytes((event.event, flags)) + event.duration.to_bytes(2)


@dataclass(slots=True, kw_only=True)
class _Open:
    """The press that is being received, or was the last."""

    ssrc: int
    timestamp: int
    event: int
    began: float
    last: float
    duration: int = 0
    earlier: int = 0
    reported: bool = False

    def end(self) -> Press:
        self.reported = True
        return Press(
            digit=KEYS[self.event],
            began=self.began,
            ended=self.last,
            duration_ms=(self.earlier + self.duration) // 8,
        )


class EventReceiver:
    """Packets of one timestamp are one press, said at its end or when no more comes."""

    def __init__(self) -> None:
        self._last: _Open | None = None

    @property
    def deadline(self) -> float | None:
        """When :meth:`wake` must next be called."""
        if self._last is None or self._last.reported:
            return None
        return self._last.last + GAP

    def receive(
        self, ssrc: int, timestamp: int, event: TelephoneEvent, now: float
    ) -> list[Press]:
        """Take one payload; events beyond the sixteen keys are nothing to us."""
        last = self._last
        if event.event >= len(KEYS):
            return []
        presses: list[Press] = []
        if last is None or last.ssrc != ssrc or last.timestamp != timestamp:
            if last is not None and last.ssrc == ssrc:
                step = ahead32(timestamp, last.timestamp)
                if -_LATE < step < 0:
                    return []
                if self._goes_on(last, event, step):
                    last.earlier += _LONGEST_SEGMENT
                    last.timestamp, last.duration = timestamp, 0
                    return self._lengthen(last, event, now)
            if last is not None and not last.reported:
                presses.append(last.end())
            began = now - event.duration / 8000
            last = self._last = _Open(
                ssrc=ssrc, timestamp=timestamp, event=event.event, began=began, last=now
            )
        return presses + self._lengthen(last, event, now)

    def wake(self, now: float) -> list[Press]:
        """Say a press whose end was lost."""
        due = self.deadline
        if self._last is None or due is None or now < due:
            return []
        return [self._last.end()]

    @staticmethod
    def _goes_on(last: _Open, event: TelephoneEvent, step: int) -> bool:
        """Tell a next segment of a long press (§2.5.1.3)."""
        return not last.reported and last.event == event.event and step == _LONGEST_SEGMENT

    @staticmethod
    def _lengthen(last: _Open, event: TelephoneEvent, now: float) -> list[Press]:
        if last.reported:
            return []
        last.duration = max(last.duration, event.duration)
        last.last = now
        return [last.end()] if event.end else []


class OneDigit:
    """Tells whether a press is the one that was just heard in the other way."""

    def __init__(self) -> None:
        self._digit = ""
        self._way = Way.EVENT
        self._ended = 0.0

    def is_new(self, press: Press, way: Way) -> bool:
        """Take a press as it is heard."""
        soon = press.began - self._ended < SAME
        if press.digit == self._digit and way is not self._way and soon:
            self._ended = max(self._ended, press.ended)
            return False
        self._digit, self._way, self._ended = press.digit, way, press.ended
        return True


class Patience:
    """Bounds the presses that are told: nobody presses twenty keys a second for long."""

    def __init__(self) -> None:
        self._due = 0.0

    def takes(self, press: Press) -> bool:
        """Whether there were not too many before; a burst of :data:`PRESSES` may be."""
        due = max(self._due, press.ended)
        if due - press.ended > (PRESSES - 0.5) * PRESS_SECONDS:
            return False
        self._due = due + PRESS_SECONDS
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tick of a key on its way out."""

    digit: str
    tick: int
    """0 is the first of its key; :data:`TONE_TICKS` of them sound, the rest are a pause."""

    @property
    def event(self) -> TelephoneEvent | None:
        """What to send as an event: growing, then the end three times (§2.5.1.4)."""
        if self.digit == WAIT or self.tick >= TONE_TICKS - 1 + END_PACKETS:
            return None
        end = self.tick >= TONE_TICKS - 1
        ticks = TONE_TICKS if end else self.tick + 1
        return TelephoneEvent(
            event=KEYS.index(self.digit), duration=ticks * _TICK_SAMPLES, end=end
        )


class KeySender:
    """A queue of keys, spelt out one tick of 20 ms after the other."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._tick = 0

    def __bool__(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._queue)

    @property
    def room(self) -> int:
        """How many more keys may wait."""
        return MAX_KEYS - len(self._queue)

    def push(self, digits: str) -> None:
        """Queue keys.

        Raises:
            ValueError: not a key, or more than 64 would wait.

        """
        if not set(digits) <= set(KEYS + WAIT):
            raise ValueError(f"digits: not of 0-9*#A-Dw: {digits!r}")
        if len(digits) > self.room:
            raise ValueError(f"digits: more than {MAX_KEYS} would wait")
        self._queue.extend(digits)

    def next(self) -> Step | None:
        """Take the next tick, or None when the queue is empty."""
        if not self._queue:
            return None
        step = Step(digit=self._queue[0], tick=self._tick)
        self._tick += 1
        if self._tick == (WAIT_TICKS if step.digit == WAIT else DIGIT_TICKS):
            self._queue.popleft()
            self._tick = 0
        return step
