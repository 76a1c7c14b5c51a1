"""The tones and the music on hold of the catalogue: `tones/*.wav`, made by arithmetic.

The tones are those of the Chinese network (GB 3380): 450 Hz in the cadences below. The
music is our own: eight bars of arpeggio, bass and pentatonic melody. Every file may be
repeated without a click: a tone ends in its pause, and what the music lets ring past its
end is folded into its beginning.

Run `python prompts/tones.py`; numpy and soundfile are all it needs, and it always gives the
same bytes. Samples are floats of full scale 1.0; 0 dBm0 is a sine 3.14 dB below full scale
(G.711).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soundfile  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE: Final = 8_000
FULL_SCALE_DBM0: Final = 3.14
CALL_PROGRESS: Final = 450.0
CALL_PROGRESS_DBM0: Final = -14.0
EDGE: Final = 0.005
"""Seconds over which a tone rises and falls, so that its keying is not heard."""

BEAT: Final = 60 / 64
BEATS: Final = 32
LOOP: Final = BEATS * BEAT
"""Seconds of the music: 30, a whole number of 20 ms frames."""

MUSIC_LEVEL: Final = -22.0
"""dB below full scale, RMS: a little under the announcements' -18."""

# Notes are MIDI numbers, 60 is middle C. A chord lasts a bar: its bass, then four notes.
CHORDS: Final = (
    (50, (62, 66, 69, 76)),  # D, with the ninth
    (47, (62, 66, 69, 73)),  # B minor, with the seventh
    (43, (62, 66, 67, 71)),  # G, with the major seventh
    (45, (61, 64, 69, 71)),  # A, with the second
    (50, (62, 66, 69, 76)),
    (42, (61, 64, 66, 69)),  # F sharp minor, with the seventh
    (43, (62, 67, 69, 71)),  # G, with the second
    (45, (62, 64, 69, 74)),  # A, suspended, which leads back to D
)
ARPEGGIO: Final = (0, 1, 2, 3, 2, 1, 2, 1)
"""Which note of the chord each eighth of a bar strikes."""

# Beat, beats long, note: D E F# A B alone.
MELODY: Final = (
    (0.0, 1.5, 78), (1.5, 0.5, 76), (2.0, 2.0, 74),
    (4.0, 1.0, 71), (5.0, 1.0, 74), (6.0, 2.0, 76),
    (8.0, 1.5, 74), (9.5, 0.5, 71), (10.0, 2.0, 69),
    (12.5, 0.5, 69), (13.0, 1.0, 71), (14.0, 2.0, 76),
    (16.0, 1.5, 81), (17.5, 0.5, 78), (18.0, 2.0, 76),
    (20.0, 1.0, 78), (21.0, 1.0, 76), (22.0, 2.0, 74),
    (24.0, 1.5, 71), (25.5, 0.5, 74), (26.0, 2.0, 76),
    (28.5, 0.5, 74), (29.0, 1.0, 71), (30.0, 2.0, 69),
)  # fmt: skip

# Strengths of the partials. A telephone carries 300 to 3400 Hz, so the bass has many.
BELL: Final = (1.0, 0.25, 0.12, 0.03)
FLUTE: Final = (1.0, 0.35, 0.10, 0.04)
BASS: Final = (1.0, 0.7, 0.45, 0.25, 0.1)
HIGHEST: Final = 3_400.0
ECHO: Final = ((0.75, 0.30), (1.5, 0.16), (2.25, 0.08))
"""Beats after which the whole is heard again, and how strongly."""


def seconds(duration: float) -> Samples:
    """The instants of the samples of this long."""
    return np.arange(round(duration * RATE)) / RATE


def keyed(frequency: float, on: float, off: float, dbm0: float) -> Samples:
    """A sine that sounds and pauses, once."""
    time = seconds(on)
    edges = np.clip(np.minimum(time, on - time) / EDGE, 0, 1)
    amplitude = 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20)
    tone = amplitude * np.sin(2 * np.pi * frequency * time) * np.sin(edges * np.pi / 2) ** 2
    return np.concatenate([tone, np.zeros(round(off * RATE))])


