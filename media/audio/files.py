"""Any audio file to the one kind that is played: 8 kHz, one channel, A-law, WAV.

    python -m media.audio.files IN OUT.wav

Exit status 0 when OUT was written, 1 with one line on stderr that names the file and its
fault, 2 for bad usage. It is a command of its own because decoders of audio files have a
history: what they are fed should not meet them inside a process that carries calls.

The loudness is left alone; what resampling lifts over full scale is clipped, not wrapped.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import soundfile  # type: ignore[import-untyped]
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from media.audio.wav import SAMPLE_RATE

Frames: TypeAlias = NDArray[np.float32]

SIZE_CAP: Final = 50_000_000
SECONDS_CAP: Final = 600
SUPPORTED: Final = "wav, mp3, flac and ogg"
_BLOCK: Final = 1 << 15
_RATES: Final = range(4000, 384001)
_CHANNELS_CAP: Final = 8


class UnusableAudio(ValueError):
    """The file cannot be made into a prompt."""


def convert(source: Path, target: Path) -> float:
    """Write ``target`` whole or not at all; returns its seconds.

    Raises :class:`UnusableAudio`, and OSError when ``target`` cannot be written.
    """
    _sniff(source)
    try:
        with soundfile.SoundFile(source) as file:
            audio = _narrow(file)
    except soundfile.LibsndfileError as fault:
        raise UnusableAudio(f"it cannot be read: {fault.error_string}") from fault
    if not len(audio):
        raise UnusableAudio("there is no sound in it")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        soundfile.write(partial, audio, SAMPLE_RATE, subtype="ALAW", format="WAV")
        partial.replace(target)
    except soundfile.LibsndfileError as fault:
        raise OSError(f"{target}: cannot be written: {fault.error_string}") from fault
    finally:
        partial.unlink(missing_ok=True)
    return len(audio) / SAMPLE_RATE


def _sniff(source: Path) -> None:
    """Let only the promised formats near a decoder."""
    try:
        size = source.stat().st_size
        with source.open("rb") as file:
            start = file.read(12)
    except OSError as fault:
        raise UnusableAudio(f"it cannot be read: {fault.strerror}") from fault
    if size > SIZE_CAP:
        raise UnusableAudio(f"{size} octets; {SIZE_CAP} are the most")
    if start[4:8] == b"ftyp":
        raise UnusableAudio(f"m4a and mp4 are not supported; {SUPPORTED} are")
    is_wav = start[:4] in {b"RIFF", b"RF64"} and start[8:12] == b"WAVE"
    is_mp3 = start[:3] == b"ID3" or (start[:1] == b"\xff" and start[1:2] >= b"\xe0")
    if not (is_wav or is_mp3 or start[:4] in {b"fLaC", b"OggS"}):
        raise UnusableAudio(f"not an audio file that is supported: {SUPPORTED} are")


def _narrow(file: soundfile.SoundFile) -> NDArray[np.int16]:
    """Everything in ``file`` as 8 kHz, one channel, 16 bits."""
    if file.samplerate not in _RATES or file.channels > _CHANNELS_CAP:
        raise UnusableAudio(f"{file.samplerate} Hz, {file.channels} channels")
    resampler = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 1, dtype="float32")
    parts = [resampler.resample_chunk(block) for block in _mono_blocks(file)]
    parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    narrow = np.clip(np.concatenate(parts), -1.0, 1.0)
    whole: NDArray[np.int16] = np.rint(narrow * 32767).astype(np.int16)
    return whole


def _mono_blocks(file: soundfile.SoundFile) -> Iterator[Frames]:
    """Read block by block: what a header claims of the length is not believed."""
    seen = 0
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        seen += len(block)
        if seen > SECONDS_CAP * file.samplerate:
            raise UnusableAudio(f"longer than {SECONDS_CAP // 60} minutes")
        yield np.nan_to_num(block).mean(axis=1)


def main(arguments: list[str]) -> int:
    """Run as a command; returns the exit status."""
    if len(arguments) != 2:
        print("usage: python -m media.audio.files IN OUT.wav", file=sys.stderr)
        return 2
    source, target = map(Path, arguments)
    try:
        convert(source, target)
    except UnusableAudio as fault:
        print(f"{source}: {fault}", file=sys.stderr)
        return 1
    except OSError as fault:
        print(f"{target}: {fault.strerror or fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
