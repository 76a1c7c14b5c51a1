"""Every page in the browser: the policy forbids nothing of it, and axe finds nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from b2bua.web.navigation import ENTERPRISE, places
from tests.web.browser.conftest import PHONE, SignIn
from tests.web.browser.served import Portal

pytestmark = pytest.mark.wire

PATHS = [*(one.path for one in places(ENTERPRISE)), "/wall", "/nowhere"]
Axe = Callable[[Page], list[str]]


def looked_at(page: Page, axe: Axe) -> list[str]:
    """On a desk in the light, then on a phone in the dark, at once and not by degrees."""
    page.emulate_media(reduced_motion="reduce")
    found = axe(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*found, *axe(page), *([f"{wide} px too wide"] if wide > 0 else [])]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_serious_is_found(sign_in: SignIn, axe: Axe, path: str) -> None:
    page = sign_in(tongue="en")
    page.goto(path)
    assert looked_at(page, axe) == []


def test_nothing_serious_is_found_in_a_call(sign_in: SignIn, axe: Axe) -> None:
    page = sign_in()
    page.goto("/calls")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("img", name="时间线")).to_be_visible()
    assert looked_at(page, axe) == []


def test_nothing_serious_is_found_at_the_door(
    sign_in: SignIn, portal: Portal, axe: Axe
) -> None:
    page = sign_in()
    page.context.clear_cookies()
    page.goto("/")
    assert page.url == f"{portal.url}/sign-in"
    assert looked_at(page, axe) == []


def test_the_keyboard_goes_past_the_navigation(sign_in: SignIn) -> None:
    page = sign_in(tongue="en")
    page.goto("/calls")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="CSV")).to_be_focused()


def test_language_and_look_are_a_click_away(sign_in: SignIn) -> None:
    page = sign_in()
    page.goto("/calls")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()
    page.get_by_role("link", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("link", name="Auto").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_on_a_phone_the_menu_opens(sign_in: SignIn) -> None:
    page = sign_in(phone=True, tongue="en")
    page.goto("/")
    menu = page.get_by_role("navigation", name="Pages", exact=True)
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(menu).to_be_visible()
    page.get_by_role("navigation", name="Most used pages").get_by_text("Calls").click()
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()
