"""On which line of a TOML text a key stands; ``tomllib`` does not tell.

Tables, arrays of tables, keys and dotted keys are found line by line. A key inside an
inline table has no line of its own: the line of what is around it is given.
"""

import re
from collections import Counter
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_PART: Final = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_NAME: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE: Final = re.compile(rf"\s*\[\s*({_NAME})\s*\]")
_TABLES: Final = re.compile(rf"\s*\[\[\s*({_NAME})\s*\]\]")
_KEY: Final = re.compile(rf"\s*({_NAME})\s*=")


class Lines:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: Counter[Path] = Counter()
        table: Path = ()
        for number, line in enumerate(text.split("\n"), 1):
            if matched := _TABLES.match(line):
                table = self._element(_parts(matched[1]))
                self._lines.setdefault(table[:-1], number)
            elif matched := _TABLE.match(line):
                table = self._within(_parts(matched[1]))
            elif matched := _KEY.match(line):
                self._lines.setdefault((*table, *_parts(matched[1])), number)
                continue
            else:
                continue
            self._lines.setdefault(table, number)

    def of(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing around it; 1 if there is none."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _element(self, name: Path) -> Path:
        name = self._within(name)
        self._counts[name] += 1
        return (*name, self._counts[name] - 1)

    def _within(self, name: Path) -> Path:
        """A name below an array of tables is about its last element."""
        path: Path = ()
        for part in name[:-1]:
            path = (*path, part)
            if self._counts[path]:
                path = (*path, self._counts[path] - 1)
        return (*path, *name[-1:])


def _parts(name: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))
