"""What is in recorded audio: tones by their power, prompts by correlation."""

from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from media.audio.g711 import encode_alaw

Samples: TypeAlias = NDArray[np.float64]

RATE: Final = 8000
EDGE: Final = RATE // 10
WINDOW: Final = 1600
"""Samples, a fifth of a second: five hertz apart."""
_ROWS: Final = (697, 770, 852, 941)
_COLUMNS: Final = (1209, 1336, 1477, 1633)
_PAD: Final = "123A456B789C*0#D"


def samples_of(path: Path) -> Samples:
    """A recording, whole or cut short, as samples at 8 kHz."""
    data, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    return np.asarray(data, dtype=np.float64)


def linear(data: bytes) -> Samples:
    """16-bit samples as numbers."""
    return np.frombuffer(data[: len(data) & ~1], "<i2").astype(np.float64)


def sine(hertz: float, seconds: float = 1.0, level: float = 8000.0) -> bytes:
    """A tone as 16-bit samples."""
    time = np.arange(int(seconds * RATE)) / RATE
    return bytes((level * np.sin(2 * np.pi * hertz * time)).astype("<i2").tobytes())


def seconds_of_tone(heard: Samples, hertz: float) -> float:
    """For how long a tone, and hardly anything else, is heard.

    A window counts if nine tenths of its power lie within 10 Hz of the tone.
    """
    windows = heard[: len(heard) // WINDOW * WINDOW].reshape(-1, WINDOW)
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=1)) ** 2
    width = RATE / WINDOW
    middle = round(hertz / width)
    near = power[:, middle - 2 : middle + 3].sum(axis=1)
    loud = np.sqrt((windows**2).mean(axis=1)) > 200
    return float((loud & (near > 0.9 * power.sum(axis=1))).sum() * WINDOW / RATE)


def place_of(prompt: Samples, heard: Samples) -> tuple[float, float]:
    """Where in ``heard`` the prompt begins, in seconds, and how like it that place is.

    Likeness is the normalised correlation of the prompt without its first and last tenth
    of a second, which a recording may have cut off: 1 is the prompt itself.
    """
    prompt = prompt[EDGE:-EDGE]
    if len(heard) < len(prompt):
        return 0.0, 0.0
    size = 1 << (len(heard) + len(prompt)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(prompt, size))
    products = np.fft.irfft(spectrum, size)[: len(heard) - len(prompt) + 1]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    energies = energy[len(prompt) :] - energy[: len(energy) - len(prompt)]
    likeness = products / np.sqrt(np.maximum(energies, 1.0) * (prompt**2).sum())
    best = int(likeness.argmax())
    return (best - EDGE) / RATE, float(likeness[best])


def keys(digits: str, *, pause: float = 0.5) -> bytes:
    """Key tones (ITU-T Q.23) in A-law, a tenth of a second each, after a pause each."""
    silence = bytes(2 * int(pause * RATE))
    parts: list[bytes] = []
    for digit in digits:
        row, column = divmod(_PAD.index(digit), 4)
        low = linear(sine(_ROWS[row], 0.1, 6000.0))
        high = linear(sine(_COLUMNS[column], 0.1, 6000.0))
        parts += [silence, (low + high).astype("<i2").tobytes()]
    return encode_alaw(b"".join(parts) + silence)
