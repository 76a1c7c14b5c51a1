"""Who has not asked for whole numbers finds none on any page, nor hidden in a form."""

from dataclasses import replace

import httpx
import pytest

from b2bua.store.live import Live
from b2bua.store.plans import Draft, Plans
from b2bua.web.portal import Portal
from tests.store.builders import SOURCE, plan
from tests.web.conftest import OURS, token, up

BLOCKED = ("13512345678", "02166667777")
GONE = "13699998888"
PAGES = ("/", "/live", "/calls", "/calls/ours-0", "/answering", "/screening", "/analysis")
"""All but the plan's text, which is written by who may see what is in it."""


@pytest.fixture
async def listed(portal: Portal) -> None:
    for entries in ((GONE,), BLOCKED):
        text = SOURCE + f"screening: {{blacklist: {list(entries)}}}\n"
        screening = plan().screening
        changed = plan(screening=type(screening)(blacklist=entries))
        await Plans(portal.database).publish([Draft(plan=changed, source=text)])


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("path", PAGES)
async def test_no_page_holds_a_number_that_it_masks(
    ours: httpx.AsyncClient, path: str
) -> None:
    hidden = (*BLOCKED, GONE, "13800138000")
    page = (await ours.get(path)).text
    assert [number for number in hidden if number in page] == []
    await ours.put("/api/session", json={"reveal": True})
    if path in ("/screening", "/calls", "/live"):
        page = (await ours.get(path)).text
        assert any(number in page for number in hidden)


@pytest.mark.usefixtures("listed")
async def test_an_entry_is_taken_off_by_its_place(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    form = {**await token(ours, "/screening"), "list": "blacklist", "remove": "yes"}
    late = await ours.post("/screening", data={**form, "place": "0", "version": "2"})
    assert late.status_code == 409, "places are those of another version"
    await ours.post("/screening", data={**form, "place": "7"})
    done = await ours.post("/screening", data={**form, "place": "0"})
    assert done.headers["location"] == "/screening?said=saved"
    now = (await Plans(portal.database).snapshot({})).plans[OURS]
    assert now.screening.blacklist == BLOCKED[1:]


async def test_a_live_caller_who_asked_for_privacy_is_shown_to_nobody(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    hidden = replace(up("live-hidden", OURS, "13712340000", "one"), private=True)
    await Live(portal.database).announce("n1", [hidden])
    await ours.put("/api/session", json={"reveal": True})
    assert [one.private for one in await Live(portal.database).live(OURS)] == [True]
    for path in ("/", "/live", "/api/live"):
        answer = (await ours.get(path)).text
        assert "13712340000" not in answer
        for part in ("****0000", "1371234"):
            assert part not in answer
