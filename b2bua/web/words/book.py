"""All words as one book: each area's module is named here once.

A module holds ``WORDS``; a key belongs to one module alone. How decisions are told in plain
words is in ``traces``.
"""

# ruff: noqa: RUF001  # Chinese punctuation

from collections.abc import Mapping
from typing import Final

from b2bua.web.words import (
    access,
    analysis,
    answering,
    calls,
    common,
    configuring,
    menus,
    operator,
    planning,
    prompts,
    reports,
    routing,
    screening,
    today,
    trying,
)
from b2bua.web.words.tongue import Entries, Tongue


def _merged(*areas: Entries) -> Entries:
    """All areas as one. Raises ValueError for a key that two of them say."""
    found: dict[str, tuple[str, str]] = {}
    for area in areas:
        if twice := found.keys() & area.keys():
            raise ValueError(f"said twice: {', '.join(sorted(twice))}")
        found |= area
    return found


WORDS: Final[Entries] = _merged(
    common.WORDS,
    access.WORDS,
    today.WORDS,
    calls.WORDS,
    answering.WORDS,
    routing.WORDS,
    menus.WORDS,
    prompts.WORDS,
    screening.WORDS,
    configuring.WORDS,
    trying.WORDS,
    planning.WORDS,
    analysis.WORDS,
    reports.WORDS,
    operator.WORDS,
)

DETAILS: Final[Mapping[int, tuple[str, str]]] = {
    403: (
        "请求不是由本页面发出的，请重试。",
        "The request did not come from our page. Try again.",
    ),
    404: ("没有这个页面或记录。", "There is no such page or record."),
    409: WORDS["moved"],
    429: WORDS["too_fast"],
    503: (
        "数据库暂时不可用，请稍后再试。",
        "The database is away for a moment. Try again soon.",
    ),
}


class Words:
    """One language."""

    def __init__(self, tongue: Tongue) -> None:
        self._place = 0 if tongue == "zh" else 1

    def __call__(self, key: str, **fields: object) -> str:
        """The words for a key; a key without words is shown as it is."""
        found = WORDS.get(key)
        return (key if found is None else found[self._place]).format(**fields)

    def detail(self, status: int, otherwise: str) -> str:
        """What a failure says."""
        found = WORDS.get(otherwise) or DETAILS.get(status)
        return otherwise if found is None else found[self._place]
