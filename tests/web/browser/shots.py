"""Pictures of every page, in both languages, on a desk and on a phone, for the documents.

    python -m tests.web.browser.shots [FOLDER]

A node of its own is served and called for them; ``docs/portal`` holds what came out.
"""

import base64
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from b2bua.web.navigation import ENTERPRISE, places
from tests.architecture.sources import ROOT
from tests.web.browser.conftest import CHROMIUM, DESKTOP, FLAGS, PHONE
from tests.web.browser.history import history
from tests.web.browser.served import NUMBER, Portal, place_calls, serving

FOLDER: Final = ROOT / "docs" / "portal"
QUALITY: Final = 68
DEVICES: Final = {"desktop": DESKTOP, "phone": PHONE}
TONGUES: Final = {"zh": "zh-CN", "en": "en-GB"}
SIGN_IN: Final = "sign-in"
CALL: Final = "call"
WALL: Final = "wall"
NAMES: Final = (SIGN_IN, *(one.key for one in places(ENTERPRISE)), CALL, WALL)
CALLERS: Final = ("02088881234", "13600001111", "02166667777")
"""Who calls while pictures of live calls are taken."""


def take(portal: Portal, browser: Browser, folder: Path) -> list[str]:
    """Every picture; returns their names."""
    addresses = {one.key: one.path for one in places(ENTERPRISE)}
    addresses |= {CALL: called(portal), WALL: "/wall"}
    taken = []
    for tongue, locale in TONGUES.items():
        for device, size in DEVICES.items():
            context = browser.new_context(
                base_url=portal.url,
                locale=locale,
                timezone_id="Asia/Shanghai",
                viewport=size,  # type: ignore[arg-type]
                color_scheme="light",
            )
            page = context.new_page()
            page.goto("/sign-in")
            taken.append(picture(page, folder / f"{SIGN_IN}-{tongue}-{device}.webp"))
            context.request.post(
                "/api/session", data={"number": NUMBER, "password": portal.password}
            )
            for name, address in addresses.items():
                page.goto(address)
                page.wait_for_function("!document.querySelector('#figures [hx-trigger]')")
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
            ending.enter_context(portal.call(NUMBER, caller, "--seconds", "300"))
        yield


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
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        with busy(portal):
            print("\n".join(take(portal, browser, folder)))
        browser.close()
    index(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
