"""Provinces and area codes to choose from: a map of tiles, and a tree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from b2bua.service.area import AreaTable

_GRID: Final[dict[str, tuple[int, int]]] = {
    "黑龙江": (9, 1),
    "吉林": (9, 2),
    "辽宁": (9, 3),
    "内蒙古": (6, 2),
    "北京": (7, 3),
    "天津": (8, 3),
    "河北": (7, 4),
    "山西": (6, 4),
    "山东": (8, 4),
    "新疆": (1, 3),
    "甘肃": (3, 3),
    "宁夏": (4, 4),
    "青海": (2, 4),
    "西藏": (1, 5),
    "陕西": (5, 4),
    "四川": (3, 5),
    "重庆": (4, 6),
    "湖北": (5, 6),
    "河南": (6, 5),
    "江苏": (8, 5),
    "安徽": (7, 5),
    "上海": (9, 5),
    "浙江": (8, 6),
    "江西": (7, 6),
    "湖南": (6, 6),
    "贵州": (4, 7),
    "云南": (3, 7),
    "广西": (5, 7),
    "广东": (6, 7),
    "福建": (7, 7),
    "海南": (6, 8),
}
"""Column and row of each province, about where it lies."""
_ABROAD: Final = (
    ("台湾", "00886*", 9, 7),
    ("香港", "00852*", 7, 8),
    ("澳门", "00853*", 8, 8),
)
"""Their numbers come with a country's code, and so they are named by its prefix."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area code."""

    code: str
    cities: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Province:
    """One province with its area codes."""

    name: str
    column: int
    """On the map of tiles, from 1; 0: it has no tile."""
    row: int
    areas: Sequence[Area]
    value: str = ""
    """What a plan names it by."""


@lru_cache(maxsize=4)
def provinces(table: AreaTable) -> tuple[Province, ...]:
    """Every province that is on the map or has codes in the table, as the map goes."""
    codes: dict[str, list[str]] = {name: [] for name in _GRID}
    for code, province in sorted(table.provinces.items()):
        if province:
            codes.setdefault(province, []).append(code)
    return (
        *_provinces(codes, table),
        *(
            Province(name=name, column=column, row=row, areas=(), value=prefix)
            for name, prefix, column, row in _ABROAD
        ),
    )


def _provinces(
    codes: Mapping[str, Sequence[str]], table: AreaTable
) -> tuple[Province, ...]:
    return tuple(
        Province(
            name=name,
            value=name,
            column=_GRID.get(name, (0, 0))[0],
            row=_GRID.get(name, (0, 0))[1],
            areas=tuple(Area(code, " ".join(table.cities_of(code))) for code in found),
        )
        for name, found in sorted(
            codes.items(), key=lambda one: _GRID.get(one[0], (99, 99))[::-1]
        )
    )


def abroad() -> frozenset[str]:
    """The prefixes that have a tile."""
    return frozenset(prefix for _, prefix, *_ in _ABROAD)
