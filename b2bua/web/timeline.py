"""A call as a picture: a bar for the caller and one for each attempt, drawn to scale.

When an attempt began, rang and ended is read from the SIP messages; of a call without them
only the order of the attempts and how long each rang is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from markupsafe import Markup, escape

from b2bua.service.record import Attempt, CallRecord, LadderLine
from b2bua.web.words.book import Words

Kind: TypeAlias = Literal["setup", "heard", "served", "ring", "talk", "hold"]
KINDS: Final[tuple[Kind, ...]] = ("setup", "ring", "heard", "served", "talk", "hold")

WIDTH: Final = 1000
NAMES: Final = 150
"""Of the picture's width."""
ROW: Final = 38
BAR: Final = 20
AXIS: Final = 26
STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
"""Seconds between two marks of the axis."""
MOST_MARKS: Final = 8
HOLDS: Final = (";sendonly)", ";inactive)")
"""How the line ends of an offer that holds."""
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted, in milliseconds after the INVITE."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One party."""

    name: str
    """A destination's; empty for the caller."""
    outcome: str = ""
    spans: tuple[Span, ...] = ()
    changes: tuple[int, ...] = ()
    """When somebody asked to change the session without holding: resume or refresh."""


def rows(record: CallRecord) -> list[Row]:
    """The caller, then each attempt that was made."""
    tried = [one for one in record.attempts if one.outcome != "skipped"]
    return [_caller(record), *_attempts(record, tried)]


def _caller(record: CallRecord) -> Row:
    def after(at: datetime | None) -> int | None:
        if at is None:
            return None
        return max(0, round((at - record.invite_at).total_seconds() * 1000))

    end = after(record.ended_at) or 0
    talk = after(record.destination_answered_at)
    talked = end if talk is None else min(end, talk + record.talk_ms)
    marks: list[tuple[int | None, Kind]] = [
        (0, "setup"),
        (after(record.early_media_at), "heard"),
        (after(record.answered_at), "served"),
        (talk, "talk"),
        (talked if talk is not None else None, "served"),
    ]
    known = [(at, kind) for at, kind in marks if at is not None]
    ends = [at for at, _ in known[1:]] + [end]
    spans = (
        Span(kind, at, until)
        for (at, kind), until in zip(known, ends, strict=True)
        if until > at
    )
    return Row(
        name="",
        spans=(*spans, *_holds(record.ladder, "caller", talked)),
        changes=_changes(record.ladder, "caller"),
    )


def _attempts(record: CallRecord, tried: Sequence[Attempt]) -> Iterator[Row]:
    reached = 0
    for one in tried:
        lines = [line for line in record.ladder if line.leg == one.destination]
        spans = _from_ladder(lines, record)
        if not spans:
            spans = (Span("ring", reached, reached + max(one.ring_ms, 1)),)
            reached = spans[-1].end
        yield Row(
            name=one.destination,
            outcome=one.outcome,
            spans=(*spans, *_holds(record.ladder, one.destination, spans[-1].end)),
            changes=_changes(record.ladder, one.destination),
        )


def _from_ladder(lines: Sequence[LadderLine], record: CallRecord) -> tuple[Span, ...]:
    began = next((line.at_ms for line in lines if line.line.startswith("INVITE")), None)
    if began is None:
        return ()
    last = max(line.at_ms for line in lines)
    rang = answered = None
    ended = last
    for line in lines:
        status = _status(line)
        if 180 <= status < 190 and rang is None:
            rang = line.at_ms
        elif status >= 200 and answered is None:
            ended = line.at_ms
            answered = line.at_ms if status < 300 else None
            break
    over = next((line.at_ms for line in lines if line.line.startswith("BYE")), last)
    spans = [
        Span("setup", began, ended if rang is None else rang),
        *([] if rang is None else [Span("ring", rang, ended)]),
    ]
    if answered is not None:
        lasted = answered + record.talk_ms if over <= answered else over
        spans.append(Span("talk", answered, lasted))
    return tuple(span for span in spans if span.end > span.start)


def _status(line: LadderLine) -> int:
    """Of a final or provisional answer to an INVITE; 0 for all else."""
    start, _, rest = line.line.partition(" ")
    if not start.startswith("SIP/") or not line.line.endswith("INVITE)"):
        return 0
    code = rest[:3]
    return int(code) if code.isdecimal() else 0


def _changes(ladder: Sequence[LadderLine], leg: str) -> tuple[int, ...]:
    asked = _asked(ladder, leg)
    return tuple(line.at_ms for line in asked if not line.line.endswith(HOLDS))


