"""Handling the portal: by keys alone, by dragging, and across a restart of its process."""

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.node import until
from tests.web.browser.conftest import SignIn
from tests.web.browser.served import NUMBER, Portal

pytestmark = pytest.mark.wire

MOST_TABS = 90
FOCUS = """(one) => {
    const style = getComputedStyle(one), label = one.closest("label");
    const beside = label ? [...label.querySelectorAll("*")].map(getComputedStyle) : [];
    const lined = (it) => it.outlineStyle !== "none" && it.outlineWidth !== "0px";
    return [style, ...beside].some(lined) || style.boxShadow !== "none";
}"""
"""Whether who looks can see that an element has the focus."""


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on by the tabulator until an element has the focus, which is always seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count():
            assert focused.evaluate(FOCUS), focused.evaluate("(one) => one.outerHTML")
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not come to {wanted}")


def test_a_number_is_changed_by_keys_alone(sign_in: SignIn, portal: Portal) -> None:
    page = sign_in(tongue="en")
    page.context.clear_cookies()
    page.goto("/sign-in")
    expect(page.get_by_label("400 number")).to_be_focused()
    page.keyboard.type(NUMBER)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(portal.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Today")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Answering", exact=True).first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Answering", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past the navigation
    night = page.locator("[name='number:night']")
    tab_to(page, night)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("13900007004")
    page.keyboard.press("Enter")
    status = page.get_by_role("status").filter(has_text="is published")
    expect(status).to_be_visible()
    expect(night).to_have_value("13900007004")


def order(page: Page) -> list[str]:
    return [str(one.get_attribute("data-name")) for one in page.locator(".route").all()]


def test_routes_are_put_in_order_by_keys_and_by_dragging(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/routing")
    assert order(page) == ["south", "message", "otherwise"]
    down = page.get_by_role("button", name="下移 south")
    down.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".route").first).to_have_attribute("data-name", "message")
    expect(page.locator("[data-said]")).to_contain_text("第 2 条")
    expect(page.get_by_role("button", name="上移 south")).to_be_focused()

    grip = page.locator("[data-name=south] [data-grip]").bounding_box()
    above = page.locator("[data-name=message]").bounding_box()
    assert grip is not None
    assert above is not None
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(above["x"] + 80, above["y"] + 60, steps=4)
    page.mouse.move(above["x"] + 80, above["y"] + 5, steps=4)
    page.mouse.up()
    expect(page.locator(".route").first).to_have_attribute("data-name", "south")
    page.goto("/routing")  # As it was: nothing is left in the draft.
    assert order(page) == ["south", "message", "otherwise"]
    expect(page.locator(".draftbar")).to_have_count(0)


def web_process(portal: Portal) -> int:
    """The process that serves this node's pages, and no other's."""
    place = str(portal.node.data_dir.parent).encode()
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"b2bua.app.web" in command and place in command:
            return int(entry.name)
    raise AssertionError("no portal runs")


def test_a_page_recovers_when_the_portal_is_started_again(
    sign_in: SignIn, portal: Portal, browser: Browser
) -> None:
    signed = sign_in("4006009000", tongue="en").context.storage_state()
    # A page whose complaints nobody hears: what is served goes away under it.
    context = browser.new_context(base_url=portal.url, storage_state=signed, locale="en-GB")
    page = context.new_page()
    page.goto("/")
    pulse = page.locator("[data-pulse]")
    expect(pulse).to_have_text("live")
    os.kill(web_process(portal), signal.SIGKILL)
    expect(pulse).to_have_text("no connection, trying again", timeout=20_000)
    until(portal.answers, why="the portal is back")
    expect(pulse).to_have_text("live", timeout=30_000)
    board = page.get_by_role("region", name="Calls now up")
    with (
        portal.destination(5080, "--after", "0.2"),
        portal.call("4006009000", "13900002222", "--seconds", "20"),
    ):
        expect(board.get_by_text("139****2222")).to_be_visible(timeout=20_000)
    context.close()