def frequency(note: int) -> float:
    """Hz of a MIDI number, equal temperament."""
    return 440.0 * 2 ** ((note - 69) / 12)


def partials(
    note: int, strengths: tuple[float, ...], time: Samples, sway: float
) -> Samples:
    """A steady sound; `sway` is the depth of its vibrato, a share of the frequency."""
    base = frequency(note)
    phase = 2 * np.pi * base * time - sway * base / 4.8 * np.cos(2 * np.pi * 4.8 * time)
    sound: Samples = np.zeros(len(time))
    for multiple, strength in enumerate(strengths, start=1):
        if multiple * base < HIGHEST:
            sound += strength * np.sin(multiple * phase)
    return sound


def struck(note: int, strengths: tuple[float, ...], decay: float) -> Samples:
    """A note that is struck and rings: 8 ms to rise, `decay` seconds to fall to a third."""
    time = seconds(4 * decay)
    rise = np.clip(time / 0.008, 0, 1)
    fall: Samples = np.exp(-time / decay) * np.clip((4 * decay - time) / decay, 0, 1)
    return partials(note, strengths, time, 0) * rise * fall


def blown(note: int, duration: float) -> Samples:
    """A note that swells, sways and is let go: it ends 0.25 s after its time."""
    time = seconds(duration + 0.25)
    rise = np.sin(np.clip(time / 0.09, 0, 1) * np.pi / 2) ** 2
    release = np.sin(np.clip((duration + 0.25 - time) / 0.35, 0, 1) * np.pi / 2) ** 2
    breath: Samples = rise * release * (1 - 0.25 * time / time[-1])
    return partials(note, FLUTE, time, 0.003) * breath


def score() -> Iterator[tuple[float, float, Samples]]:
    """The beat, the strength and the sound of every note."""
    for bar, (bass, chord) in enumerate(CHORDS):
        start = bar * 4
        yield start, 0.30, struck(bass, BASS, 1.1)
        yield start + 2.5, 0.18, struck(bass + 12, BASS, 0.7)
        for eighth, index in enumerate(ARPEGGIO):
            accent = 0.20 if eighth % 4 == 0 else 0.15
            yield start + eighth / 2, accent, struck(chord[index], BELL, 0.55)
    for beat, beats, note in MELODY:
        yield beat, 0.30, blown(note, beats * BEAT)


def music() -> Samples:
    """One round; what rings beyond its end is heard at its beginning."""
    loop = np.zeros(round(LOOP * RATE))
    for beat, strength, sound in score():
        places = (round(beat * BEAT * RATE) + np.arange(len(sound))) % len(loop)
        np.add.at(loop, places, strength * sound)
    echoes = sum(share * np.roll(loop, round(beats * BEAT * RATE)) for beats, share in ECHO)
    whole: Samples = loop + echoes
    loudness = float(np.sqrt(np.mean(whole**2)))
    return whole * (10 ** (MUSIC_LEVEL / 20) / loudness)


def catalogue() -> Iterator[tuple[str, Samples]]:
    """Every name and its sound."""
    yield "ringback", keyed(CALL_PROGRESS, 1.0, 4.0, CALL_PROGRESS_DBM0)
    yield "busy", keyed(CALL_PROGRESS, 0.35, 0.35, CALL_PROGRESS_DBM0)
    yield "congestion", keyed(CALL_PROGRESS, 0.7, 0.7, CALL_PROGRESS_DBM0)
    yield "beep", keyed(1_000.0, 0.4, 0.1, CALL_PROGRESS_DBM0)
    yield "music", music()


def main() -> None:
    """Writes `tones/*.wav` beside this file."""
    folder = Path(__file__).parent / "tones"
    folder.mkdir(exist_ok=True)
    for name, samples in catalogue():
        soundfile.write(folder / f"{name}.wav", samples, RATE, format="WAV", subtype="ALAW")


if __name__ == "__main__":
    main()