def _holds(ladder: Sequence[LadderLine], leg: str, end: int) -> Iterator[Span]:
    """From each offer that holds to the next that does not, or to the end of the talk."""
    since: int | None = None
    for line in _asked(ladder, leg):
        held = line.line.endswith(HOLDS)
        if held and since is None:
            since = line.at_ms
        elif not held and since is not None:
            yield Span("hold", since, line.at_ms)
            since = None
    if since is not None and end > since:
        yield Span("hold", since, end)


def _asked(ladder: Sequence[LadderLine], leg: str) -> list[LadderLine]:
    """Requests that changed the session of a leg after it was set up."""
    asked = [
        line
        for line in ladder
        if line.leg == leg and line.line.startswith(("INVITE", "UPDATE"))
    ]
    return asked[1:]


def picture(record: CallRecord, t: Words, people: Mapping[str, str] = NOBODY) -> Markup:
    """The rows as SVG; each bar says in words what it is and how long it was.

    ``people`` are those who answer at destinations, by name.
    """
    found = rows(record)
    ends = [span.end for row in found for span in row.spans]
    total = max([*ends, 1000])
    height = AXIS + ROW * len(found)
    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(t("timeline"))}">',
        *_axis(total, height),
    ]
    for place, row in enumerate(found):
        name = people.get(row.name) or row.name or t("caller")
        parts += _drawn(row, name, AXIS + place * ROW, total, t)
    return Markup("".join([*parts, "</svg>"])) + _legend(found, t)


def _legend(found: Sequence[Row], t: Words) -> Markup:
    """What the colours mean, of those that are there."""
    kinds = {span.kind for row in found for span in row.spans}
    names = [(str(kind), t(f"span_{kind}")) for kind in KINDS if kind in kinds]
    if any(row.changes for row in found):
        names.append(("change", t("span_change")))
    marks = (f'<li class="{kind}">{escape(name)}</li>' for kind, name in names)
    return Markup(f'<ul class="legend" aria-hidden="true">{"".join(marks)}</ul>')


def _x(at: int, total: int) -> float:
    return round(NAMES + at * (WIDTH - NAMES - 10) / total, 1)


def _axis(total: int, height: int) -> Iterator[str]:
    step = next((one for one in STEPS if total / 1000 / one <= MOST_MARKS), STEPS[-1])
    for second in range(0, total // 1000 + 1, step):
        x = _x(second * 1000, total)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{AXIS - 6}" y2="{height}"/>'
        yield f'<text class="tick" x="{x}" y="14">{_clock(second)}</text>'


def _drawn(row: Row, name: str, y: int, total: int, t: Words) -> Iterator[str]:
    middle = y + ROW / 2
    yield f'<text class="name" x="0" y="{middle + 5}">{escape(name[:14])}</text>'
    for span in row.spans:
        x, end = _x(span.start, total), _x(span.end, total)
        width = max(end - x, 2)
        long = (span.end - span.start) / 1000
        words = t(f"span_{span.kind}")
        yield f"<g><title>{escape(words)} {long:.1f} s</title>"
        yield f'<rect class="{span.kind}" x="{x}" y="{middle - BAR / 2}"'
        yield f' width="{round(width, 1)}" height="{BAR}" rx="3"/>'
        if inside := _fitting((f"{words} {long:.1f} s", f"{long:.1f} s"), width - 12):
            yield f'<text class="in {span.kind}" x="{round(x + 6, 1)}"'
            yield f' y="{middle + 5}">{escape(inside)}</text>'
        yield "</g>"
    for at in row.changes:
        x = _x(at, total)
        yield f'<g><title>{escape(t("span_change"))}</title><line class="change"'
        yield f' x1="{x}" x2="{x}" y1="{y + 6}" y2="{y + ROW - 6}"/></g>'
    if row.outcome and row.outcome != "answered" and row.spans:
        x = _x(row.spans[-1].end, total)
        if x < WIDTH - 120:
            yield f'<text class="end" x="{x + 8}" y="{middle + 5}">'
            yield f"{escape(t(row.outcome))}</text>"


def _fitting(texts: Sequence[str], room: float) -> str:
    """The first that is not wider than the room; empty if none is."""
    return next((text for text in texts if _width(text) <= room), "")


def _width(text: str) -> float:
    """About how wide a text is drawn: a Chinese character is twice a letter."""
    return sum(13.0 if ord(one) > 0x2E7F else 7.6 for one in text)


def _clock(second: int) -> str:
    return f"{second // 60}:{second % 60:02}" if second >= 60 else f"{second} s"
