"""Days, hours and dates as plans write them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from b2bua.service.form import Form, given
from b2bua.service.plan import When
from b2bua.service.plantext import Path

_DAY_NAMES: Final = {
    **{
        name: day
        for day, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    },
    **{f"周{name}": day for day, name in enumerate("一二三四五六日")},
    **{f"星期{name}": day for day, name in enumerate("一二三四五六日")},
}
TIMES: Final = frozenset(("days", "hours", "workday", "dates"))
CONDITIONS: Final = TIMES | {"areas", "callers"}
_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")


class Times:
    """Reads the conditions of routes, and the times of all else that has some."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def conditions(self, value: object, path: Path) -> When:
        """When a route applies."""
        return self._when(self._form.mapping(value, path, CONDITIONS), path)

    def times(self, value: object, path: Path) -> When:
        """When somebody is on duty, or something is played: times alone."""
        return self._when(self._form.mapping(value, path, TIMES), path)

    def _when(self, body: Mapping[str, object], path: Path) -> When:
        form = self._form
        return When(
            days=self.days(body["days"], (*path, "days"))
            if given(body, "days")
            else frozenset(range(7)),
            hours=self.hours(body.get("hours"), (*path, "hours")),
            workday=form.flag(body["workday"], (*path, "workday"))
            if given(body, "workday")
            else None,
            areas=tuple(
                form.place(item, at)
                for item, at in form.items(body.get("areas"), (*path, "areas"))
            ),
            callers=tuple(
                form.pattern(item, at)
                for item, at in form.items(body.get("callers"), (*path, "callers"))
            ),
            dates=self.dates(body.get("dates"), (*path, "dates")),
        )

    def days(self, value: object, path: Path) -> frozenset[int]:
        """``Mon-Fri``, ``Sat,Sun``, or a list of such."""
        days: set[int] = set()
        for word, at in self._pieces(value, path):
            first, dash, last = (part.strip().lower() for part in word.partition("-"))
            if first not in _DAY_NAMES or (dash and last not in _DAY_NAMES):
                self._form.complain(
                    at, f"{word!r} is no weekday: Mon, Tue … Sun, or Mon-Fri"
                )
                continue
            start = _DAY_NAMES[first]
            count = (_DAY_NAMES[last] - start) % 7 if dash else 0
            days.update((start + step) % 7 for step in range(count + 1))
        if not days:
            self._form.complain(path, "name at least one weekday, or leave it out")
        return frozenset(days)

    def hours(self, value: object, path: Path) -> tuple[tuple[int, int], ...]:
        """``09:00-17:59``, or several; the last minute is inclusive."""
        ranges: list[tuple[int, int]] = []
        for word, at in self._pieces(value, path):
            match = _HOURS.fullmatch(word)
            numbers = [int(part) for part in match.groups()] if match else [24, 0, 24, 0]
            if max(numbers[0], numbers[2]) > 23 or max(numbers[1], numbers[3]) > 59:
                self._form.complain(
                    at, f"{word!r} are no hours: 09:00-17:59, at most 00:00-23:59"
                )
                continue
            ranges.append((numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]))
        return tuple(ranges)

    def dates(self, value: object, path: Path) -> tuple[tuple[date, date], ...]:
        """``2026-10-01``, or ``2026-10-01/2026-10-07`` with both ends included."""
        ranges: list[tuple[date, date]] = []
        for word, at in self._pieces(value, path):
            first, slash, last = (part.strip() for part in word.partition("/"))
            start = self._form.day(first, at)
            end = self._form.day(last, at) if slash else start
            if end < start:
                self._form.complain(at, "ends before it begins")
            ranges.append((start, end))
        return tuple(ranges)

    def _pieces(self, value: object, path: Path) -> list[tuple[str, Path]]:
        return [
            (piece.strip(), at)
            for item, at in self._form.items(value, path)
            for piece in self._form.text(item, at).split(",")
        ]
