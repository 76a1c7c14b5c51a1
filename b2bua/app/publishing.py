"""Plans from files into the store, with the prompts that lie beside them.

Audio is converted by a process of the media side: what decodes a stranger's file has
neither our database nor our memory.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from b2bua.app.places import catalogue, prompt_names
from b2bua.config.settings import Settings
from b2bua.service.lint import Around, lint
from b2bua.service.plan import Calendar, Plan, Snapshot
from b2bua.service.planfile import Finding, read_plans
from b2bua.service.planreading import Known
from b2bua.service.plantext import Path as FieldPath
from b2bua.service.plantext import documents, field_name
from b2bua.store.plans import Draft, Published, prompt_name

AUDIO: Final = (
    *(".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus"),
    *(".m4a", ".mp4", ".aac", ".amr", ".wma"),
)
"""Suffixes of what counts as a prompt beside a plan; what is in it decides the rest."""
CONVERSION_SECONDS: Final = 60.0
CONVERSIONS: Final = 2
"""At once."""


@dataclass(slots=True)
class Reading:
    """What plan files came to."""

    drafts: list[Draft] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """Numbers to the files that they were read from."""
    findings: list[Finding] = field(default_factory=list)
    """What keeps the plans from being published."""

    @property
    def plans(self) -> list[Plan]:
        """The plans of the drafts."""
        return [draft.plan for draft in self.drafts]


def plan_files(paths: Iterable[Path]) -> list[Path]:
    """Files as they are; of a directory the ``*.yaml`` and ``*.yml`` in it."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(
                one for one in path.iterdir() if one.suffix in (".yaml", ".yml")
            )
        else:
            found.append(path)
    return found


async def read_files(
    files: Sequence[Path], settings: Settings, tariffs: Iterable[str]
) -> Reading:
    """Read, check and convert; nothing is stored. ``tariffs`` are those in the store."""
    known = Known(
        trunks={trunk.name for trunk in settings.trunk},
        tariffs={"standard", *tariffs, *(tariff.name for tariff in settings.tariff)},
        prompts=prompt_names(catalogue(settings.media.prompts)),
        allowed_destinations=settings.service.allowed_destinations,
    )
    reading = Reading()
    for file in files:
        await _read_file(file, known, reading)
    return reading


async def _read_file(file: Path, known: Known, reading: Reading) -> None:
    try:
        text = await asyncio.to_thread(file.read_text, "utf-8-sig")
    except OSError as error:
        _find(reading, file, f"cannot be read: {error.strerror}")
        return
    except UnicodeDecodeError:
        _find(reading, file, "not UTF-8")
        return
    beside = _audio_beside(file)
    known = replace(known, own_prompts={name: name for name in beside})
    plans = read_plans(text, str(file), known)
    if isinstance(plans, list):
        reading.findings += plans
        return
    texts = _texts(text, len(plans))
    for index, plan in enumerate(plans):
        if plan.number in reading.files:
            other = reading.files[plan.number]
            _find(reading, file, f"{plan.number} has a plan in {other} already", "number")
            continue
        sounds, faults = await _converted({beside[name] for name in plan.prompts})
        reading.findings += [
            Finding(file=str(file), line=line, field=where, message=message)
            for line, where, message in _placed(text, index, plan, beside, faults)
        ]
        reading.files[plan.number] = str(file)
        if not faults:
            names = {name: prompt_name(sounds[beside[name]]) for name in plan.prompts}
            contents = {names[name]: sounds[beside[name]] for name in plan.prompts}
            reading.drafts.append(
                Draft(
                    plan=replace(plan, prompts=names), source=texts[index], prompts=contents
                )
            )


def remarks(
    reading: Reading,
    snapshot: Snapshot,
    calendar: Calendar,
    today: date,
    settings: Settings,
) -> list[Finding]:
    """What is legal in the plans and yet hardly meant."""
    around = Around(
        calendar=calendar,
        today=today,
        own_numbers={*snapshot.plans, *(plan.number for plan in reading.plans)},
        prompts=prompt_names(catalogue(settings.media.prompts)),
    )
    return [
        finding
        for plan in reading.plans
        for finding in lint(plan, around, reading.files[plan.number])
    ]


def summary(published: Published) -> str:
    """What became of one plan, in a line or a few."""
    if published.new:
        return f"{published.number}: new, version {published.version}"
    if not published.changes:
        return f"{published.number}: unchanged, version {published.version}"
    head = f"{published.number}: version {published.version}"
    return "\n".join((head, *(f"  {change}" for change in published.changes)))


def _find(reading: Reading, file: Path, message: str, where: str = "") -> None:
    reading.findings.append(Finding(file=str(file), line=1, field=where, message=message))


def _audio_beside(file: Path) -> dict[str, Path]:
    """Audio files in the directory of a plan, by name with and without suffix."""
    found: dict[str, Path] = {}
    for path in sorted(file.parent.iterdir(), key=lambda one: _preference(one.suffix)):
        if path.suffix.lower() in AUDIO and path.is_file():
            found.setdefault(path.stem, path)
            found[path.name] = path
    return found


def _preference(suffix: str) -> int:
    suffix = suffix.lower()
    return AUDIO.index(suffix) if suffix in AUDIO else len(AUDIO)


def _texts(text: str, count: int) -> list[str]:
    """The text of each plan of a file: the file itself when there is one."""
    if count == 1:
        return [text]
    parts: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if line.startswith("---"):
            parts.append([])
        parts[-1].append(line)
    told = ["".join(part) for part in parts if documents("".join(part))]
    return told if len(told) == count else [text] * count


async def _converted(
    paths: Iterable[Path],
) -> tuple[dict[Path, bytes], dict[Path, str]]:
    """Contents as the media processes want them, and what could not be converted."""
    sounds: dict[Path, bytes] = {}
    faults: dict[Path, str] = {}
    room = asyncio.Semaphore(CONVERSIONS)

    async def one(path: Path, directory: Path) -> None:
        async with room:
            target = directory / f"{len(sounds) + len(faults)}-{path.stem}.wav"
            fault = await _convert(path, target)
            if fault:
                faults[path] = fault
            else:
                sounds[path] = target.read_bytes()

    with tempfile.TemporaryDirectory(prefix="b2bua-prompts-") as directory:
        await asyncio.gather(*(one(path, Path(directory)) for path in sorted(paths)))
    return sounds, faults


async def _convert(source: Path, target: Path) -> str:
    """Convert one file; what is wrong with it, or nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "media.audio.files", str(source), str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CONVERSION_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return f"{source}: converting took longer than {CONVERSION_SECONDS:.0f} seconds"
    if process.returncode == 0:
        return ""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{source}: cannot be converted"


def _placed(
    text: str,
    index: int,
    plan: Plan,
    beside: Mapping[str, Path],
    faults: Mapping[Path, str],
) -> Iterator[tuple[int, str, str]]:
    """Where in the plan the files with faults are named."""
    if not faults:
        return
    document = documents(text)[index]
    named: list[tuple[FieldPath, str]] = [
        (("menus", name, "prompt"), menu.prompt) for name, menu in plan.menus.items()
    ]
    if plan.greeting is not None:
        named.append((("greeting",), plan.greeting))
    for path, prompt in named:
        fault = faults.get(beside.get(prompt, Path()))
        if fault:
            yield document.line(path), field_name(path), fault
