"""What is needed at run time is in the wheel and in the image."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest
import yaml

from b2bua.config.load import load
from tests.architecture.sources import PROGRAM, ROOT, project

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: Final = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
UNSHIPPED: Final = ("prompts/render.py", "prompts/tones.py", "prompts/README.md")
"""How the announcements were made: nothing of it is needed to play them."""


def committed(folder: str) -> list[str]:
    """Files of a folder, but for what was built there."""
    built = {".pyc", ".so"}
    return [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix not in built
    ]


def shipped() -> set[str]:
    """What the tables of setuptools put into the wheel besides the Python modules."""
    setuptools = project()["tool"]["setuptools"]
    patterns = [
        pattern for patterns in setuptools["data-files"].values() for pattern in patterns
    ]
    patterns += [
        f"{package.replace('.', '/')}/{pattern}"
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
    ]
    return {
        path.relative_to(ROOT).as_posix()
        for pattern in patterns
        for path in ROOT.glob(pattern)
    }


def test_the_wheel_has_every_file_of_the_program() -> None:
    sources = {".py", ".c", ".h"}
    needed = {
        path
        for folder in PROGRAM
        for path in committed(folder)
        if Path(path).suffix not in sources
    }
    assert needed - shipped() == set()


def test_the_wheel_has_every_announcement_where_the_program_looks() -> None:
    needed = {path for path in committed("prompts") if path not in UNSHIPPED}
    assert needed - shipped() == set()
    tables = project()["tool"]["setuptools"]["data-files"]
    for target, patterns in tables.items():
        for pattern in patterns:
            assert target == f"share/b2bua/{Path(pattern).parent.as_posix()}"


def instructions() -> list[list[str]]:
    """The lines of the Dockerfile as words, continued ones joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE))
    return [shlex.split(line) for line in joined.splitlines() if line.strip()]


def copied() -> list[str]:
    """What the image takes from here."""
    return [
        source.rstrip("/")
        for words in instructions()
        if words[0] == "COPY" and not words[1].startswith("--from")
        for source in words[1:-1]
    ]


def test_the_image_copies_what_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert sorted(copied()) == sorted(kept)
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_the_image_has_what_the_wheel_is_made_of() -> None:
    tables = project()["tool"]["setuptools"]["data-files"].values()
    made_of = [*PROGRAM, "setup.py", "pyproject.toml", project()["project"]["readme"]]
    made_of += [pattern for patterns in tables for pattern in patterns]
    made_of += project()["project"]["license-files"]
    copies = copied()
    missing = [
        path
        for path in made_of
        if not any(path == copy or fnmatch(path, f"{copy}/*") for copy in copies)
    ]
    assert missing == []


def test_the_image_runs_without_privileges() -> None:
    words = [line[0] for line in instructions()]
    last_stage = instructions()[len(words) - words[::-1].index("FROM") - 1 :]
    users = [line[1] for line in last_stage if line[0] == "USER"]
    assert users == ["b2bua"]
    assert ["VOLUME", "/var/lib/b2bua"] in last_stage
    assert any(
        "/readyz" in word
        for line in last_stage
        if line[0] == "HEALTHCHECK"
        for word in line
    )


def settings_of_image() -> dict[str, str]:
    return {
        name: value
        for line in instructions()
        if line[0] == "ENV"
        for name, _, value in (word.partition("=") for word in line[1:])
    }


def settings_of_compose() -> dict[str, str]:
    """As compose reads them when nothing is set outside."""
    given = COMPOSE["services"]["b2bua"]["environment"]
    return {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in given.items()}


@pytest.mark.parametrize("where", [settings_of_image, settings_of_compose])
def test_the_containers_environment_is_understood(where: object) -> None:
    assert callable(where)
    settings = load(ROOT / "config" / "b2bua.toml", where())
    assert settings.store.dsn == ""
    assert settings.metrics.listen == "127.0.0.1:9400"


def test_compose_keeps_the_data_and_lets_calls_end() -> None:
    node = COMPOSE["services"]["b2bua"]
    assert "data:/var/lib/b2bua" in node["volumes"]
    assert node["network_mode"] == "host"
    assert node["init"] is True
    assert node["stop_grace_period"].endswith("m")
    assert COMPOSE["services"]["postgres"]["profiles"] == ["postgres"]
    named = {
        volume.partition(":")[0]
        for s in COMPOSE["services"].values()
        for volume in s["volumes"]
    }
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])
