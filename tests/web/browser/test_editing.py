"""What is changed in the browser is what the next call meets."""

from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from b2bua.service.record import CallRecord
from tests.support.node import until
from tests.support.tones import linear, samples_of, seconds_of_tone, sine
from tests.web.browser.conftest import CHROMIUM, FLAGS, SignIn
from tests.web.browser.served import Portal

HERTZ: Final = 1000.0
BEEPS: Final = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)

pytestmark = pytest.mark.wire


@pytest.fixture
def called(portal: Portal) -> "Called":
    """Places calls and waits for their records."""
    return Called(portal)


class Called:
    """One call after the other."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def __call__(self, number: str, *options: str) -> CallRecord:
        """The record of a call that hung up by itself."""
        before = len(self._portal.records(number))
        uri = f"sip:{number}@{self._portal.node.host}"
        dialled = self._portal.node.begin("dial", uri, *options)
        dialled.communicate(timeout=60)
        until(lambda: len(self._portal.records(number)) > before, why="the record")
        return self._portal.records(number)[0]


def said(page: Page, text: str) -> None:
    """The page says that it was done."""
    expect(page.get_by_role("status").filter(has_text=text).first).to_be_visible()


def test_the_next_call_follows_what_was_changed(
    sign_in: SignIn, portal: Portal, called: Called
) -> None:
    number = "4006005678"
    page = sign_in(number)
    with portal.destination(5080), portal.destination(5081):
        page.goto("/answering")
        page.locator("[name='number:front']").fill("02088889999")
        page.locator("form.card", has_text="目的码").get_by_role(
            "button", name="保存"
        ).first.click()
        said(page, "已发布版本 2")
        expect(page.locator("[data-serving]")).to_contain_text("版本 2")
        record = called(number, "--seconds", "2")
        assert record.plan_version == 2
        assert record.attempts[0].number == "02088889999"

        # In two clicks all calls go to the other; a banner says so until it is ended.
        back = page.locator("fieldset.person", has=page.get_by_text("back", exact=True))
        back.first.locator("summary", has_text="全部转到这里").click()
        back.first.get_by_role("button", name="2 小时").click()
        expect(page.locator(".override")).to_contain_text("所有来电正转到 back")
        record = called(number, "--seconds", "2")
        assert record.attempts[0].destination == "back"
        assert any(step.rule == "override" for step in record.trace)
        page.get_by_role("button", name="结束转移").click()
        expect(page.locator(".override")).to_have_count(0)
        assert called(number, "--seconds", "2").attempts[0].destination == "front"

        # Back to the first version, whose number answers again.
        page.goto("/versions")
        first = page.locator(".versions > li", has=page.locator("b", has_text="1")).last
        first.get_by_role("button", name="恢复此版本").click()
        said(page, "已发布版本 5")
        record = called(number, "--seconds", "2")
        assert (record.plan_version, record.attempts[0].number) == (5, "02088886101")


def test_a_greeting_is_uploaded_and_heard(
    sign_in: SignIn, portal: Portal, called: Called, tmp_path: Path
) -> None:
    number = "4006009000"
    page = sign_in(number, tongue="en")
    tone = tmp_path / "tone.wav"
    soundfile.write(tone, linear(sine(HERTZ, 3.0)) / 32768, 8000)
    page.goto("/prompts")
    page.get_by_label("Name").first.fill("our tone")
    page.get_by_label("Audio file").set_input_files(tone)
    page.get_by_role("button", name="Upload").click()
    said(page, "The prompt is kept")
    page.goto("/settings")
    page.get_by_label("Usual greeting").select_option("our tone")
    page.locator("form", has_text="Usual greeting").get_by_role(
        "button", name="Save"
    ).click()
    said(page, "Version 2 is published")
    page.get_by_label("No password any more").check()
    page.locator("form", has_text="No password").get_by_role("button", name="Save").click()
    said(page, "Version 3 is published")
    heard = tmp_path / "heard.wav"
    with portal.destination(5080, "--after", "3"):
        record = called(number, "--seconds", "4", "--record", str(heard))
    assert record.plan_version == 3
    assert seconds_of_tone(samples_of(heard), HERTZ) > 1.0
    assert np.abs(samples_of(heard)).max() > 1000


def test_a_menu_is_built_and_navigated(
    sign_in: SignIn, portal: Portal, called: Called
) -> None:
    number = "4006001234"
    page = sign_in(number)
    page.goto("/menus/new")
    page.get_by_role("textbox", name="名称", exact=True).first.fill("总机")
    page.locator("[name='key:0']").fill("1")
    page.locator("[name='to:0']").select_option("destination:duty")
    page.locator("[name='key:1']").fill("2")
    page.locator("[name='to:1']").select_option("sub")
    page.locator("[name='sub:1']").fill("售后")
    page.get_by_role("button", name="存为草稿").click()
    said(page, "已存入草稿")
    page.get_by_role("link", name="售后").click()
    page.locator("[name='key:1']").fill("3")
    page.locator("[name='to:1']").select_option("destination:support")
    page.get_by_role("button", name="存为草稿").click()
    page.goto("/routing/route/0")
    page.get_by_label("去向", exact=True).select_option("menu:总机")
    page.get_by_role("button", name="存为草稿").click()
    said(page, "已存入草稿")
    page.get_by_role("button", name="发布").click()
    said(page, "已发布版本 2")
    with portal.destination(5080), portal.destination(5081):
        keyed = ("--from", "02088881234", "--keys", "2w3", "--seconds", "12")
        record = called(number, *keyed)
    assert record.keys == "2,3"
    assert [one.destination for one in record.attempts] == ["support"]

    # A call imagined goes the way the real one went.
    page.goto("/try")
    page.get_by_label("主叫").fill("02088881234")
    page.get_by_label("按键（逗号分隔）").fill("2,3")  # noqa: RUF001
    page.get_by_role("button", name="试一试").click()
    expect(page.locator(".path .destination").first).to_contain_text("support")
    decided = [one.rule for one in record.trace]
    tried = page.evaluate(
        """async () => (await (await fetch("/api/explain", {method: "POST",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify({from: "02088881234", keys: "2,3"})})).json())"""
    )
    assert [step["rule"] for step in tried["trace"]] == decided[: len(tried["trace"])]
    assert tried["destinations"][0] == record.attempts[0].destination


def test_shares_sum_to_a_hundred_and_weeks_are_painted(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/routing/route/new")
    page.get_by_label("去向", exact=True).select_option("split")
    shares = page.locator("[data-shares] input[type=number]")
    for place, value in ((0, 33), (1, 50), (2, 7), (0, 100), (1, 1)):
        shares.nth(place).fill(str(value))
        shares.nth(place).blur()
        values = [int(one.input_value()) for one in shares.all()]
        assert values[place] == value
        assert sum(values) == 100
    cell = page.locator("[role=gridcell][data-day='0'][data-at='18']")
    cell.scroll_into_view_if_needed()
    start = cell.bounding_box()
    end = page.locator("[role=gridcell][data-day='2'][data-at='23']").bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 3, start["y"] + 3)
    page.mouse.down()
    for at in range(18, 24):
        box = page.locator(f"[role=gridcell][data-day='0'][data-at='{at}']").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.up()
    monday = page.locator("[name='day:0']")
    expect(monday).to_have_value("09:00-11:59")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("[name='day:1']")).to_have_value("09:00-09:29")
    page.get_by_text("用文字填写每天的时段").click()
    monday.fill("22:00-05:59")
    expect(page.locator("[role=gridcell][data-day='0'][data-at='47']")).to_have_attribute(
        "aria-selected", "true"
    )


def test_lists_are_put_in_order_by_buttons(sign_in: SignIn) -> None:
    page = sign_in("4006005678")
    page.goto("/answering")
    busy = page.get_by_role("list", name="遇忙转移")
    assert busy.locator("select").first.input_value() == "back"
    busy.get_by_role("button", name="↓").first.click()
    assert busy.locator("select").first.input_value() == "front"
    names = [one.get_attribute("name") for one in busy.locator("select").all()]
    assert names == [f"forwarding busy:{place}" for place in range(3)]


def test_a_prompt_is_recorded_in_the_browser(browser: Browser, portal: Portal) -> None:
    number = "4006009000"
    # A browser of its own: its microphone is one that beeps.
    opened = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *BEEPS])
    context = opened.new_context(base_url=portal.url, locale="en-GB")
    signed = {"number": number, "password": portal.password}
    assert context.request.post("/api/session", data=signed).ok
    page = context.new_page()
    page.goto("/prompts")
    recorder = page.locator("[data-recorder]")
    recorder.get_by_label("Name").fill("spoken")
    recorder.get_by_role("button", name="Begin").click()
    expect(recorder.locator("[data-time]")).to_have_text("0:02", timeout=20_000)
    recorder.get_by_role("button", name="Stop").click()
    recorder.get_by_role("button", name="Keep it").click()
    said(page, "The prompt is kept")
    kept = page.request.get("/api/prompts").json()["prompts"]
    heard = page.request.get("/prompts/spoken/audio").body()
    opened.close()
    (found,) = (one for one in kept if one["name"] == "spoken")
    assert found["seconds"] >= 2.0
    samples, rate = soundfile.read(BytesIO(heard), dtype="int16")
    assert rate == 8000
    assert np.abs(samples).max() > 1000
