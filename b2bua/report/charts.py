"""Charts as SVG: plain shapes and words, no scripts, colours by the page's style.

Each is 420 units wide and scales to its place; hovering a shape tells its figure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from b2bua.report.wording import printable, width

WIDE: Final = 420
LEFT: Final = 34
RIGHT: Final = 410
BAR: Final = 16
"""Height of a row of bars."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a stacked bar."""

    kind: str
    """Its class in the page's style: ``answered``, ``busy`` …"""
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in pieces."""

    name: str
    parts: tuple[Part, ...]
    mark: float | None = None
    """A value to compare with."""
    note: str = ""
    """What is written behind it."""

    @property
    def total(self) -> int:
        """All pieces together."""
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class Level:
    """A line right across."""

    kind: str
    value: float
    label: str


def safe(text: str) -> str:
    """A text as HTML and SVG take it."""
    return escape(printable(text)).replace(" %", "&#160;%")


def columns(
    bars: Sequence[Bar],
    label: str,
    *,
    levels: Sequence[Level] = (),
    every: int = 1,
    line: Sequence[float] = (),
) -> str:
    """Upright stacked bars with an axis; ``line`` is drawn over them.

    ``every`` so many bars one is named below.
    """
    height, bottom, top = 196, 174, 18
    values = [float(bar.total) for bar in bars]
    values += [level.value for level in levels] + [*line]
    ticks = scale(max(values, default=0.0))
    unit = (bottom - top) / ticks[-1]
    step = (RIGHT - LEFT) / max(1, len(bars))
    drawn = [_grid(ticks, bottom, unit)]
    for place, bar in enumerate(bars):
        x = LEFT + place * step
        drawn.append(_column(bar, x + step * 0.12, step * 0.76, bottom, unit))
        if place % every == 0:
            drawn.append(_words(x + step / 2, bottom + 13, bar.name, "middle"))
    drawn.append(_line(line, step, bottom, unit))
    drawn += _levels(levels, bottom, unit)
    return _svg(height, label, drawn)


def _grid(ticks: Sequence[float], bottom: float, unit: float) -> str:
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        + _words(LEFT - 4, y + 3.5, f"{tick:g}", "end")
        for tick in ticks
        for y in (bottom - tick * unit,)
    )


def _column(bar: Bar, x: float, wide: float, bottom: float, unit: float) -> str:
    drawn, y = [], bottom
    for part in bar.parts:
        if part.value:
            y -= part.value * unit
            size = f'width="{wide:.1f}" height="{part.value * unit:.1f}"'
            drawn.append(f'<rect class="{part.kind}" x="{x:.1f}" y="{y:.1f}" {size}/>')
    return f"<g><title>{_told(bar)}</title>{''.join(drawn)}</g>" if drawn else ""


def _told(bar: Bar) -> str:
    pieces = ", ".join(f"{part.label} {part.value}" for part in bar.parts if part.value)
    return safe(f"{bar.name}: {pieces}{f' · {bar.note}' if bar.note else ''}")


def _line(values: Sequence[float], step: float, bottom: float, unit: float) -> str:
    points = " ".join(
        f"{LEFT + (place + 0.5) * step:.1f},{bottom - value * unit:.1f}"
        for place, value in enumerate(values)
    )
    return f'<polyline class="line" points="{points}"/>' if points else ""


def _levels(levels: Sequence[Level], bottom: float, unit: float) -> Iterable[str]:
    """Lines across; labels that would touch are moved apart."""
    levels = sorted(levels, key=lambda one: one.value)
    for level in levels:
        y = bottom - level.value * unit
        yield f'<line class="level {level.kind}" x1="{LEFT}" x2="{RIGHT}"'
        yield f' y1="{y:.1f}" y2="{y:.1f}"/>'
    above = bottom + 20.0
    for level in levels:
        above = min(bottom - level.value * unit - 3, above - 11)
        yield _words(RIGHT, above, level.label, "end", "halo")


def rows(bars: Sequence[Bar], label: str) -> str:
    """Lying stacked bars, the name above each and its note behind."""
    most = max(
        [*(float(bar.total) for bar in bars), *(bar.mark or 0.0 for bar in bars), 1.0]
    )
    room = max((width(bar.note) for bar in bars), default=0) * 6.8 + 8
    unit = (WIDE - 4 - room) / most
    drawn = []
    for place, bar in enumerate(bars):
        y = place * (BAR + 18)
        x = 2.0
        drawn.append(_words(2, y + 11, bar.name, "start"))
        shapes = []
        for part in bar.parts:
            wide = part.value * unit
            if part.value:
                size = f'width="{max(wide - 1, 0.5):.1f}" height="{BAR - 4}"'
                shapes.append(
                    f'<rect class="{part.kind}" x="{x:.1f}" y="{y + 15}" {size}/>'
                )
            x += wide
        if bar.mark is not None:
            at = 2 + bar.mark * unit
            shapes.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}"')
            shapes.append(f' y1="{y + 12}" y2="{y + BAR + 14}"/>')
        drawn.append(f"<g><title>{_told(bar)}</title>{''.join(shapes)}</g>")
        end = max(x, 2 + (bar.mark or 0.0) * unit)
        drawn.append(_words(end + 5, y + 25, bar.note, "start", "note"))
    return _svg(len(bars) * (BAR + 18) + 2, label, drawn)


def heat(
    cells: Sequence[Sequence[tuple[int, str]]], names: Sequence[str], label: str
) -> str:
    """Weekdays by hours; each cell is a count and what is told when it is hovered."""
    step, top = (WIDE - LEFT - 2) / 24, 16
    most = max([1, *(count for line in cells for count, _ in line)])
    drawn = [
        _words(LEFT + (hour + 0.5) * step, 11, str(hour), "middle")
        for hour in range(0, 24, 3)
    ]
    for day, line in enumerate(cells):
        y = top + day * (step + 4)
        drawn.append(_words(LEFT - 5, y + step * 0.5 + 6, names[day], "end"))
        for hour, (count, told) in enumerate(line):
            opacity = 0.08 + 0.92 * count / most if count else 0.0
            place = f'x="{LEFT + hour * step:.1f}" y="{y:.1f}"'
            size = f'width="{step - 1.5:.1f}" height="{step + 2.5:.1f}"'
            drawn.append(
                f'<g><title>{safe(told)}</title><rect class="empty" {place} {size}/>'
                f'<rect class="heat" fill-opacity="{opacity:.3f}" {place} {size}/></g>'
            )
    return _svg(round(top + len(cells) * (step + 4)) + 2, label, drawn)


def scale(most: float) -> list[float]:
    """Round figures from 0 up to at least ``most``, four or five of them."""
    if most <= 4:
        return [0, 1, 2, 3, 4]
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * 4 >= most:
                return [float(factor * size * tick) for tick in range(5)]
        size *= 10


def _words(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    classed = f' class="{kind}"' if kind else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text{classed} {place}>{safe(text)}</text>" if text else ""


def _svg(height: int, label: str, drawn: Iterable[str]) -> str:
    box = f'viewBox="0 0 {WIDE} {height}"'
    return f'<svg {box} role="img" aria-label="{safe(label)}">{"".join(drawn)}</svg>'
