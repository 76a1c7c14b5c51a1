"""A recording: samples in their place in time, as the reference keeps them."""

import array
from collections.abc import Sequence
from typing import Final

from media.engine.outgoing import samples_between
from media.rtp.sequence import ahead32

DRIFT: Final = 200 * 8
"""Samples off the clock before a track is laid anew."""


class Track:
    """What one side said."""

    def __init__(self, began: float) -> None:
        self.samples: dict[int, int] = {}
        self._began = began
        self._anchor: tuple[int, int, int] | None = None

    def place(self, ssrc: int, timestamp: int, samples: Sequence[int], now: float) -> None:
        """Lay the audio of a packet where its timestamp says, near where the clock says."""
        position = clock = samples_between(self._began, now)
        if self._anchor is not None and self._anchor[0] == ssrc:
            position = self._anchor[2] + ahead32(timestamp, self._anchor[1])
            if abs(position - clock) > DRIFT:
                position = clock
        self._anchor = ssrc, timestamp, position
        self.samples.update(enumerate(samples, position))


class Recording:
    """One channel, what is heard; or two, heard left and said right."""

    def __init__(self, both: bool, now: float) -> None:
        self.heard = Track(now)
        self.said = Track(now) if both else None
        self._began = now

    def finish(self, now: float) -> bytes:
        """Give 16-bit samples from beginning to ``now``, frame by frame."""
        tracks = [self.heard] if self.said is None else [self.heard, self.said]
        count = samples_between(self._began, now)
        frames = (
            track.samples.get(position, 0) for position in range(count) for track in tracks
        )
        return array.array("h", frames).tobytes()
