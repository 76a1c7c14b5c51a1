"""The committed announcements and tones: complete, and fit for a telephone line.

Levels are dB below full scale; a frame is 10 ms.
"""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

Samples = NDArray[np.float64]

PROMPTS = Path(__file__).parents[2] / "prompts"
TEXTS = tomllib.loads((PROMPTS / "texts.toml").read_text(encoding="utf-8"))
LANGUAGES = ("zh", "en")
RATE = 8_000
FRAME = RATE // 100
REQUIRED = {
    *("welcome", "menu", "number-unknown", "suspended", "blacklisted", "area-blocked"),
    *(
        "anonymous-rejected",
        "too-frequent",
        "password",
        "password-wrong",
        "password-failed",
    ),
    *("month-cap", "week-cap", "spend-cap", "busy", "destination-limit", "no-answer"),
    *("unavailable", "out-of-hours", "invalid-key", "no-key", "goodbye", "please-wait"),
    *("queue", "recording-notice", "voicemail", "survey", "whisper", "accept", "thanks"),
    *("overloaded", "digits", "place-next", "place-more"),
    *(f"place-{ahead}" for ahead in range(1, 11)),
}


def spoken_files() -> dict[str, str]:
    """Path below `prompts/` of every announcement, and its text."""
    spoken = {}
    for name, row in TEXTS.items():
        for language in LANGUAGES:
            text = row[language]
            if isinstance(text, str):
                spoken[f"{language}/{name}.wav"] = text
                continue
            for index, item in enumerate(text):
                spoken[f"{language}/{name}/{index}.wav"] = item
    return spoken


SPOKEN = spoken_files()
SENTENCES = [path for path in SPOKEN if "digits" not in path]
TONES = [
    f"tones/{name}.wav" for name in ("ringback", "busy", "congestion", "beep", "music")
]


def samples_of(path: str) -> Samples:
    samples, rate = soundfile.read(PROMPTS / path)
    assert rate == RATE
    return np.asarray(samples, dtype=np.float64)


def level(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def frame_levels(samples: Samples) -> Samples:
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power: Samples = np.mean(whole**2, axis=1)
    return 10 * np.log10(power + 1e-12)


def silence(samples: Samples) -> tuple[int, int, int]:
    """Frames of silence before, within (the longest) and after what sounds."""
    sounding = np.flatnonzero(frame_levels(samples) > -50)
    within = int(np.diff(sounding).max(initial=1)) - 1
    return int(sounding[0]), within, len(samples) // FRAME - 1 - int(sounding[-1])


def strongest_frequency(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


def test_the_table_has_every_announcement_the_service_plays() -> None:
    assert TEXTS.keys() >= REQUIRED
    for name, row in TEXTS.items():
        assert row.keys() == {"use", "zh", "en"}, name


def test_the_folders_hold_the_table_and_nothing_else() -> None:
    found = {
        path.relative_to(PROMPTS).as_posix()
        for folder in (*LANGUAGES, "tones")
        for path in (PROMPTS / folder).rglob("*")
        if path.is_file()
    }
    assert found == {*SPOKEN, *TONES}


def test_the_catalogue_stays_small() -> None:
    assert sum((PROMPTS / path).stat().st_size for path in [*SPOKEN, *TONES]) < 6_000_000


@pytest.mark.parametrize("path", [*SPOKEN, *TONES])
def test_every_file_is_what_the_line_carries(path: str) -> None:
    about = soundfile.info(PROMPTS / path)
    assert (about.format, about.subtype) == ("WAV", "ALAW")
    assert (about.samplerate, about.channels) == (RATE, 1)


@pytest.mark.parametrize("path", SPOKEN)
def test_speech_is_level_unclipped_and_without_dead_air(path: str) -> None:
    samples = samples_of(path)
    assert np.abs(samples).max() <= 10 ** (-2.8 / 20)
    levels = frame_levels(samples)
    speech = levels[levels > levels.max() - 40]
    loudness = 10 * np.log10(np.mean(10 ** (speech / 10)))
    assert loudness == pytest.approx(-18, abs=1.0)
    before, within, after = silence(samples)
    assert before <= 15
    assert after <= 15
    assert within <= 60


@pytest.mark.parametrize("path", SENTENCES)
def test_a_sentence_lasts_as_long_as_its_text(path: str) -> None:
    """Three to seven Chinese syllables a second, two to four English words: no babble."""
    seconds = len(samples_of(path)) / RATE
    assert seconds <= 15
    text = SPOKEN[path]
    if path.startswith("zh"):
        syllables = sum(character.isalpha() for character in text)
        assert 3 <= syllables / seconds <= 7
    else:
        assert 1.7 <= len(text.split()) / seconds <= 4.5


@pytest.mark.parametrize("path", SPOKEN)
def test_speech_fills_the_telephone_band(path: str) -> None:
    samples = samples_of(path)
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    hum = power[frequency < 80].sum() / power.sum()
    speech = power[(frequency >= 150) & (frequency <= 3_400)].sum() / power.sum()
    assert hum < 0.001
    assert speech > 0.95


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_are_short_and_all_different(language: str) -> None:
    digits = [samples_of(f"{language}/digits/{digit}.wav") for digit in range(10)]
    assert all(0.25 <= len(digit) / RATE <= 0.9 for digit in digits)
    assert len({digit.tobytes() for digit in digits}) == 10


@pytest.mark.parametrize(
    ("name", "on", "off"),
    [("ringback", 1.0, 4.0), ("busy", 0.35, 0.35), ("congestion", 0.7, 0.7)],
)
def test_a_call_progress_tone_is_450_hz_in_its_cadence(
    name: str, on: float, off: float
) -> None:
    samples = samples_of(f"tones/{name}.wav")
    assert len(samples) == round((on + off) * RATE)
    sounding, pause = np.split(samples, [round(on * RATE)])
    assert strongest_frequency(sounding) == pytest.approx(450, abs=2)
    assert np.abs(pause).max() < 0.001
    assert frame_levels(sounding).min() > -40
    steady = sounding[FRAME:-FRAME]
    dbm0 = level(steady) + 3.01 + 3.14
    assert dbm0 == pytest.approx(-14, abs=0.3)


def test_the_beep_is_a_short_tone_of_1000_hz() -> None:
    samples = samples_of("tones/beep.wav")
    assert strongest_frequency(samples) == pytest.approx(1_000, abs=3)
    assert 0.2 <= len(samples) / RATE <= 0.6


@pytest.mark.parametrize("path", TONES)
def test_a_tone_repeats_without_a_click(path: str) -> None:
    """The seam bends the wave no more than the wave bends anywhere near it."""
    samples = samples_of(path)
    twice = np.concatenate([samples, samples])
    bend = np.abs(np.diff(twice, 2))
    seam = bend[len(samples) - 3 : len(samples) + 1].max()
    assert seam <= np.abs(np.diff(samples, 2)).max() / 2
    assert len(samples) % (RATE // 50) == 0


def test_the_music_is_soft_and_never_stops() -> None:
    samples = samples_of("tones/music.wav")
    assert 30 <= len(samples) / RATE <= 40
    assert np.abs(samples).max() < 0.5
    levels = frame_levels(samples)
    assert level(samples) == pytest.approx(-22, abs=0.5)
    fifths = levels[: len(levels) // 20 * 20].reshape(-1, 20).max(axis=1)
    assert fifths.min() > -35
