"""What an enterprise looks at: live calls, a call's sound, a search, the list as a file."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.browser.conftest import SignIn
from tests.web.browser.served import NUMBER, Portal

pytestmark = pytest.mark.wire

QUIET = "4006005678"
"""Nobody but the test of live calls calls it."""


def test_a_call_is_seen_while_it_lasts(sign_in: SignIn, portal: Portal) -> None:
    page = sign_in(QUIET, tongue="en")
    page.goto("/")
    board = page.get_by_role("region", name="Calls now up")
    expect(board.get_by_text("No calls are up.")).to_be_visible()
    with (
        portal.destination(5080, "--after", "0.2"),
        portal.call(QUIET, "13900001111", "--seconds", "30"),
    ):
        expect(board.get_by_text("talking")).to_be_visible(timeout=20_000)
        expect(board.get_by_text("139****1111")).to_be_visible()
        wall = page.context.new_page()
        wall.goto("/wall")
        expect(wall.locator(".wall-figures .now dd")).to_have_text("1")
    expect(board.get_by_text("No calls are up.")).to_be_visible(timeout=20_000)
    expect(wall.locator(".wall-figures .now dd")).to_have_text("0")


def test_a_recording_plays_in_two_channels(sign_in: SignIn) -> None:
    page = sign_in(tongue="en")
    page.goto("/calls?outcome=answered")
    page.locator("tbody a").first.click()
    sound = page.get_by_role("region", name="Recording").locator("audio")
    seconds = sound.evaluate(
        """async (audio) => {
            audio.load();
            audio.preload = "auto";
            await new Promise((done, failed) => {
                audio.onloadedmetadata = done;
                audio.onerror = () => failed(audio.error.message);
            });
            const bytes = await (await fetch(audio.src)).arrayBuffer();
            const reader = new OfflineAudioContext(2, 1, 8000);
            const decoded = await reader.decodeAudioData(bytes);
            return [audio.duration, decoded.numberOfChannels];
        }"""
    )
    assert seconds[0] > 2
    assert seconds[1] == 2


def test_a_search_changes_the_list_in_place(sign_in: SignIn) -> None:
    page = sign_in(tongue="en")
    page.goto("/calls")
    rows = page.locator("#found tbody tr")
    before = rows.count()
    page.get_by_label("Outcome").select_option("refused")
    expect(page).to_have_url(
        "/calls?since=&until=&caller=&area=&outcome=refused&destination="
    )
    expect(rows).to_have_count(2)
    assert before > 2
    page.go_back()
    expect(rows).to_have_count(before)


def test_the_file_is_what_the_database_holds(
    sign_in: SignIn, portal: Portal, tmp_path: Path
) -> None:
    page = sign_in(tongue="en")
    page.goto("/calls")
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV").click()
    path = tmp_path / "calls.csv"
    coming.value.save_as(path)
    head, *lines = csv.reader(path.read_text("utf-8-sig").splitlines())
    stored = portal.records(NUMBER)
    assert [line[head.index("Call")] for line in lines] == [one.id for one in stored]
    fees = [float(line[head.index("Fee (yuan)")]) for line in lines]
    assert fees == [one.fee / 1000 for one in stored]
