"""Caller to area: longest prefix, overrides, and the layout of the bundled table."""

import importlib.util
import struct
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.area import AreaTable, MalformedTable, identify
from b2bua.service.number import CallerKind

ROWS = [("1380013", "010"), ("1390736", "0736"), ("13907361", "0731")]
PROVINCES = {"010": "北京", "0736": "湖南", "0731": "湖南", "0755": "广东"}


def table() -> AreaTable:
    return AreaTable(ROWS, provinces=PROVINCES, version=date(2023, 12, 1))


def dat(entries: list[tuple[int, str]], version: bytes = b"2312") -> bytes:
    """A phone.dat of ``(prefix, "province|city|post code|area code")``."""
    texts: dict[str, int] = {}
    body = b""
    for _, text in entries:
        if text not in texts:
            texts[text] = 8 + len(body)
            body += text.encode() + b"\0"
    index = b"".join(
        struct.pack("<iiB", prefix, texts[text], 1) for prefix, text in entries
    )
    return version + struct.pack("<i", 8 + len(body)) + body + index


@pytest.mark.parametrize(
    ("caller", "area", "province"),
    [
        ("13800138000", "010", "北京"),
        ("+8613907360000", "0736", "湖南"),
        ("13907361234", "0731", "湖南"),  # eight digits outrank seven
        ("075588886666", "0755", "广东"),
        ("0543123456789", "", ""),
        ("13700000000", "", ""),
        ("+85223456789", "", ""),
        ("anonymous", "", ""),
        ("10086", "", ""),
    ],
)
def test_where_a_caller_is_from(caller: str, area: str, province: str) -> None:
    found = identify(caller, table())
    assert (found.area, found.province) == (area, province)


def test_an_enterprise_may_override_a_prefix() -> None:
    changed = table().overridden({"1380013": "0755", "138001": "0736"})
    assert changed.area_of("13800138000") == "0755"
    assert changed.area_of("13800110000") == "0736"
    assert identify("13800138000", changed).province == "广东"
    assert table().area_of("13800138000") == "010"


def test_the_trunks_default_area() -> None:
    assert identify("88886666", table(), "0755").province == "广东"
    assert identify("88886666", table()).kind is CallerKind.LANDLINE


def test_the_layout_of_phone_dat() -> None:
    read = AreaTable.from_phone_dat(
        dat([(1300000, "山东|济南|250000|0531"), (1300001, "江苏|常州|213000|0519")])
    )
    assert read.version == date(2023, 12, 1)
    assert len(read) == 2
    assert read.areas == {"0531", "0519"}
    assert read.area_of("13000001234") == "0531"
    assert read.area_of("13000011234") == "0519"
    assert read.area_of("13000021234") == ""
    assert read.province_of("0519") == "江苏"


def test_the_bundled_table() -> None:
    """Measured: half a million prefixes, 322 area codes, Beijing's test mobile."""
    found = importlib.util.find_spec("phone")
    assert found is not None
    assert found.origin is not None
    read = AreaTable.from_phone_dat(Path(found.origin).with_name("phone.dat").read_bytes())
    assert len(read.areas) == 322
    assert len(read) > 490_000
    assert identify("+8613800138000", read).area == "010"
    assert identify("075588886666", read).province == "广东"
    assert {read.province_of(area) for area in read.areas} >= {"北京", "新疆", "内蒙古"}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "header"),
        (b"2312" + struct.pack("<i", 99), "no index"),
        (b"2312" + struct.pack("<i", -1), "no index"),
        (dat([(1, "a|b|c|010")])[:-1], "no index"),
        (dat([(2, "a|b|c|010"), (1, "a|b|c|010")]), "rise"),
        (dat([(1, "a|b|c")]), "no area code"),
        (dat([(1, "a|b|c|x")]), "no area code"),
        (dat([(1, "a|b|c|010")], version=b"2313"), "version"),
        (b"2312" + struct.pack("<i", 8) + struct.pack("<iiB", 1, 0, 1), "no text"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(MalformedTable, match=complaint):
        AreaTable.from_phone_dat(data)


def test_a_prefix_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedTable, match="no prefix"):
        AreaTable([("138x", "010")])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    try:
        read = AreaTable.from_phone_dat(data)
    except MalformedTable:
        return
    assert read.area_of("13800138000") in {"", *read.areas}


prefixes = st.text("0123456789", min_size=1, max_size=9)


@given(st.dictionaries(prefixes, st.sampled_from(["010", "0755", "0736"])), prefixes)
def test_the_longest_prefix_wins(rows: dict[str, str], number: str) -> None:
    fitting = [prefix for prefix in rows if number.startswith(prefix)]
    expected = rows[max(fitting, key=len)] if fitting else ""
    assert AreaTable(rows.items()).area_of(number) == expected
    assert AreaTable().overridden(rows).area_of(number) == expected
