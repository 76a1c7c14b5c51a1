"""A real browser before the real portal of a real node: the pattern for every test here.

One node and one Chromium serve all tests of this package. ``portal`` is the node's portal
after a handful of real calls (``served.CALLS``); ``sign_in`` opens a signed-in page::

    def test_a_number_is_changed(sign_in: SignIn, portal: Portal) -> None:
        page = sign_in("4006005678")          # demo number; a context of its own
        page.goto("/answering")
        page.get_by_label("接听号码").first.fill("02088889999")
        page.get_by_role("button", name="保存").first.click()
        expect(page.get_by_role("status")).to_be_visible()
        with portal.destination(5080), portal.call("4006005678", "13900001111"):
            ...                               # the next call goes there

- Tests share the node: change the demo numbers, one test a number, and read
  ``served.NUMBER``, whose calls every test counts on.
- Ask with locators and ``expect``, which wait by themselves; never sleep.
- Each page fails its test when the browser complains: an error of a script, something that
  the Content-Security-Policy forbids, an answer of 500 or more.
- Playwright runs an event loop in this thread while it is open: no test here is ``async``,
  and what needs a loop of its own (``portal.records``) runs in another thread.
- ``tongue``, ``phone`` and ``dark`` choose how the page is looked at.
- ``axe(page)`` lists what makes a page hard to use for those who cannot see or point.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.browser.served import NUMBER, Portal, place_calls, serving

CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE: Final = Path(__file__).with_name("vendor") / "axe.min.js"
DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
SERIOUS: Final = ("serious", "critical")
PATIENCE: Final = 300
"""Seconds of a test at most: the first waits for the node and its calls."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what is here the time that a loaded machine takes."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(PATIENCE))


class SignIn(Protocol):
    """Opens a page that is signed in."""

    def __call__(
        self,
        number: str = NUMBER,
        *,
        tongue: str = "zh",
        phone: bool = False,
        dark: bool = False,
    ) -> Page: ...


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The portal of a node that had some calls."""
    with serving(tmp_path_factory.mktemp("portal")) as served:
        place_calls(served)
        yield served


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield opened
        opened.close()


@pytest.fixture
def sign_in(browser: Browser, portal: Portal) -> Iterator[SignIn]:
    """Opens pages; fails the test for what the browser complained of."""
    complaints: list[str] = []
    contexts = []

    def opened(
        number: str = NUMBER,
        *,
        tongue: str = "zh",
        phone: bool = False,
        dark: bool = False,
    ) -> Page:
        context = browser.new_context(
            base_url=portal.url,
            locale="zh-CN" if tongue == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            has_touch=phone,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        listen(page, complaints)
        answer = context.request.post(
            "/api/session", data={"number": number, "password": portal.password}
        )
        assert answer.ok, answer.text()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def listen(page: Page, complaints: list[str]) -> None:
    """Keep what the browser complains of."""

    def said(message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "response",
        lambda answer: (
            complaints.append(f"{answer.status} {answer.url}")
            if answer.status >= 500
            else None
        ),
    )


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """What is seriously wrong with a page for those who cannot see or point."""

    def found(page: Page) -> list[str]:
        # Not as a script of the page: its policy would rightly refuse that.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']}: {node['target']} {node['html'][:200]}"
            for one in result["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"][:5]
        ]

    return found
