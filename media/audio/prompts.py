"""The prompt catalogue: names to what the engine has loaded, each file read once.

A name is a path under one of the directories, without ``.wav``; the first directory that
has the file wins. A file that changed on disk is loaded anew when it is next asked for.
The old samples are kept until no plan names them, and so is what does not fit any more.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.audio.wav import UnplayableFile, samples

FILE_CAP: Final = 8 << 20
"""Octets of the largest file that is loaded: more than ten minutes."""
CATALOGUE_CAP: Final = 256 << 20
"""Octets of samples that are kept for those who may ask again."""
_NAME_CAP: Final = 255


class PromptMissing(ValueError):
    """There is no such prompt, or it cannot be played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    number: int
    octets: int
    version: tuple[int, int, int]
    """Of the file: when it was changed, how long it is, which one it is."""


class Prompts:
    """What has been loaded so far. ``load`` and ``unload`` are the engine's."""

    def __init__(
        self,
        directories: Sequence[Path],
        load: Callable[[bytes], int],
        unload: Callable[[int], None],
        *,
        cap: int = CATALOGUE_CAP,
    ) -> None:
        self._directories = tuple(directories)
        self._load = load
        self._unload = unload
        self._cap = cap
        self._loaded: OrderedDict[Path, _Loaded] = OrderedDict()
        """The one asked for last is last."""
        self._octets = 0
        self._retired: set[int] = set()

    def number(self, name: str) -> int:
        """The engine's number of a prompt; raises :class:`PromptMissing`."""
        path, status = self._find(name)
        version = (status.st_mtime_ns, status.st_size, status.st_ino)
        loaded = self._loaded.get(path)
        if loaded is not None and loaded.version == version:
            self._loaded.move_to_end(path)
            return loaded.number
        alaw = _read(name, path)
        if loaded is not None:
            self._retire(path)
        number = self._load(alaw)
        self._loaded[path] = _Loaded(number=number, octets=len(alaw), version=version)
        self._octets += len(alaw)
        while self._octets > self._cap and len(self._loaded) > 1:
            self._retire(next(iter(self._loaded)))
        return number

    @property
    def has_retired(self) -> bool:
        """Whether :meth:`forget_retired` has something to do."""
        return bool(self._retired)

    def forget_retired(self, in_use: Set[int]) -> None:
        """Unload what nobody will be given again and no plan names any more."""
        for number in self._retired - in_use:
            self._unload(number)
        self._retired &= in_use

    def _retire(self, path: Path) -> None:
        loaded = self._loaded.pop(path)
        self._octets -= loaded.octets
        self._retired.add(loaded.number)

    def _find(self, name: str) -> tuple[Path, os.stat_result]:
        if not is_name(name):
            raise PromptMissing(f"{name[:_NAME_CAP]!r} is no name of a prompt")
        for directory in self._directories:
            path = directory / f"{name}.wav"
            try:
                return path, path.stat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as fault:
                raise PromptMissing(f"prompt {name}: {fault.strerror}") from fault
        raise PromptMissing(f"there is no prompt {name}")


def is_name(name: str) -> bool:
    """Whether ``name`` stays inside the directories: no root, no dots, no controls."""
    parts = name.split("/")
    return (
        0 < len(name.encode("utf-8", "replace")) <= _NAME_CAP
        and name.isprintable()
        and "\\" not in name
        and not any(part == "" or part.startswith(".") for part in parts)
    )


def _read(name: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_CAP + 1)
        if len(data) > FILE_CAP:
            raise PromptMissing(f"prompt {name}: longer than {FILE_CAP} octets")
        alaw = samples(data)
    except OSError as fault:
        raise PromptMissing(f"prompt {name}: {fault.strerror}") from fault
    except UnplayableFile as fault:
        raise PromptMissing(f"prompt {name}: {fault}") from fault
    if not alaw:
        raise PromptMissing(f"prompt {name}: there is nothing in it")
    return alaw
