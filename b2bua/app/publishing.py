"""Plans from files into the store, with the prompts that lie beside them.

Audio is converted by a process of the media side: what decodes a stranger's file has
neither our database nor our memory.
"""

import asyncio
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from b2bua.app import build
from b2bua.app.places import catalogue, prompt_names
from b2bua.config.settings import Settings
from b2bua.mediactl.conversion import CONVERSIONS, convert
from b2bua.service.lint import Around, check, named_prompts
from b2bua.service.plan import Plan, Snapshot
from b2bua.service.planfile import Finding, plan_to_yaml, read_documents
from b2bua.service.planreading import Known
from b2bua.service.plantext import Document, field_name
from b2bua.store.plans import Draft, Published, prompt_name

AUDIO: Final = (
    *(".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus"),
    *(".m4a", ".mp4", ".aac", ".amr", ".wma"),
)
"""Suffixes of what counts as a prompt beside a plan; what is in it decides the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file that plans were read from."""

    file: str
    text: str
    known: Known


@dataclass(slots=True)
class Reading:
    """What plan files came to."""

    drafts: list[Draft] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """Numbers to the files that they were read from."""
    findings: list[Finding] = field(default_factory=list)
    """What keeps the plans from being published."""
    sources: list[_Source] = field(default_factory=list)
    """The files in which there was nothing wrong."""

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
    files: Sequence[Path],
    settings: Settings,
    tariffs: Iterable[str],
    phones: Mapping[str, str] | None = None,
) -> Reading:
    """Read, check and convert; nothing is stored. ``tariffs`` are those in the store.

    ``phones`` are those in the store and whose each is; None: they may come later.
    """
    known = Known(
        trunks=build.trunk_names(settings),
        tariffs={"standard", *tariffs, *(tariff.name for tariff in settings.tariff)},
        prompts=prompt_names(catalogue(settings.media.prompts)),
        allowed_destinations=settings.service.allowed_destinations,
        phones=phones,
        webhooks=build.webhook_reach(settings),
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
    read = read_documents(text, str(file), known)
    if isinstance(read, list):
        reading.findings += read
        return
    reading.sources.append(_Source(file=str(file), text=text, known=known))
    for document, plan in read:
        if plan.number in reading.files:
            other = reading.files[plan.number]
            _find(reading, file, f"{plan.number} has a plan in {other} already", "number")
            continue
        reading.files[plan.number] = str(file)
        sounds, faults = await _converted({beside[name] for name in plan.prompts})
        if faults:
            reading.findings += _placed(str(file), document, plan, beside, faults)
            continue
        names = {name: prompt_name(sounds[beside[name]]) for name in plan.prompts}
        reading.drafts.append(
            Draft(
                plan=replace(plan, prompts=names),
                source=text if len(read) == 1 else plan_to_yaml(plan),
                prompts={names[name]: sounds[beside[name]] for name in plan.prompts},
            )
        )


def remarks(
    reading: Reading, snapshot: Snapshot, today: date, settings: Settings
) -> list[Finding]:
    """What is legal in the plans and yet hardly meant."""
    around = Around(
        calendar=snapshot.calendar,
        today=today,
        now=datetime.now(UTC),
        own_numbers={*snapshot.plans, *reading.files},
        prompts=prompt_names(catalogue(settings.media.prompts)),
    )
    return [
        finding
        for source in reading.sources
        for finding in check(source.text, source.file, source.known, around)
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
            fault = await convert(path, target)
            if fault:
                faults[path] = fault
            else:
                sounds[path] = target.read_bytes()

    with tempfile.TemporaryDirectory(prefix="b2bua-prompts-") as directory:
        await asyncio.gather(*(one(path, Path(directory)) for path in sorted(paths)))
    return sounds, faults


def _placed(
    file: str,
    document: Document,
    plan: Plan,
    beside: Mapping[str, Path],
    faults: Mapping[Path, str],
) -> Iterator[Finding]:
    """Where in the plan the files with faults are named."""
    for path, prompt in named_prompts(plan):
        fault = faults.get(beside.get(prompt, Path()))
        if fault:
            line = document.line(path)
            yield Finding(file=file, line=line, field=field_name(path), message=fault)
