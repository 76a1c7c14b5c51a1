"""YAML text as a tree of values that know where in the text they are written.

Positions are characters from the start of the text. What is between two values (commas,
comments, indentation) is nobody's: whoever edits decides whose it is.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

BLOCK_SCALARS: Final = frozenset("|>")


@dataclass(slots=True, kw_only=True)
class Scalar:
    """One word, quoted or not."""

    start: int
    end: int
    style: str
    """The sign it is quoted with; empty: none."""


@dataclass(slots=True)
class Pair:
    """A key, and what is written under it."""

    key: str
    start: int
    """Of the key."""
    key_end: int
    value: "Node"


@dataclass(slots=True, kw_only=True)
class Mapping:
    """Keys with values, in the order in which they are written."""

    start: int
    end: int
    flow: bool
    """In braces; otherwise one line or more for each key."""
    pairs: list[Pair] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Sequence:
    """A list."""

    start: int
    end: int
    flow: bool
    """In brackets; otherwise each item after a dash."""
    items: "list[Node]" = field(default_factory=list)


Node: TypeAlias = Scalar | Mapping | Sequence


def spans(text: str) -> Node | None:
    """The tree of a text with one document; None if it is none that can be edited.

    Never asked of text that :func:`b2bua.service.plantext.documents` refuses.
    """
    root: Node | None = None
    opened: list[Mapping | Sequence] = []
    keys: list[yaml.ScalarEvent | None] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            _close(opened.pop(), event, text)
            keys.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent) or (not opened and root is not None):
            return None
        if opened and isinstance(opened[-1], Mapping) and keys[-1] is None:
            if not isinstance(event, yaml.ScalarEvent):
                return None
            keys[-1] = event
            continue
        node = _node(event)
        if opened:
            _attach(opened[-1], keys, node)
        else:
            root = node
        if not isinstance(node, Scalar):
            opened.append(node)
            keys.append(None)
    return root


def _node(event: yaml.NodeEvent) -> Node:
    start, end = _extent(event)
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(start=start, end=end, style=event.style or "")
    if isinstance(event, yaml.MappingStartEvent):
        return Mapping(start=start, end=end, flow=bool(event.flow_style))
    assert isinstance(event, yaml.SequenceStartEvent)
    return Sequence(start=start, end=end, flow=bool(event.flow_style))


def _attach(
    parent: Mapping | Sequence, keys: list[yaml.ScalarEvent | None], node: Node
) -> None:
    if isinstance(parent, Sequence):
        parent.items.append(node)
        return
    key = keys[-1]
    assert key is not None
    start, end = _extent(key)
    parent.pairs.append(Pair(key.value, start, end, node))
    keys[-1] = None


def _close(node: Mapping | Sequence, event: yaml.CollectionEndEvent, text: str) -> None:
    """A block ends with the line of its last value, not where the next thing begins."""
    if node.flow:
        node.end = _extent(event)[1]
        return
    last: Node | None
    if isinstance(node, Mapping):
        last = node.pairs[-1].value if node.pairs else None
    else:
        last = node.items[-1] if node.items else None
    node.end = _extent(event)[1] if last is None else line_end(text, last)


def _extent(event: yaml.Event) -> tuple[int, int]:
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index


def line_end(text: str, node: Node) -> int:
    """Where the line ends on which a value does, its line break included."""
    if is_block(node) or (isinstance(node, Scalar) and node.style in BLOCK_SCALARS):
        return node.end
    found = text.find("\n", node.end)
    return len(text) if found < 0 else found + 1


def is_block(node: Node) -> bool:
    """Whether a value takes lines of its own."""
    return not isinstance(node, Scalar) and not node.flow
