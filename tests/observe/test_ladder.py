"""The messages of a call, drawn."""

from b2bua.observe.ladder import draw
from tests.observe.records import LADDER, line, record


def test_each_party_has_a_column_and_each_message_an_arrow() -> None:
    heading, *rows = draw(record()).splitlines()
    assert heading.split() == ["caller", "b2bua", "sales-1", "sales-2"]
    assert len(rows) == len(LADDER)
    assert "INVITE (1)" in rows[0]
    assert rows[0].index("->") < rows[0].index("|", 1) + 1  # into us, from the left
    assert rows[1].startswith("|<-")
    assert "486 Busy Here (1 INVITE)" in rows[3]
    assert rows[3].count("<") == 1
    assert rows[4].endswith("45 ms")


def test_columns_stand_under_their_headings() -> None:
    heading, *rows = draw(record()).splitlines()
    for row in rows:
        assert row[heading.index("b2bua")] == "|"
        assert row[heading.index("sales-2")] == "|"


def test_a_long_line_is_cut_to_its_arrow() -> None:
    long = line(0, "caller", False, f"SIP/2.0 480 {'Temporarily ' * 20}(1 INVITE)")
    rows = draw(record((long, *LADDER))).splitlines()
    assert len({len(row) for row in rows[1:]}) == 1


def test_a_record_without_messages() -> None:
    assert draw(record(())) == "no SIP message was noted"
