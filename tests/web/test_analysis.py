"""The analysis: counted beside the loop, charted, beside another month, told in words."""

import asyncio
import json
import re
import threading
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from b2bua.report.figures import Figures, Subject
from b2bua.report.month import Month
from b2bua.store.errors import Unavailable
from b2bua.store.records import Records
from b2bua.web import analyst
from b2bua.web.analyst import Analyst
from b2bua.web.portal import Portal
from tests.store.builders import plan
from tests.web.browser.history import history
from tests.web.conftest import OURS, signed_in

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = 1_000_000
ENGLISH = {"accept-language": "en"}
MONTH = {"month": "2026-11"}


@pytest.fixture
async def past(portal: Portal) -> Portal:
    """A number with a history."""
    records = history(OURS, NOW)
    for start in range(0, len(records), 500):
        await Records(portal.database).add(records[start : start + 500])
    return portal


def told(text: str) -> dict[str, Any]:
    found = re.search(r'id="drawings">(.*?)</script>', text, re.S)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


async def shown(client: httpx.AsyncClient, **asked: str) -> str:
    """The page, as soon as it is counted."""
    while True:
        page = await client.get("/analysis", params=MONTH | asked, headers=ENGLISH)
        assert page.status_code == 200
        if "Counting:" not in page.text:
            return page.text


async def test_every_chart_has_a_table_that_says_the_same(past: Portal) -> None:
    async with signed_in(past) as client:
        text = await shown(client)
        report = (await client.get("/api/report", params=MONTH)).json()
    drawings = told(text)
    kept = [
        one for one in history(OURS, NOW) if one.invite_at >= NOW.replace(day=1, hour=0)
    ]
    assert drawings.keys() == {"trend", "heat", "hours", "areas", "destinations", "shares"}
    for key in drawings:
        assert f'data-chart="{key}"' in text
        assert report["tables"][key]["rows"]
    calls = sum(cell[2] for cell in drawings["heat"]["cells"])
    assert calls == report["calls"]
    assert abs(calls - len(kept)) < 100, "all but the first hours of the month"
    answered = drawings["trend"]["series"][0]["data"]
    assert sum(answered) == report["answered"]
    assert [one["name"] for one in drawings["hours"]["levels"][:2]] == [
        "Lines for 1 % blocking",
        "Lines for 5 % blocking",
    ]
    assert "style=" not in text


async def test_a_month_is_set_beside_another(past: Portal) -> None:
    async with signed_in(past) as client:
        text = await shown(client, against="2026-10")
        alone = await shown(client)
    assert ">2026-10</th>" in text
    assert ">2026-10</th>" not in alone


async def test_a_long_count_keeps_no_page_waiting(
    past: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyst, "FEW", ALL)
    gate = threading.Event()
    real = analyst.counted

    def slow(dsn: str, subject: Subject, calls: list[int]) -> Figures:
        calls[0] = 1234
        assert gate.wait(20)
        return real(dsn, subject, calls)

    monkeypatch.setattr(analyst, "counted", slow)
    monkeypatch.setattr("b2bua.web.analysis.PATIENCE", 0.05)
    async with signed_in(past) as client:
        async with asyncio.timeout(20):
            while True:
                page = await client.get("/analysis", params=MONTH, headers=ENGLISH)
                assert "hx-trigger" in page.text
                if "Counting: 1234 calls so far" in page.text:
                    break
        assert (await client.get("/calls")).status_code == 200
        gate.set()
        assert "data-chart" in await shown(client)


async def test_a_month_is_counted_once_and_kept_for_a_while(
    past: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyst, "FEW", ALL)
    counts = 0
    real = analyst.counted

    def counted(dsn: str, subject: Subject, calls: list[int]) -> Figures:
        nonlocal counts
        counts += 1
        return real(dsn, subject, calls)

    monkeypatch.setattr(analyst, "counted", counted)
    now = 0.0
    asked = Analyst(lambda: now)
    subject = Subject(number=OURS, period=Month(2026, 11), at=NOW)
    both = [asked.count(past.database, subject) for _ in range(2)]
    assert both[0] is both[1]
    await both[0].task
    assert asked.count(past.database, subject) is both[0]
    now = analyst.FRESH_SECONDS + 1
    again = asked.count(past.database, subject)
    assert again is not both[0]
    await again.task
    assert counts == 2


async def test_what_took_long_to_count_is_shown_for_longer(past: Portal) -> None:
    """Else a month whose count takes a minute would be counted for ever."""
    now = 0.0
    asked = Analyst(lambda: now)
    subject = Subject(number=OURS, period=Month(2026, 11), at=NOW.replace(day=20))
    count = asked.count(past.database, subject)
    now = 60.0
    await count.task
    await asyncio.sleep(0)
    now = 60.0 + analyst.FRESH_SECONDS + 1
    assert asked.count(past.database, subject) is count
    now = 60.0 + 60.0 * analyst.WORTH + 1
    again = asked.count(past.database, subject)
    assert again is not count
    await again.task


async def test_a_count_that_failed_is_made_again(
    past: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyst, "FEW", ALL)

    def fails(dsn: str, subject: Subject, calls: list[int]) -> Figures:
        raise OSError("no")

    asked = Analyst(lambda: 0.0)
    subject = Subject(number=OURS, period=Month(2026, 11), at=NOW)
    with monkeypatch.context() as broken:
        broken.setattr(analyst, "counted", fails)
        first = asked.count(past.database, subject)
        await asyncio.wait([first.task])
        assert isinstance(first.task.exception(), OSError)
    figures = await asked.count(past.database, subject).task
    assert figures.totals.calls > 500


async def test_many_calls_are_counted_in_a_process_of_their_own(
    past: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    provinces = {"020": "广东"}
    subject = Subject(
        number=OURS,
        period=Month(2026, 11),
        at=NOW,
        plan=plan(),
        plans={1: plan()},
        province_of=lambda area: provinces.get(area, ""),
    )
    monkeypatch.setattr(analyst, "FEW", ALL)
    here = await Analyst(lambda: 0.0).count(past.database, subject).task
    monkeypatch.setattr(analyst, "FEW", 10)
    count = Analyst(lambda: 0.0).count(past.database, subject)
    assert await count.task == here
    assert ("广东" in {one.province for one in here.areas}) == (
        "020" in {one.area for one in here.areas}
    )


async def test_a_process_that_dies_is_no_figures(
    past: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyst, "FEW", 10)
    monkeypatch.setattr("b2bua.web.counter.__name__", "b2bua.web.no_such_counter")
    subject = Subject(number=OURS, period=Month(2026, 11), at=NOW)
    with pytest.raises(Unavailable, match="ended with 1"):
        await Analyst(lambda: 0.0).count(past.database, subject).task
