"""A changed plan as an edited text: comments, order and spelling of the rest survive.

:func:`edited` compares two plans as plain values and rewrites in the text only what
differs. Whoever wrote a file by hand finds it again after somebody changed a number in a
form. The result is read back: a text that would not say what it should is never given
out, a fresh one is written instead.

A comment belongs to what it stands before, or behind on the same line; it goes where that
goes, and goes with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from b2bua.service import planspans
from b2bua.service.plan import Plan
from b2bua.service.planfile import plan_to_yaml, read_plans, yaml_text
from b2bua.service.planreading import Known
from b2bua.service.planspans import Node, Pair, Scalar, is_block, line_end, spans
from b2bua.service.planwriting import plain

Dict: TypeAlias = Mapping[str, object]

WIDTH: Final = 92
_NAMES: Final = ("name", "url")
"""By which the entries of a list are known again."""
_ANY: Final = Known(allowed_destinations=("",))


def edited(source: str, before: Plan, after: Plan) -> str:
    """``source``, which says ``before``, so that it says ``after``; both are valid."""
    tree = spans(source)
    if isinstance(tree, planspans.Mapping):
        text = _Editor(source).document(tree, plain(before), plain(after))
        if text is not None and _says(text, after):
            return text
    return plan_to_yaml(after)


def _says(text: str, plan: Plan) -> bool:
    read = read_plans(text, "", _ANY)
    if isinstance(read, list) or len(read) != 1:
        return False
    return read[0] == replace(plan, version=0, prompts={})


@dataclass(slots=True, kw_only=True)
class _Piece:
    """One entry of a collection: what is before it, itself, the rest of its line."""

    lead: str
    body: str
    tail: str = ""

    def __str__(self) -> str:
        return self.lead + self.body + self.tail


class _Editor:
    """Rewrites one text."""

    def __init__(self, source: str) -> None:
        self._source = source

    def document(self, top: planspans.Mapping, before: Dict, after: Dict) -> str | None:
        """The whole text; None if that cannot be told."""
        text = self._changed(top, top.start, before, after)
        if text is None:
            return None
        return self._source[: top.start] + text + self._source[top.end :]

    def _changed(self, node: Node, begin: int, before: object, after: object) -> str | None:
        """The text from ``begin`` to the node's end; None: write it anew."""
        if before == after:
            return self._source[begin : node.end]
        match node:
            case Scalar():
                return self._scalar(node, after)
            case planspans.Mapping():
                if not (isinstance(before, dict) and isinstance(after, dict) and after):
                    return None
                if node.flow:
                    return self._braces(node, before, after)
                return self._lines(node, begin, before, after)
            case planspans.Sequence():
                if not (isinstance(before, list) and isinstance(after, list) and after):
                    return None
                if len(before) != len(node.items):
                    return None
                if node.flow:
                    return self._brackets(node, before, after)
                return self._dashes(node, begin, before, after)

    def _scalar(self, node: Scalar, after: object) -> str | None:
        if isinstance(after, dict | list) or node.style in planspans.BLOCK_SCALARS:
            return None
        text = _flow(after)
        if node.style == '"' and isinstance(after, str) and text == after:
            text = f'"{after}"'
        return text if node.end > node.start else f" {text}"

    def _lines(
        self, node: planspans.Mapping, begin: int, before: Dict, after: Dict
    ) -> str | None:
        """A mapping of lines."""
        pieces: dict[str, _Piece] = {}
        column = self._column(node.pairs[0].start)
        cursor = begin
        for pair in node.pairs:
            lead = self._source[cursor : pair.start]
            cursor = line_end(self._source, pair.value)
            if pair.key in before and pair.key not in after:
                if pair is node.pairs[0] and not lead.strip(" ") and "\n" not in lead:
                    return None
                continue
            body, tail = self._entry(pair, cursor, column, before, after)
            pieces[pair.key] = _Piece(lead=lead, body=body, tail=tail)
        for key, value in _missing(pieces, before, after):
            text = _pair(key, value, column)
            pieces[key] = _Piece(lead=" " * column, body=text)
        return _joined(_in_order(pieces, before, after).values())

    def _entry(
        self, pair: Pair, end: int, column: int, before: Dict, after: Dict
    ) -> tuple[str, str]:
        """A key with its value, and what is left of the line."""
        value = pair.value
        tail = "" if is_block(value) else self._source[value.end : end]
        if pair.key not in after:
            return self._source[pair.start : value.end], tail
        inner = self._inner(pair.key_end, value)
        text = self._changed(value, inner, before.get(pair.key), after[pair.key])
        if text is not None:
            return self._source[pair.start : inner] + text, tail
        text = _pair(pair.key, after[pair.key], column)
        if tail.strip() and text.count("\n") == 1:
            return text[:-1], tail
        return text, ""

    def _dashes(
        self,
        node: planspans.Sequence,
        begin: int,
        before: list[object],
        after: list[object],
    ) -> str | None:
        """A list of lines with a dash each."""
        old: list[tuple[str, int]] = []
        cursor = begin
        for item in node.items:
            old.append((self._source[cursor : item.start], item.start))
            cursor = line_end(self._source, item)
        dash = old[0][0].rfind("-")
        column = self._column(begin + dash) if dash >= 0 else -1
        if column < 0:
            return None
        pieces: list[_Piece] = []
        for place, value in _aligned(before, after):
            if place is None:
                body = _block(value, column + 2)
                lead, tail = " " * column + "- ", ""
            else:
                item = node.items[place]
                lead = old[place][0]
                changed = self._changed(item, item.start, before[place], value)
                tail = (
                    ""
                    if is_block(item)
                    else self._source[item.end : line_end(self._source, item)]
                )
                body, tail = (
                    (_block(value, column + 2), "") if changed is None else (changed, tail)
                )
            pieces.append(_Piece(lead=lead, body=body, tail=tail))
        return _joined(pieces)

    def _braces(self, node: planspans.Mapping, before: Dict, after: Dict) -> str:
        pieces: dict[str, _Piece] = {}
        ends = [(pair.start, pair.value.end) for pair in node.pairs]
        gaps = self._gaps(node.start, node.end, ends)
        for pair, (lead, tail) in zip(node.pairs, gaps, strict=True):
            if pair.key in before and pair.key not in after:
                continue
            value = after.get(pair.key)
            inner = pair.value.start
            text: str | None = self._source[inner : pair.value.end]
            if pair.key in after:
                text = self._changed(pair.value, inner, before.get(pair.key), value)
            head = self._source[pair.start : inner]
            body = head + (_flow(value) if text is None else text)
            pieces[pair.key] = _Piece(lead=lead, body=body, tail=tail)
        for key, value in _missing(pieces, before, after):
            pieces[key] = _Piece(lead=" ", body=f"{_flow(key)}: {_flow(value)}")
        kept = _in_order(pieces, before, after)
        return self._enclosed("{", "}", kept.values(), node.start)

    def _brackets(
        self, node: planspans.Sequence, before: list[object], after: list[object]
    ) -> str:
        ends = [(item.start, item.end) for item in node.items]
        gaps = self._gaps(node.start, node.end, ends)
        pieces: list[_Piece] = []
        for place, value in _aligned(before, after):
            if place is None:
                pieces.append(_Piece(lead=" ", body=_flow(value)))
                continue
            item = node.items[place]
            text = self._changed(item, item.start, before[place], value)
            lead, tail = gaps[place]
            body = _flow(value) if text is None else text
            pieces.append(_Piece(lead=lead, body=body, tail=tail))
        return self._enclosed("[", "]", pieces, node.start)

    def _enclosed(
        self, opening: str, closing: str, pieces: Iterable[_Piece], start: int
    ) -> str:
        """Pieces between brackets, on new lines where they get too long."""
        column = self._column(start) + 1
        text, width = opening, column
        for place, piece in enumerate(pieces):
            if place:
                text += ","
            lead = piece.lead
            if not lead.strip(" "):
                lead = " " if place else ""
                if width + len(piece.body) > WIDTH and place:
                    lead = "\n" + " " * column
            text += lead + piece.body + piece.tail
            width = len(text) - text.rfind("\n") + (0 if "\n" in text else column)
        return text + closing

    def _gaps(
        self, start: int, end: int, ends: Sequence[tuple[int, int]]
    ) -> list[tuple[str, str]]:
        """What stands before and behind each entry between brackets, commas left out."""
        found: list[tuple[str, str]] = []
        cursor = start + 1
        for place, (begins, stops) in enumerate(ends):
            lead = self._source[cursor:begins]
            limit = ends[place + 1][0] if place + 1 < len(ends) else end - 1
            comma = self._comma(stops, limit)
            found.append((lead, self._source[stops:comma]))
            cursor = comma + 1
        return found

    def _comma(self, start: int, end: int) -> int:
        """The place of the comma after an entry; ``end`` if there is none."""
        at = start
        while at < end and self._source[at] != ",":
            if self._source[at] == "#":
                at = self._source.find("\n", at, end)
                if at < 0:
                    return end
            at += 1
        return at

    def _inner(self, key_end: int, value: Node) -> int:
        """Where what belongs to a value begins: a block on the line after its key."""
        if not is_block(value):
            return value.start
        found = self._source.find("\n", key_end, value.start)
        return value.start if found < 0 else found + 1

    def _column(self, place: int) -> int:
        return place - (self._source.rfind("\n", 0, place) + 1)


