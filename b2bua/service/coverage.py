"""Which minutes of the week rules cover: as sets of bits, so that whole plans are compared.

A week has each minute twice, on a workday and on a day off. Dates, areas and callers are
left out: a rule with any of them covers no minute for certain.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from b2bua.service.plan import When
from b2bua.service.schedule import WEEKDAYS, minute_text

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
EVERY: Final = (1 << 2 * WEEK) - 1
Minutes: TypeAlias = int
"""A bit for each minute: first the week of workdays, then the week of days off."""


def certain(when: When) -> Minutes:
    """The minutes at which a rule holds for everybody, on any date."""
    return 0 if when.areas or when.callers or when.dates else possible(when)


def possible(when: When) -> Minutes:
    """The minutes at which a rule may hold for somebody, on some date."""
    week = 0
    days = range(7) if when.dates else when.days
    for day in days:
        for first, last in when.hours or ((0, DAY - 1),):
            length = last - first + 1 if first <= last else last - first + 1 + DAY
            week |= ((1 << length) - 1) << day * DAY + first
    week = (week | week >> WEEK) & ((1 << WEEK) - 1)
    workdays = 0 if when.workday is False and not when.dates else week
    days_off = 0 if when.workday is True and not when.dates else week
    return workdays | days_off << WEEK


def union(sets: Iterable[Minutes]) -> Minutes:
    """The minutes of any of the sets."""
    whole = 0
    for one in sets:
        whole |= one
    return whole


def first_of(minutes: Minutes) -> str:
    """The first of some minutes, in words: ``Mon at 18:00 if it is a workday``."""
    place = (minutes & -minutes).bit_length() - 1
    kind = "workday" if place < WEEK else "day off"
    day, minute = divmod(place % WEEK, DAY)
    return f"{WEEKDAYS[day]} at {minute_text(minute)} if it is a {kind}"
