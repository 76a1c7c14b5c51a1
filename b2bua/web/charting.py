"""What the charts of the analysis are drawn from: plain figures and words, as JSON.

The drawing itself is ``static/charts.js``'s. Whatever a chart shows, a table beside it says
too, for those who do not see it.
"""

from dataclasses import replace
from typing import Any, Final

from b2bua.report.figures import Figures
from b2bua.report.tables import Manner, Table, plain, tables
from b2bua.report.wording import Wording

MOST_AREAS: Final = 15
CHARTED: Final = ("trend", "heat", "hours", "areas", "destinations", "shares")
"""Keys of the tables that a chart shows."""
TABLED: Final = ("reasons", "keys", "routes", "callers", "missed")
"""Those that are shown as they are."""


def drawings(figures: Figures, words: Wording) -> dict[str, Any]:
    """One drawing for each chart that has something to show."""
    found = {
        "trend": _trend(figures, words),
        "heat": _heat(figures, words),
        "hours": _hours(figures, words),
        "areas": _areas(figures, words),
        "destinations": _destinations(figures, words),
        "shares": _shares(figures, words),
    }
    return {key: value for key, value in found.items() if value}


def _trend(figures: Figures, words: Wording) -> dict[str, Any]:
    days = figures.days
    return {
        "kind": "bars",
        "names": [f"{one.day:%m-%d}" for one in days],
        "series": [
            _series("answered", words("answered"), [one.tally.answered for one in days]),
            _series("missed", words("missed"), [one.tally.missed for one in days]),
            _series("refused", words("refused"), [one.tally.refused for one in days]),
        ],
        "line": {"name": words("before"), "data": [one.before for one in days]},
    }


def _heat(figures: Figures, words: Wording) -> dict[str, Any]:
    cells = [
        [place % 24, place // 24, one.calls] for place, one in enumerate(figures.cells)
    ]
    return {
        "kind": "heat",
        "names": [str(hour) for hour in range(24)],
        "rows": [words.weekday(day) for day in range(7)],
        "cells": cells,
        "most": max((cell[2] for cell in cells), default=0),
        "unit": words("calls"),
    }


def _hours(figures: Figures, words: Wording) -> dict[str, Any]:
    found = figures.lines
    levels = [(words("asked_1"), found.asked_1), (words("asked_5"), found.asked_5)]
    if found.configured is not None:
        levels.append((words("configured"), found.configured))
    return {
        "kind": "load",
        "names": [f"{words.weekday(place // 24)} {place % 24}:00" for place in range(168)],
        "series": [
            _series("peak", words("peak"), [one.peak for one in found.hours]),
            _series(
                "offered", words("offered"), [round(one.offered, 2) for one in found.hours]
            ),
        ],
        "levels": [{"name": name, "at": at} for name, at in levels],
    }


def _areas(figures: Figures, words: Wording) -> dict[str, Any]:
    top = figures.areas[:MOST_AREAS]
    names = [f"{one.area} {one.province}".strip() or words("unknown") for one in top]
    return {
        "kind": "rows",
        "names": names,
        "series": [
            _series("answered", words("answered"), [one.tally.answered for one in top]),
            _series("missed", words("missed"), [one.tally.missed for one in top]),
            _series("refused", words("refused"), [one.tally.refused for one in top]),
        ],
    }


def _destinations(figures: Figures, words: Wording) -> dict[str, Any]:
    found = figures.destinations
    kinds = ("answered", "busy", "no_answer", "unreachable", "cancelled")
    return {
        "kind": "rows",
        "names": [one.name for one in found],
        "series": [
            _series(kind, words(kind), [getattr(one, kind) for one in found])
            for kind in kinds
        ],
    }


def _shares(figures: Figures, words: Wording) -> dict[str, Any]:
    found = figures.shares
    if not found:
        return {}
    return {
        "kind": "pairs",
        "names": [f"{one.destination} ({one.group}, {one.version})" for one in found],
        "series": [
            _series(
                "target",
                words("target"),
                [None if one.target is None else float(one.target * 100) for one in found],
            ),
            _series(
                "answered",
                words("actual"),
                [round(float(one.actual * 100), 1) for one in found],
            ),
        ],
    }


def _series(kind: str, name: str, data: list[Any]) -> dict[str, Any]:
    return {"kind": kind, "name": name, "data": data}


def rows_of(table: Table) -> list[list[str]]:
    """A table as words."""
    return [[plain(cell) for cell in row] for row in table.rows]


def tables_by_key(figures: Figures, manner: Manner) -> dict[str, Table]:
    """Every table that has rows."""
    return {table.key: table for table in tables(figures, manner) if table.rows}


def against(figures: Figures, other: Figures, manner: Manner) -> Table:
    """The summary, beside another month instead of the month before."""
    beside = tables_by_key(replace(figures, before=other.totals, complete=True), manner)
    table = beside["summary"]
    columns = (table.columns[0], str(figures.period), str(other.period), *table.columns[3:])
    return replace(table, columns=columns)
