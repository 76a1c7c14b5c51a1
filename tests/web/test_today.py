"""The first page and the wallboard, and that they go on telling the truth."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from b2bua.service.duty import on_duty
from b2bua.service.limits import Usage
from b2bua.service.plan import Calendar, Caps, Override, Plan, ToDestination
from b2bua.service.planfile import read_plans
from b2bua.service.planreading import Known
from b2bua.service.record import Outcome
from b2bua.service.schedule import clock
from b2bua.store.errors import Unavailable
from b2bua.store.live import Live
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.tenant import Tenant
from b2bua.store.trunks import TrunkStatus
from b2bua.web.alerts import Alert, alerts
from b2bua.web.feed import Feed, NoRoom
from b2bua.web.portal import Portal
from b2bua.web.today import hours, posts
from tests.web.conftest import OURS, called, up

ENGLISH = {"accept-language": "en"}
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday 12:00 in Shanghai."""
NIGHT = NOON + timedelta(hours=10)
ROSTER = """
number: "4006001234"
destinations:
  wang: {number: "02088886001", trunk: unicom, person: 王敏, concurrent: 2}
  li:   {number: "02088886002", trunk: mobile}
  desk: {number: "02088886003", trunk: mobile, when: {hours: "09:00-17:59"}}
groups:
  duty: {roster: [{name: day, when: {hours: "09:00-17:59"}, on: [wang]}]}
routes: [{name: all, to: duty}]
"""


def rostered() -> Plan:
    read = read_plans(ROSTER, "roster", Known())
    assert isinstance(read, tuple), read
    return read[0]


def keys(found: list[Alert]) -> list[str]:
    return [one.key for one in found]


def raised(of: Plan, *, at: datetime = NOON, usage: Usage = Usage()) -> list[Alert]:
    calendar = Calendar(years=frozenset({2026}))
    return alerts(of, usage, clock(of, at, calendar), [])


def test_nothing_is_alarming_about_a_quiet_number() -> None:
    assert raised(rostered()) == []


def test_what_is_alarming_comes_worst_first() -> None:
    caps = Caps(calls_per_month=100, spend_per_month=10_000)
    until = NIGHT + timedelta(hours=1)
    changed = replace(
        rostered(), caps=caps, override=Override(to=ToDestination("li"), until=until)
    )
    usage = Usage(calls_this_month=85, spent_this_month=10_000)
    found = raised(changed, at=NIGHT, usage=usage)
    assert keys(found) == [
        "alert_spend_per_month",
        "alert_calls_per_month",
        "alert_roster",
        "alert_override",
    ]
    assert found[1].fields == {"used": "85", "limit": "100", "share": "80"}
    assert found[3].fields == {"to": "li", "until": "2026-11-20 23:00"}
    assert "alert_override" not in keys(raised(changed, at=until))


def test_a_trunk_is_down_when_all_its_ways_are() -> None:
    calendar = Calendar(years=frozenset({2026}))

    def told(*states: str) -> list[str]:
        board = [
            TrunkStatus(
                node="n",
                trunk="mobile",
                address=str(place),
                state=state,  # type: ignore[arg-type]
                since=NOON,
            )
            for place, state in enumerate(states)
        ]
        return keys(alerts(rostered(), Usage(), clock(rostered(), NOON, calendar), board))

    assert told("down", "down") == ["alert_trunk"]
    assert told("down", "up") == []
    assert told("unknown") == []


def test_next_years_holidays_are_missed_from_december_on() -> None:
    text = ROSTER.replace('{hours: "09:00-17:59"}}\n', "{workday: true}}\n")
    read = read_plans(text, "roster", Known())
    assert isinstance(read, tuple), read
    december = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
    assert keys(raised(read[0], at=december)) == ["alert_calendar"]
    assert keys(raised(read[0])) == []
    assert keys(raised(rostered(), at=december)) == []


