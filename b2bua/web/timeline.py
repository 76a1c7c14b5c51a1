"""A call as a picture: a bar for the caller and one for each attempt, drawn to scale.

When an attempt began, rang and ended is read from the SIP messages; of a call without them
only the order of the attempts and how long each rang is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from markupsafe import Markup, escape

from b2bua.service.record import Attempt, CallRecord, LadderLine
from b2bua.web.words.book import Words

Kind: TypeAlias = Literal["setup", "heard", "served", "ring", "talk"]

WIDTH: Final = 1000
NAMES: Final = 150
"""Of the picture's width."""
ROW: Final = 38
BAR: Final = 20
AXIS: Final = 26
STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
"""Seconds between two marks of the axis."""
MOST_MARKS: Final = 8


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
    """When somebody asked to change the session: hold, resume or refresh."""


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
    return Row(name="", spans=tuple(spans), changes=_changes(record.ladder, "caller"))


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
            spans=spans,
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
    asked = [
        line.at_ms
        for line in ladder
        if line.leg == leg and line.line.startswith(("INVITE", "UPDATE"))
    ]
    return tuple(asked[1:])


def picture(record: CallRecord, t: Words) -> Markup:
    """The rows as SVG; each bar says in words what it is and how long it was."""
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
        parts += _drawn(row, AXIS + place * ROW, total, t)
    return Markup("".join([*parts, "</svg>"]))


def _x(at: int, total: int) -> float:
    return round(NAMES + at * (WIDTH - NAMES - 10) / total, 1)


def _axis(total: int, height: int) -> Iterator[str]:
    step = next((one for one in STEPS if total / 1000 / one <= MOST_MARKS), STEPS[-1])
    for second in range(0, total // 1000 + 1, step):
        x = _x(second * 1000, total)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{AXIS - 6}" y2="{height}"/>'
        yield f'<text class="tick" x="{x}" y="14">{_clock(second)}</text>'


def _drawn(row: Row, y: int, total: int, t: Words) -> Iterator[str]:
    name = row.name or t("caller")
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
        if width > 90:
            yield f'<text class="in {span.kind}" x="{round(x + 8, 1)}"'
            yield f' y="{middle + 5}">{escape(words)} {long:.1f} s</text>'
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


def _clock(second: int) -> str:
    return f"{second // 60}:{second % 60:02}" if second >= 60 else f"{second} s"
