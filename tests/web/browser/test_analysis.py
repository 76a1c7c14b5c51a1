"""The analysis: its charts are drawn and say what the database says; its reports go out.

A chart marks its place (``data-drawn``) when ECharts has finished it. Tests wait for the
mark by a locator: a condition as text (``wait_for_function``) is evaluated in the page,
which the page's policy refuses at the second look.
"""

import asyncio
import io
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from playwright.sync_api import Page, expect

from b2bua.service.record import CallRecord, Outcome
from b2bua.store.supervisor import EmbeddedPostgres
from b2bua.web.reporting import month_of
from tests.support.node import until
from tests.support.postoffice import opened
from tests.web.browser.conftest import SignIn
from tests.web.browser.history import history
from tests.web.browser.served import DEMO, POST, Portal

NUMBER = DEMO[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
FIGURES = """
keys => Object.fromEntries(keys.map(key => {
    const place = document.querySelector(`[data-chart="${key}"]`);
    const series = echarts.getInstanceByDom(place).getOption().series;
    return [key, Object.fromEntries(series.map(one => [one.name, one.data]))];
}))
"""
INK = """
place => [...place.querySelectorAll('canvas')].reduce((sum, canvas) => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4)
        if (data[at + 3] > 200) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
    return sum + seen.size;
}, 0)
"""
"""How many colours are on a chart."""


COVERED = """
place => Math.max(...[...place.querySelectorAll('canvas')].map(canvas => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let opaque = 0;
    for (let at = 3; at < data.length; at += 4) opaque += data[at] > 200;
    return opaque / (data.length / 4);
}))
"""
"""How much of a chart is painted over."""


@pytest.fixture(scope="module")
def past(portal: Portal) -> list[CallRecord]:
    """The calls of the last month that is over."""
    month = month_of(datetime.now(UTC), SHANGHAI).before
    records = [
        replace(one, id=f"analysed-{one.id}")
        for one in history(NUMBER, month.next.start(SHANGHAI))
    ]
    portal.remember(records)
    first = month.start(SHANGHAI)
    return [one for one in records if one.invite_at >= first]


def drawn(page: Page) -> None:
    """Every chart is finished."""
    expect(page.locator("[data-chart]")).to_have_count(6, timeout=30_000)
    expect(page.locator("[data-chart]:not([data-drawn])")).to_have_count(0, timeout=30_000)


@pytest.mark.parametrize("dark", [False, True])
def test_charts_are_drawn_and_say_what_the_database_says(
    sign_in: SignIn, past: list[CallRecord], dark: bool
) -> None:
    month = str(month_of(past[0].invite_at, SHANGHAI))
    page = sign_in(NUMBER, tongue="en", dark=dark)
    page.goto(f"/analysis?month={month}")
    drawn(page)
    for place in page.locator("[data-chart]").all():
        assert place.evaluate(INK) > 20, "an empty drawing has few colours"
    shown: dict[str, Any] = page.evaluate(FIGURES, ["trend", "heat", "areas"])
    answered = Counter(
        one.invite_at.astimezone(SHANGHAI).day
        for one in past
        if one.outcome is Outcome.ANSWERED
    )
    days = len(shown["trend"]["Answered"])
    assert shown["trend"]["Answered"] == [answered[day] for day in range(1, days + 1)]
    cells = Counter(
        (at.hour, at.weekday())
        for at in (one.invite_at.astimezone(SHANGHAI) for one in past)
    )
    (heat,) = shown["heat"].values()
    assert {(hour, day): count for hour, day, count in heat if count} == dict(cells)
    assert sum(map(sum, shown["areas"].values())) == len(past)
    page.get_by_text("As a table").first.click()
    expect(page.locator("#figures")).to_contain_text(f"{sum(answered.values())}")


def test_a_month_beside_another_and_on_paper(
    sign_in: SignIn, past: list[CallRecord]
) -> None:
    month = month_of(past[0].invite_at, SHANGHAI)
    page = sign_in(NUMBER, tongue="en", dark=True)
    page.goto(f"/analysis?month={month}")
    drawn(page)
    page.get_by_label("Against").select_option(str(month.before))
    page.get_by_role("button", name="Show", exact=True).click()
    drawn(page)
    expect(page.get_by_role("columnheader", name=str(month.before))).to_be_visible()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    for place in page.locator("[data-chart]").all():
        assert place.evaluate(INK) > 20, "it is there at once"
        if place.get_attribute("data-chart") == "heat":
            assert place.evaluate(COVERED) > 0.3, "its cells are"
        box = place.locator("canvas").first.bounding_box()
        assert box is not None
        assert box["width"] <= 700, "no wider than a sheet"
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(media="screen")
    sheet = page.pdf(format="A4", print_background=True)
    assert sheet.startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b", io.BytesIO(sheet).getvalue()))
    assert 2 <= pages <= 6


def kill_the_portal(portal: Portal) -> None:
    """As the kernel does when memory is short; the supervisor starts another."""
    lock = portal.node.data_dir / "web.lock"
    pid = int(lock.read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: lock.read_text().split()[0] != str(pid) and portal.answers())


def hurry(portal: Portal) -> None:
    """As if claims and pauses were over."""

    async def change() -> None:
        connection = await asyncpg.connect(EmbeddedPostgres(portal.node.data_dir).dsn)
        await connection.execute(
            "update webhook_message set due_at = now() where state = 'pending'"
        )
        await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(change()))
    thread.start()
    thread.join()


def test_a_report_is_sent_though_the_portal_is_killed_before_it_is_sent(
    sign_in: SignIn,
    portal: Portal,
    past: list[CallRecord],
    axe: Callable[[Page], list[str]],
) -> None:
    page = sign_in(NUMBER, tongue="en")
    page.goto("/reports")
    form = page.locator("form.report-form").last
    form.get_by_label("Mail addresses").fill("boss@example.org\ndesk@example.org")
    form.get_by_label("Language").select_option("en")
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Send now").click()
    # Nobody takes mail yet: it is made, and waits, and the page says why.
    expect(page.locator("#sent")).to_contain_text("not reached", timeout=60_000)
    assert axe(page) == []
    page.goto("about:blank")
    kill_the_portal(portal)
    with opened(POST) as office:
        hurry(portal)
        page.goto("/reports")
        delivered = page.locator("#sent .mark.good", has_text="delivered")
        expect(delivered).to_have_count(2, timeout=60_000)
        hurry(portal)
    assert sorted(one["To"] for one in office.letters) == [
        *("boss@example.org", "desk@example.org"),
    ]
    body = office.letters[0].get_body(("plain",))
    assert body is not None
    answered = sum(one.outcome is Outcome.ANSWERED for one in past)
    text = body.get_content()
    assert f"Calls: {len(past)} " in text
    assert f"Answered: {answered} " in text
    fee = sum(one.fee for one in past)
    assert f"Enterprise fee (yuan): {fee // 1000}.{fee % 1000 // 10:02} " in text
    page.get_by_role("link", name="Letter").first.click()
    expect(page.locator("body")).to_contain_text(f"{len(past)}")
