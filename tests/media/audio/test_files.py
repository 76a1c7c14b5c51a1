"""Any audio file becomes the one kind that is played, or is refused in a line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from media.audio.files import SECONDS_CAP, SIZE_CAP, UnusableAudio, convert
from media.audio.wav import samples


def sine(rate: int, seconds: float, level: float = 0.5) -> NDArray[np.float64]:
    at = np.arange(round(rate * seconds)) / rate
    wave: NDArray[np.float64] = level * np.sin(2 * np.pi * 700 * at)
    return wave


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [
        ("a.wav", 8000, 1),
        ("b.wav", 44100, 2),
        ("c.mp3", 44100, 2),
        ("d.flac", 48000, 1),
        ("e.ogg", 22050, 1),
        ("f.wav", 16000, 6),
    ],
)
def test_every_promised_format(tmp_path: Path, name: str, rate: int, channels: int) -> None:
    wave = np.repeat(sine(rate, 1.0)[:, None], channels, axis=1)
    soundfile.write(tmp_path / name, wave, rate)
    target = tmp_path / "out.wav"
    seconds = convert(tmp_path / name, target)
    assert seconds == pytest.approx(1.0, abs=0.1)
    assert len(samples(target.read_bytes())) == round(8000 * seconds)
    heard, _ = soundfile.read(target)
    middle = heard[2000:6000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
    peak = np.argmax(np.abs(np.fft.rfft(middle))) * 8000 / len(middle)
    assert peak == pytest.approx(700, abs=4)


def test_peaks_are_clipped_not_wrapped(tmp_path: Path) -> None:
    loud = np.clip(sine(44100, 0.5, level=3.0), -1.5, 1.5)
    soundfile.write(tmp_path / "loud.wav", loud, 44100, subtype="FLOAT")
    convert(tmp_path / "loud.wav", tmp_path / "out.wav")
    heard, _ = soundfile.read(tmp_path / "out.wav")
    assert np.abs(heard).max() > 0.95
    turns = np.count_nonzero(np.diff(np.sign(heard[400:3600])))
    assert turns == pytest.approx(2 * 700 * 0.4, abs=2)


def test_what_is_no_number_is_silence(tmp_path: Path) -> None:
    wave = np.full(8000, np.nan)
    soundfile.write(tmp_path / "nan.wav", wave, 8000, subtype="FLOAT")
    convert(tmp_path / "nan.wav", tmp_path / "out.wav")
    heard, _ = soundfile.read(tmp_path / "out.wav")
    assert np.abs(heard).max() < 0.001


M4A = b"\0\0\0\x20ftypM4A " + bytes(100)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (M4A, "m4a and mp4 are not supported; wav, mp3, flac and ogg are"),
        (b"", "not an audio file"),
        (b"#!/bin/sh\n" * 100, "not an audio file"),
        (b"fLaC" + bytes(1000), "cannot be read"),
        (b"OggS" + bytes(1000), "cannot be read"),
        (b"ID3" + bytes(1000), "cannot be read"),
    ],
)
def test_the_rest_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(content)
    with pytest.raises(UnusableAudio, match=fault):
        convert(source, tmp_path / "out.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["in.bin"]


def test_no_sound_no_file_and_too_much_of_it(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    soundfile.write(tmp_path / "long.wav", np.zeros(8000 * SECONDS_CAP + 1), 8000)
    with (tmp_path / "big.wav").open("wb") as big:
        big.truncate(SIZE_CAP + 1)
    for name, fault in [
        ("empty", "no sound"),
        ("long", "longer than 10 minutes"),
        ("big", "octets"),
        ("missing", "No such file"),
    ]:
        with pytest.raises(UnusableAudio, match=fault):
            convert(tmp_path / f"{name}.wav", tmp_path / "out.wav")


def run(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "media.audio.files", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_the_command(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.flac", sine(16000, 0.2), 16000)
    (tmp_path / "in.m4a").write_bytes(M4A)
    assert run(tmp_path / "in.flac", tmp_path / "out.wav") == (0, "")
    assert samples((tmp_path / "out.wav").read_bytes())

    status, told = run(tmp_path / "in.m4a", tmp_path / "no.wav")
    assert (status, told.count("\n")) == (1, 1)
    assert told.startswith(f"{tmp_path}/in.m4a: m4a")

    status, told = run(tmp_path / "in.flac", tmp_path / "none" / "out.wav")
    assert (status, told.count("\n")) == (1, 1)
    assert told.startswith(f"{tmp_path}/none/out.wav: ")

    assert run("one")[0] == 2
