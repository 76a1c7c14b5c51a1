"""The catalogue: names, files that change, and what is forgotten when."""

import os
from pathlib import Path

import pytest

from media.audio.prompts import FILE_CAP, PromptMissing, Prompts, is_name
from media.audio.wav import UnplayableFile, file_of, samples


class Engine:
    """Counts what it holds."""

    def __init__(self) -> None:
        self.held: dict[int, bytes] = {}
        self._last = 0

    def load(self, alaw: bytes) -> int:
        self._last += 1
        self.held[self._last] = alaw
        return self._last

    def unload(self, number: int) -> None:
        del self.held[number]


def write(directory: Path, name: str, alaw: bytes) -> None:
    path = directory / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_of(alaw))


def catalogue(engine: Engine, *directories: Path, cap: int = 1 << 20) -> Prompts:
    return Prompts(directories, engine.load, engine.unload, cap=cap)


def test_a_prompt_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "zh/欢迎", b"hello")
    engine = Engine()
    prompts = catalogue(engine, tmp_path)
    assert prompts.number("zh/欢迎") == prompts.number("zh/欢迎") == 1
    assert engine.held == {1: b"hello"}


def test_the_first_directory_that_has_it_wins(tmp_path: Path) -> None:
    write(tmp_path / "ours", "welcome", b"ours")
    write(tmp_path / "built-in", "welcome", b"theirs")
    write(tmp_path / "built-in", "menu", b"menu")
    engine = Engine()
    prompts = catalogue(engine, tmp_path / "ours", tmp_path / "built-in")
    assert engine.held[prompts.number("welcome")] == b"ours"
    assert engine.held[prompts.number("menu")] == b"menu"


def test_a_changed_file_is_loaded_anew_and_the_old_kept_while_it_is_named(
    tmp_path: Path,
) -> None:
    write(tmp_path, "x", b"old")
    engine = Engine()
    prompts = catalogue(engine, tmp_path)
    old = prompts.number("x")
    write(tmp_path, "x", b"newer")
    new = prompts.number("x")
    assert engine.held == {old: b"old", new: b"newer"}
    prompts.forget_retired({old, new})
    assert old in engine.held
    prompts.forget_retired({new})
    assert engine.held == {new: b"newer"}
    assert not prompts.has_retired


def test_what_was_asked_for_longest_ago_is_forgotten_first(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path, name, bytes(100))
    engine = Engine()
    prompts = catalogue(engine, tmp_path, cap=250)
    a, b = prompts.number("a"), prompts.number("b")
    assert prompts.number("a") == a
    prompts.number("c")
    prompts.forget_retired(set())
    assert b not in engine.held
    assert a in engine.held
    assert prompts.number("b") != b


def test_one_prompt_larger_than_the_cap_is_still_played(tmp_path: Path) -> None:
    write(tmp_path, "long", bytes(100))
    prompts = catalogue(Engine(), tmp_path, cap=10)
    assert prompts.number("long") == prompts.number("long")


@pytest.mark.parametrize(
    "name",
    ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", ".x", "a/.x", "a\\b",
     "a\0", "a\n", "x" * 256, "\ud800"],
)  # fmt: skip
def test_names_stay_inside(tmp_path: Path, name: str) -> None:
    assert not is_name(name)
    with pytest.raises(PromptMissing):
        catalogue(Engine(), tmp_path).number(name)


def test_a_missing_prompt_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptMissing, match="no prompt zh/none"):
        catalogue(Engine(), tmp_path).number("zh/none")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3 not a wav", file_of(b"")])
def test_a_file_that_cannot_be_played_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(PromptMissing, match="prompt x: "):
        catalogue(Engine(), tmp_path).number("x")


def test_a_directory_and_a_giant_are_no_prompts(tmp_path: Path) -> None:
    (tmp_path / "x.wav").mkdir()
    with (tmp_path / "y.wav").open("wb") as giant:
        os.truncate(giant.fileno(), FILE_CAP + 1)
    for name in "xy":
        with pytest.raises(PromptMissing):
            catalogue(Engine(), tmp_path).number(name)


def test_a_wav_file_is_read_back() -> None:
    for alaw in (b"", b"odd", b"even"):
        assert samples(file_of(alaw)) == alaw


def test_chunks_that_are_not_ours_are_passed_over() -> None:
    whole = file_of(b"sound")
    listed = whole[:38] + b"LIST\x03\0\0\0abc\0" + whole[38:]
    assert samples(listed) == b"sound"


@pytest.mark.parametrize(
    "data",
    [
        file_of(b"x")[:30],
        file_of(b"x")[:20] + b"\1" + file_of(b"x")[21:],
        file_of(b"x")[:22] + b"\2" + file_of(b"x")[23:],
        b"RIFF\0\0\0\0WAVEdata\1\0\0\0x",
        b"RIFF\0\0\0\0WAVEfmt \2\0\0\0\6\0",
    ],
)
def test_other_wav_files_are_unplayable(data: bytes) -> None:
    with pytest.raises(UnplayableFile):
        samples(data)
