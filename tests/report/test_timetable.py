"""What may be asked for, and when each report is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.report.month import Month, Week
from b2bua.report.timetable import (
    FAULTS,
    MOST_OWED,
    Means,
    Rhythm,
    Subscription,
    due_at,
    faults,
    is_address,
    owed,
    period_at,
)
from b2bua.report.wording import Language
from b2bua.service.webhook import Reach

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MEANS = Means(mail=True, reach=Reach(), reveal=True)
MONTHLY = Subscription(rhythm=Rhythm.MONTH, mail=("boss@example.com",))
WEEKLY = Subscription(rhythm=Rhythm.WEEK, mail=("boss@example.com",))


@pytest.mark.parametrize(
    "text",
    ["a@b", "first.last+tag@mail.example.com", "x@example-1.cn", "o'neil@example.ie"],
)
def test_mail_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a.@b.c", ".a@b.c", "a..b@c.d"),
        *("a@b\r\nBcc: all@example.com", "a@b\n", "a\0@b", "a@-b.c", "a@b-.c", "a@b..c"),
        *(
            "<a@b>",
            "a@[127.0.0.1]",
            '"a b"@c',
            "a@b,c@d",
            "a@b;c@d",
            "王@例子.cn",
            "a@b\u2028",
        ),
        *(f"{'a' * 65}@b.c", f"a@{'b' * 64}.c", f"a@{'.'.join(['b' * 60] * 5)}"),
    ],
)
def test_what_is_no_mail_address(text: str) -> None:
    assert not is_address(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_an_address_never_breaks_a_line(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    if is_address(address):
        assert address.isprintable()
        assert address.isascii()
        assert not set(address) & set(' <>,;:\\"()[]')


@pytest.mark.parametrize(
    ("asked", "secret", "means", "found"),
    [
        (MONTHLY, "", MEANS, []),
        (Subscription(rhythm=Rhythm.WEEK), "", MEANS, ["nobody"]),
        (MONTHLY, "", Means(mail=False, reach=Reach(), reveal=True), ["no_server"]),
        (
            Subscription(rhythm=Rhythm.WEEK, mail=("a@b", "x"), hour=24),
            "",
            MEANS,
            ["address", "hour"],
        ),
        (Subscription(rhythm=Rhythm.WEEK, mail=("a@b", "A@B")), "", MEANS, ["twice"]),
        (
            Subscription(rhythm=Rhythm.WEEK, mail=tuple(f"a{n}@b" for n in range(11))),
            "",
            MEANS,
            ["addresses"],
        ),
        (
            Subscription(rhythm=Rhythm.WEEK, webhook="http://10.0.0.1/"),
            "short",
            MEANS,
            ["url", "secret"],
        ),
        (
            Subscription(rhythm=Rhythm.WEEK, webhook="https://169.254.169.254/"),
            "",
            MEANS,
            ["url"],
        ),
        (
            Subscription(rhythm=Rhythm.WEEK, mail=("a@b",), whole=True),
            "",
            Means(mail=True, reach=Reach(), reveal=False),
            ["whole"],
        ),
    ],
)
def test_what_may_not_be_asked_for(
    asked: Subscription, secret: str, means: Means, found: list[str]
) -> None:
    wrong = list(faults(asked, secret, means))
    assert [one.key for one in wrong] == found
    for one in wrong:
        assert one.said(Language.ZH) == FAULTS[one.key][0]
        assert one.said(Language.EN) == FAULTS[one.key][1]


def test_the_last_month_is_due_on_the_first_in_the_morning() -> None:
    assert due_at(Month(2026, 10), 8, SHANGHAI) == datetime(2026, 11, 1, 0, tzinfo=UTC)
    since = datetime(2026, 10, 20, tzinfo=UTC)
    before = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
    assert owed(MONTHLY, SHANGHAI, since, before) == ()
    assert owed(MONTHLY, SHANGHAI, since, before + timedelta(seconds=1)) == (
        Month(2026, 10),
    )


def test_the_last_week_is_due_on_monday() -> None:
    assert due_at(Week(2026, 46), 8, SHANGHAI) == datetime(2026, 11, 16, 0, tzinfo=UTC)
    since = datetime(2026, 11, 10, tzinfo=UTC)
    monday = datetime(2026, 11, 16, 0, tzinfo=UTC)
    assert owed(WEEKLY, SHANGHAI, since, monday) == (Week(2026, 46),)


def test_clocks_that_are_set_are_followed() -> None:
    """Three o'clock in the morning does not come on the last Sunday of March."""
    assert due_at(Month(2026, 3), 8, BERLIN) == datetime(2026, 4, 1, 6, tzinfo=UTC)
    assert due_at(Month(2026, 2), 8, BERLIN) == datetime(2026, 3, 1, 7, tzinfo=UTC)


def test_what_was_due_before_it_was_asked_for_is_not_sent() -> None:
    since = datetime(2026, 11, 1, 0, tzinfo=UTC)
    assert owed(MONTHLY, SHANGHAI, since, since + timedelta(days=3)) == ()


def test_after_a_long_silence_the_latest_are_made_up_for() -> None:
    since = datetime(2025, 1, 1, tzinfo=UTC)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert owed(MONTHLY, SHANGHAI, since, now) == (
        *(Month(2026, 8), Month(2026, 9), Month(2026, 10)),
    )


@given(
    rhythm=st.sampled_from(Rhythm),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Pacific/Apia"]),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    looks=st.lists(st.integers(1, 40 * 24), min_size=1, max_size=12),
)
def test_however_often_somebody_looks_each_period_is_owed_once_and_in_its_time(
    rhythm: Rhythm, hour: int, zone: str, start: datetime, looks: list[int]
) -> None:
    there = ZoneInfo(zone)
    asked = Subscription(rhythm=rhythm, hour=hour, mail=("a@b",))
    now = start
    for hours in looks:
        now += timedelta(hours=hours)
        found = owed(asked, there, start, now)
        assert len(set(found)) == len(found) <= MOST_OWED
        for period in found:
            assert start < due_at(period, hour, there) <= now
        newest = period_at(rhythm, now, there).before
        if start < due_at(newest, hour, there) <= now:
            assert found[-1] == newest
