"""Area tables and calendars that an operator brings: what is taken, and what is refused."""

from datetime import date

import pytest

from b2bua.service.datafiles import MalformedFile, read_areas, read_calendar

AREAS = "prefix,area,province\n1380013,010,北京\n139,0755,广东\n01088,010,\n"
CALENDAR = "date,workday\n2027-01-01,false\n2027-01-02,休\n2027-01-03,true\n2027-02-08,no\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_an_area_table(encoding: str) -> None:
    table = read_areas(AREAS.encode(encoding), date(2026, 11, 1))
    assert (len(table), table.version) == (3, date(2026, 11, 1))
    assert table.area_of("13800138000") == "010"
    assert table.area_of("13912345678") == "0755"
    assert table.area_of("13700000000") == ""
    assert table.province_of("0755") == "广东"


def test_provinces_that_the_file_has_not() -> None:
    table = read_areas(b"139,0755\n138,010\n", None, {"0755": "广东"})
    assert (table.province_of("0755"), table.province_of("010")) == ("广东", "")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no prefixes"),
        ("prefix,area\n", "no prefixes"),
        ("139,0755\n138\n", "line 2: not prefix,area"),
        ("139,0755,a,b\n", "line 1: not prefix,area"),
        ("139,0755\n13x,010\n", "line 2: '13x' is no prefix"),
        ("1234567890,010\n", "line 1: '1234567890' is no prefix"),
        ("139,755\n", "line 1: '755' is no area code"),
        ("139,00755\n", "line 1: '00755' is no area code"),
        ("139,0755\n139,010\n", "line 2: 139 is there with 0755"),
        ("139,0755\n\n138,010,'\n137,=1+1\n", "line 4: '=1+1' is no area code"),
    ],
)
def test_what_is_no_area_table(text: str, complaint: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        read_areas(text.encode(), None)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize("data", [b"\xff\xff,\xff", b"2312\0\0\0\0", b"\0" * 100])
def test_bytes_that_are_no_table(data: bytes) -> None:
    with pytest.raises(MalformedFile):
        read_areas(data, None)


def test_a_calendar() -> None:
    calendar = read_calendar(CALENDAR.encode())
    assert calendar.years == {2027}
    days = {date(2027, 1, 1), date(2027, 1, 2), date(2027, 2, 8)}
    assert calendar.holidays == days
    assert calendar.workdays == {date(2027, 1, 3)}


def test_a_monday_that_is_worked_is_no_make_up_workday() -> None:
    assert read_calendar(b"2027-01-01,0\n2027-01-04,1\n").workdays == frozenset()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no days"),
        ("date,workday\n2027-02-30,false\n", "line 2: '2027-02-30' is no date"),
        ("2027-01-01,maybe\n", "line 1: workday is true or false"),
        ("2027-01-01\n", "line 1: not date,workday"),
        ("2027-01-01,no\n2027-01-01,yes\n", "line 2: 2027-01-01 is there"),
        ("2027-01-01,no\n2028-01-03,no\n", "2028 lacks its New Year's Day"),
        ("2027-01-01,yes\n", "2027 lacks its New Year's Day"),
    ],
)
def test_what_is_no_calendar(text: str, complaint: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        read_calendar(text.encode())
    assert str(caught.value).startswith(complaint)