def test_those_on_duty_come_first_and_the_closed_last() -> None:
    moment = clock(rostered(), NOON, Calendar())
    assert on_duty(rostered().groups["duty"], moment) == ("wang",)
    found = posts(rostered(), moment, [up("c", OURS, "1", "wang")])
    assert [(one.destination.name, one.duty, one.calls) for one in found] == [
        ("wang", True, 1),
        ("li", None, 0),
        ("desk", None, 0),
    ]
    found = posts(rostered(), clock(rostered(), NIGHT, Calendar()), [])
    assert [(one.destination.name, one.duty, bool(one.closed)) for one in found] == [
        ("wang", False, False),
        ("li", None, False),
        ("desk", None, True),
    ]


async def test_the_board_shows_calls_duty_and_the_day(ours: httpx.AsyncClient) -> None:
    text = (await ours.get("/", headers=ENGLISH)).text
    assert "1 up" in text
    assert ">talking<" in text
    assert "Who answers" in text
    wall = (await ours.get("/wall", headers=ENGLISH)).text
    assert "<dt>Calls now up</dt><dd>1</dd>" in wall
    assert "data-bs-toggle" not in wall, "a wallboard has no navigation"


async def test_a_stream_tells_of_changes(ours: httpx.AsyncClient, portal: Portal) -> None:
    portal.feed.longest = 1.0

    async def later() -> None:
        await asyncio.sleep(0.3)
        await Live(portal.database).announce(
            "n1", [up("new", OURS, "13800138000", "three")]
        )

    ringing = asyncio.create_task(later())
    answer = await ours.get("/live/stream", headers=ENGLISH)
    await ringing
    assert answer.headers["content-type"].startswith("text/event-stream")
    boards = answer.text.split("event: message\n")[1:]
    assert list(dict.fromkeys("three</td>" in one for one in boards)) == [False, True]
    assert portal.feed.streams == 0


async def test_a_stream_ends_with_its_session(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    portal.feed.longest = 30.0
    stream = asyncio.create_task(ours.get("/live/stream"))
    while not portal.feed.streams:  # noqa: ASYNC110 (nobody tells)
        await asyncio.sleep(0)
    async with portal.database.connection() as connection:
        await connection.execute("delete from web_session")
    await Live(portal.database).announce("n1", [])
    answer = await asyncio.wait_for(stream, 10)
    assert "event: over" in answer.text
    assert portal.feed.streams == 0


async def test_no_board_of_another_kind(ours: httpx.AsyncClient) -> None:
    assert (await ours.get("/live", params={"form": "../base"})).status_code == 404


async def test_streams_share_one_look_and_have_an_end() -> None:
    looks = 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise Unavailable("away")
        return looks

    feed = Feed(most=2, look=0.01)
    async with feed.watching("1", look) as one, feed.watching("1", look) as other:
        assert one is other
        assert await one.change(5)
        assert await one.change(5), "that the database is away is a change"
        assert looks == 2
        with pytest.raises(NoRoom):
            async with feed.watching("2", look):
                pass
    assert feed.streams == 0
    seen = looks
    await asyncio.sleep(0.05)
    assert looks == seen, "nobody looks any more"


async def test_the_day_is_drawn_by_the_hour(portal: Portal, database: Database) -> None:
    now = datetime.now(UTC)
    zone = ZoneInfo("Asia/Shanghai")
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    await Records(database).add(
        [
            called("early-answered", midnight, outcome=Outcome.ANSWERED),
            called("early-busy", midnight + timedelta(minutes=59), outcome=Outcome.BUSY),
            called("yesterday", midnight - timedelta(seconds=1), outcome=Outcome.BUSY),
        ]
    )
    counted = await Tenant(database, OURS).by_hour(midnight, str(zone))
    first = hours(counted, 5)[0]
    assert (first.hour, first.missed, first.now) == (0, 1, False)
    assert first.answered >= 1
    drawn = hours(counted, 5)
    assert len(drawn) == 24
    assert [one.hour for one in drawn if one.now] == [5]
    assert sum(one.total for one in drawn) == sum(counted.values())


async def test_people_and_provinces_are_named(ours: httpx.AsyncClient) -> None:
    page = await ours.get("/", headers=ENGLISH)
    assert "Beijing" in page.text
    assert "北京" not in page.text
