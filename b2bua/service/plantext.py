"""YAML text to plain values that know their lines.

Only what a plan needs is taken: mappings, lists and scalars. Scalars stay as they are
written, so that ``0755`` keeps its zero and ``22:00`` does not become a number; unquoted
``true``, ``false`` and ``null`` are what they say. Anchors, aliases and tags are refused,
as are size and depth beyond any honest plan: a plan may come from a stranger's upload.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from b2bua.core.errors import B2buaError

LONGEST_TEXT: Final = 512 * 1024
"""Characters of one file."""
MOST_VALUES: Final = 50_000
"""Keys, items and scalars of one file."""
DEEPEST: Final = 12

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of a document to a value."""

_WORDS: Final[dict[str, object]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


class MalformedText(B2buaError):
    """The text is no YAML, or holds what plans may not."""

    def __init__(self, line: int, field_name: str, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.field_name = field_name
        self.message = message


@dataclass(slots=True)
class Document:
    """One YAML document: its value, and the line on which each path begins."""

    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    value: dict[str, object] | list[object]
    path: Path
    key: str | None = None


def documents(text: str) -> list[Document]:
    """Every document of ``text`` that is not empty; raises :class:`MalformedText`."""
    if len(text) > LONGEST_TEXT:
        raise MalformedText(1, "", f"longer than {LONGEST_TEXT} characters")
    found: list[Document] = []
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                builder.begin()
            elif isinstance(event, yaml.DocumentEndEvent):
                found.append(builder.document)
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise MalformedText(line, "", f"not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # Escapes beyond Unicode and endless version numbers leave the scanner like this.
        raise MalformedText(1, "", f"not YAML: {str(error)[:200]}") from error
    return [document for document in found if document.value is not None]


class _Builder:
    """Puts events together, one document at a time, without recursion."""

    def __init__(self) -> None:
        self.document = Document()
        self._open: list[_Open] = []
        self._count = 0

    def begin(self) -> None:
        self.document = Document()
        self._open.clear()

    def take(self, event: yaml.NodeEvent | yaml.CollectionEndEvent) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            return
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        self._refuse(event, line)
        value: object
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None
            value = _WORDS.get(event.value, event.value) if plain else event.value
        else:
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place(value, line, event)
        if isinstance(value, dict | list) and path is not None:
            self._open.append(_Open(value, path))

    def _refuse(self, event: yaml.NodeEvent, line: int) -> None:
        where = field_name(self._open[-1].path) if self._open else ""
        self._count += 1
        if self._count > MOST_VALUES:
            raise MalformedText(line, where, f"more than {MOST_VALUES} values")
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise MalformedText(line, where, "anchors and aliases (& and *) are not taken")
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise MalformedText(line, where, f"tags are not taken: {tag}")
        if len(self._open) >= DEEPEST:
            raise MalformedText(line, where, f"nested deeper than {DEEPEST}")

    def _place(self, value: object, line: int, event: yaml.NodeEvent) -> Path | None:
        """Put ``value`` where it belongs; its path, or None for a mapping's key."""
        if not self._open:
            self.document.value = value
            self.document.lines[()] = line
            return ()
        parent = self._open[-1]
        if isinstance(parent.value, list):
            path = (*parent.path, len(parent.value))
            parent.value.append(value)
        elif parent.key is None:
            self._name(parent, line, event)
            return None
        else:
            path = (*parent.path, parent.key)
            parent.value[parent.key] = value
            parent.key = None
        self.document.lines.setdefault(path, line)
        return path

    def _name(self, parent: _Open, line: int, event: yaml.NodeEvent) -> None:
        where = field_name(parent.path)
        if not isinstance(event, yaml.ScalarEvent):
            raise MalformedText(line, where, "a key must be a word, not a list or mapping")
        path = (*parent.path, event.value)
        if event.value in parent.value:
            raise MalformedText(line, field_name(path), "the key is given twice")
        parent.key = event.value
        self.document.lines[path] = line


def field_name(path: Path) -> str:
    """A path as people write it: ``routes[2].when.hours``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
