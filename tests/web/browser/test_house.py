"""Two steps at the door, and the operator's pages, in the browser before a real node."""

from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from b2bua.web.navigation import OPERATOR, places
from tests.support.node import until
from tests.web.browser.conftest import SignIn
from tests.web.browser.served import NUMBER, Portal

pytestmark = pytest.mark.wire

PATHS = [*(one.path for one in places(OPERATOR)), f"/operator/numbers/{NUMBER}"]
OURS = "4006009000"


@pytest.fixture
def run(sign_in: SignIn, portal: Portal) -> Callable[..., Page]:
    """Opens a page as the seeded operator."""

    def opened(*, dark: bool = False) -> Page:
        page = sign_in(dark=dark)
        given = {"name": "operator", "password": portal.password}
        answer = page.request.post("/api/operator/session", data=given)
        assert answer.ok, answer.text()
        return page

    return opened


@pytest.mark.parametrize("path", PATHS)
def test_nothing_serious_is_found(
    run: Callable[..., Page], axe: Callable[[Page], list[str]], path: str
) -> None:
    for dark in (False, True):
        page = run(dark=dark)
        page.goto(path)
        assert axe(page) == []


def test_a_code_is_the_second_step(sign_in: SignIn, portal: Portal) -> None:
    page = sign_in(OURS, tongue="en")
    page.goto("/access")
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator('input[name="secret"]').input_value()
    page.get_by_label("One-time code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Recovery codes", exact=True)).to_be_visible()
    spare = page.locator("section.alert code").first.inner_text()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("400 number").fill(OURS)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("One-time code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    page.get_by_label("One-time code").fill(spare)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{portal.url}/")


def test_a_live_call_is_hung_up(run: Callable[..., Page], portal: Portal) -> None:
    page = run()
    with (
        portal.destination(5080, "--after", "0"),
        portal.call("4006005678", "13911117777", "--seconds", "60"),
    ):
        button = page.get_by_role("button", name="挂断")

        def up() -> bool:
            page.goto("/operator/live")
            return button.count() == 1

        until(up, why="the call is listed")
        expect(page.get_by_text("139****7777")).to_be_visible()
        page.once("dialog", lambda question: question.dismiss())
        button.click()
        expect(button).to_have_count(1)
        page.once("dialog", lambda question: question.accept())
        button.click()
        expect(page.get_by_role("status").first).to_contain_text("已下令挂断")
        until(
            lambda: (
                [one.end_reason for one in portal.records("4006005678")][:1] == ["operator"]
            ),
            why="the record says who ended it",
        )


def test_an_operator_looks_from_within(run: Callable[..., Page], portal: Portal) -> None:
    page = run()
    page.goto(f"/operator/numbers/{NUMBER}")
    page.get_by_role("button", name="只读查看").click()
    expect(page.get_by_text(f"您正以运营商身份查看 {NUMBER}")).to_be_visible()
    page.goto("/calls")
    expect(page.get_by_text(f"您正以运营商身份查看 {NUMBER}")).to_be_visible()
    expect(page.get_by_text("020****1234").first).to_be_visible()
    page.get_by_role("button", name="返回运营商页面").click()
    expect(page).to_have_url(f"{portal.url}/operator/numbers/{NUMBER}")
    page.goto("/audit")
    expect(page.get_by_text("代为查看", exact=True).last).to_be_visible()
