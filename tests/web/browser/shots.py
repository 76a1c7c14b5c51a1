"""Pictures of every page, in both languages, on a desk and on a phone, for the documents.

    python -m tests.web.browser.shots [FOLDER]

A node of its own is served and called for them; ``docs/portal`` holds what came out.
"""

import base64
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from b2bua.web.navigation import ENTERPRISE, OPERATOR, places
from tests.architecture.sources import ROOT
from tests.support.postoffice import opened
from tests.web.browser.conftest import CHROMIUM, DESKTOP, FLAGS, PHONE
from tests.web.browser.history import history
from tests.web.browser.served import NUMBER, PLAN, POST, Portal, place_calls, serving

FOLDER: Final = ROOT / "docs" / "portal"
QUALITY: Final = 68
DEVICES: Final = {"desktop": DESKTOP, "phone": PHONE}
TONGUES: Final = {"zh": "zh-CN", "en": "en-GB"}
SIGN_IN: Final = "sign-in"
CALL: Final = "call"
WALL: Final = "wall"
ROUTE: Final = "route"
HOUSE: Final = {one.key: one.path for one in places(OPERATOR) if one.key != "access"} | {
    "op_number": f"/operator/numbers/{NUMBER}",
    "op_open": "/operator/numbers/open",
}
"""The operator's pages."""
NAMES: Final = (
    SIGN_IN,
    *(one.key for one in places(ENTERPRISE)),
    *(CALL, ROUTE, WALL),
    *HOUSE,
)
UNFINISHED: Final = "#figures [hx-trigger], [data-chart]:not([data-drawn])"
"""What is still being counted or drawn."""
GROWN: Final = PLAN.replace(
    "  duty: {order: [li, wang]}\n",
    """\
  duty: {percent: {wang: 70, li: 30}}
  值班:
    roster:
      - {name: 白班, when: {days: Mon-Fri, hours: "09:00-17:59"}, on: [li, wang]}
      - {name: 周末, when: {days: "Sat,Sun", hours: "10:00-15:59"}, on: [wang]}
      - {name: 夜班, when: {hours: "18:00-08:59"}, on: [night]}
menus:
  总机: {prompt: menu, keys: {"1": duty, "2": {menu: 售后}, "0": 值班}, otherwise: 值班}
  售后: {prompt: menu, keys: {"1": li, "2": {voicemail: true}, "*": back}}
""",
).replace("{name: otherwise, to: li}", "{name: otherwise, to: {menu: 总机}}")
"""What the number's owner made of the plan later: shares, a roster, menus."""
CALLERS: Final = ("02088881234", "13600001111", "02166667777")
"""Who calls while pictures of live calls are taken."""


def take(portal: Portal, browser: Browser, tongue: str, folder: Path) -> list[str]:
    """Every picture in one language; returns their names."""
    addresses = {one.key: one.path for one in places(ENTERPRISE)}
    addresses |= {CALL: called(portal), ROUTE: "/routing/route/0", WALL: "/wall"}
    addresses["try"] += "?caller=02166667777&at=2026-11-24T10:00&keys=2,1"
    owner = {"number": NUMBER, "password": portal.password}
    operator = {"name": "operator", "password": portal.password}
    taken = []
    for device, size in DEVICES.items():
        for door, who, pages in (
            ("/api/session", owner, addresses),
            ("/api/operator/session", operator, HOUSE),
        ):
            context = browser.new_context(
                base_url=portal.url,
                locale=TONGUES[tongue],
                timezone_id="Asia/Shanghai",
                viewport=size,  # type: ignore[arg-type]
                color_scheme="light",
            )
            page = context.new_page()
            if pages is addresses:
                page.goto("/sign-in")
                taken.append(picture(page, folder / f"{SIGN_IN}-{tongue}-{device}.webp"))
            context.request.post(door, data=who)
            if pages is addresses:
                page.goto("/")
                expect(page.locator(".live-list tbody tr")).to_have_count(
                    len(CALLERS), timeout=30_000
                )
            for name, address in pages.items():
                page.goto(address)
                # Not as a condition in text: the page's policy lets none be evaluated.
                expect(page.locator(UNFINISHED)).to_have_count(0, timeout=20_000)
                taken.append(picture(page, folder / f"{name}-{tongue}-{device}.webp"))
            context.close()
    return taken


def called(portal: Portal) -> str:
    """The address of a call that was forwarded and recorded."""
    found = next(one for one in portal.records() if one.recording and len(one.attempts) > 1)
    return f"/calls/{found.id}"


def picture(page: Page, path: Path) -> str:
    """What is seen now, when nothing moves any more."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(600)  # Charts are drawn bit by bit.
    session = page.context.new_cdp_session(page)
    told = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(told["data"]))
    return path.stem


@contextmanager
def busy(portal: Portal) -> Iterator[None]:
    """Calls that are up while the block runs."""
    with ExitStack() as ending:
        ending.enter_context(portal.destination(5080, "--after", "0.5"))
        ending.enter_context(portal.destination(5081, "--after", "0.2", "--status", "486"))
        for caller in CALLERS:
            ending.enter_context(portal.call(NUMBER, caller, "--seconds", "600"))
        yield


def send_report(portal: Portal, browser: Browser) -> None:
    """One that was sent, so that the page of reports has something to show."""
    context = browser.new_context(base_url=portal.url, locale="en-GB")
    given = {"number": NUMBER, "password": portal.password}
    context.request.post("/api/session", data=given)
    wish = {"rhythm": "month", "mail": ["boss@example.com", "duty@example.com"]}
    made = context.request.post("/api/reports", data=wish).json()["id"]
    page = context.new_page()
    with opened(POST):
        context.request.post(f"/api/reports/{made}/send", data={})
        page.goto("/reports")
        delivered = page.locator("#sent .mark.good", has_text="delivered")
        expect(delivered).to_have_count(2, timeout=60_000)
    context.close()


def index(folder: Path) -> None:
    """A page that shows them all."""
    lines = [
        "# The portal in pictures",
        "",
        "Made by `python -m tests.web.browser.shots` on a node of its own.",
    ]
    for name in NAMES:
        lines += ["", f"## {name}", "", "| 中文 | English |", "|---|---|"]
        for device in DEVICES:
            cells = [f"![{name}]({name}-{tongue}-{device}.webp)" for tongue in TONGUES]
            lines.append(f"| {' | '.join(cells)} |")
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(folder: Path) -> int:
    """Serve, call, take pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as where,
        serving(Path(where)) as portal,
        sync_playwright() as playwright,
    ):
        place_calls(portal)
        portal.remember(history(NUMBER, datetime.now(UTC)))
        grown = Path(where) / "grown.yaml"
        grown.write_text(GROWN, encoding="utf-8")
        done = portal.node.run("apply", str(grown))
        assert done.returncode == 0, done.stdout + done.stderr
        for tongue, locale in TONGUES.items():
            # Its own words, as in a date field, are of its language where it has that.
            spoken: dict[str, str | float | bool] = {
                **os.environ,
                "LANGUAGE": locale.replace("-", "_"),
            }
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*FLAGS], env=spoken
            )
            if tongue == "zh":
                send_report(portal, browser)
            with busy(portal):
                print("\n".join(take(portal, browser, tongue, folder)))
            browser.close()
    index(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