def _missing(
    pieces: Mapping[str, _Piece], before: Dict, after: Dict
) -> Iterable[tuple[str, object]]:
    """Changed keys that the text leaves out, each with what of it must be said."""
    for key, value in after.items():
        if key not in pieces and before.get(key) != value:
            yield key, _told(before.get(key), value)


def _told(before: object, after: object) -> object:
    """Of a mapping that was left out, what is not as it was."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    return {
        key: _told(before.get(key), value)
        for key, value in after.items()
        if before.get(key) != value
    }


def _in_order(pieces: dict[str, _Piece], before: Dict, after: Dict) -> dict[str, _Piece]:
    """As written; as ``after`` has it if that changed; new ones behind their neighbour."""
    common = [key for key in before if key in after and key in pieces]
    if [key for key in after if key in common] != common:
        rest = [key for key in pieces if key not in after]
        return {key: pieces[key] for key in (*filter(pieces.__contains__, after), *rest)}
    order = [key for key in pieces if key in before or key not in after]
    previous = ""
    for key in after:
        if key in pieces and key not in order:
            place = order.index(previous) + 1 if previous in order else len(order)
            order.insert(place, key)
        if key in pieces:
            previous = key
    return {key: pieces[key] for key in order}


def _aligned(
    before: list[object], after: list[object]
) -> Iterable[tuple[int | None, object]]:
    """For each new entry the place of the one it was; None for one that is new."""
    free = set(range(len(before)))
    found: dict[int, int] = {}

    def claim(like: Callable[[object, object], bool]) -> None:
        for place, value in enumerate(after):
            if place not in found:
                old = next((one for one in sorted(free) if like(before[one], value)), None)
                if old is not None:
                    found[place] = old
                    free.discard(old)

    claim(lambda one, other: one == other)
    claim(lambda one, other: _name(one) is not None and _name(one) == _name(other))
    if len(before) == len(after):
        for place in sorted(free):
            if place not in found:
                found[place] = place
    return [(found.get(place), value) for place, value in enumerate(after)]


def _name(value: object) -> object:
    if not isinstance(value, dict):
        return None
    return next((value[key] for key in _NAMES if key in value), None)


def _joined(pieces: Iterable[_Piece]) -> str:
    """Lines of pieces, each with its break."""
    text = ""
    for piece in pieces:
        if text and not text.endswith("\n"):
            text += "\n"
        text += str(piece)
    return text


def _flow(value: object) -> str:
    """A value on one line."""
    return yaml_text([value], flow=True)[1:-2]


def _block(value: object, column: int) -> str:
    """A value on lines from ``column``; the first begins where it is put."""
    if not isinstance(value, dict | list):
        return f"{_flow(value)}\n"
    text = yaml_text(value)
    indent = " " * column
    return "".join(
        line if not place or not line.strip() else indent + line
        for place, line in enumerate(text.splitlines(keepends=True))
    )


def _pair(key: str, value: object, column: int) -> str:
    """A key and its value on lines of their own."""
    if isinstance(value, dict | list):
        return _block({key: value}, column)
    return f"{_flow(key)}: {_flow(value)}\n"
