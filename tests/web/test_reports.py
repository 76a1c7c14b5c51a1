"""Scheduled reports, on their page and in the API: who may ask for what, and sees what."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from b2bua.app.clerk import Clerk
from b2bua.report.timetable import FAULTS, MOST_SUBSCRIPTIONS
from b2bua.service.webhook import Reach
from b2bua.store.records import Records
from b2bua.store.tenant import Tenant
from b2bua.web.analyst import Analyst
from b2bua.web.portal import Portal
from b2bua.web.reporting import month_of
from tests.web.conftest import (
    OURS,
    PASSWORD,
    THEIRS,
    called,
    client_of,
    signed_in,
    token,
)

ENGLISH = {"accept-language": "en"}
BOSS = "boss@example.org"
WISH = {"rhythm": "month", "mail": [BOSS]}
HOOK = "https://crm.example.com/reports?key=very-private"


@pytest.fixture
def portal(portal: Portal) -> Portal:
    known = replace(portal.known, webhooks=Reach())
    return replace(portal, mail=True, known=known)


@pytest.fixture
async def ours(portal: Portal) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(portal) as client:
        yield client


@asynccontextmanager
async def viewing(
    portal: Portal, ours: httpx.AsyncClient
) -> AsyncIterator[httpx.AsyncClient]:
    given = {"name": "li", "role": "viewer", "password": PASSWORD}
    assert (await ours.post("/api/users", json=given)).is_success
    async with client_of(portal) as client:
        entry = {"number": OURS, "user": "li", "password": PASSWORD}
        assert (await client.post("/api/session", json=entry)).is_success
        yield client


async def made(portal: Portal) -> int:
    """What a clerk makes of what is due."""
    asked = asyncio.Event()
    clerk = Clerk(portal.database, Analyst(lambda: 0.0), portal.province_of, asked)
    return await clerk.look()


async def form(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    blank = {"id": "new", "what": "save", "rhythm": "week", "hour": "8", "active": "yes"}
    csrf = (await token(client, "/reports"))["csrf"]
    return await client.post(
        "/reports", data={**blank, **fields, "csrf": csrf}, headers=ENGLISH
    )


async def acts(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    log = (await client.get("/api/audit")).json()
    return [(one["act"], one["detail"]) for one in log["entries"]]


async def test_a_report_is_scheduled_changed_and_removed(ours: httpx.AsyncClient) -> None:
    done = await form(ours, mail=f"{BOSS}\ndesk@example.org", language="en")
    assert (done.status_code, done.headers["location"]) == (
        303,
        "/reports?said=report_kept",
    )
    page = (await ours.get("/reports?said=report_kept", headers=ENGLISH)).text
    assert "weekly · 08:00" in page
    assert BOSS in page
    assert re.search(r"next \d{4}-\d\d-\d\d 08:00", page)
    (one,) = (await ours.get("/api/reports")).json()["subscriptions"]
    assert one["mail"] == [BOSS, "desk@example.org"]
    changed = await form(ours, id=str(one["id"]), mail=BOSS, hour="17", active="")
    assert changed.status_code == 303
    (one,) = (await ours.get("/api/reports")).json()["subscriptions"]
    assert (one["hour"], one["mail"], one["language"]) == (17, [BOSS], "zh")
    await form(ours, id=str(one["id"]), what="remove")
    assert (await ours.get("/api/reports")).json()["subscriptions"] == []
    noted = await acts(ours)
    assert noted[:3] == [
        ("removed a report", ""),
        ("set up a report", f"week 17:00 → {BOSS}"),
        ("set up a report", f"week 8:00 → {BOSS}, desk@example.org"),
    ]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "nobody"),
        ({"mail": "x"}, "address"),
        ({"mail": "a@b.c\r\nBcc:all@example.com"}, "address"),
        ({"mail": " ".join(f"a{n}@b.c" for n in range(11))}, "addresses"),
        ({"mail": "a@b.c", "hour": "25"}, "hour"),
        ({"webhook": "http://127.0.0.1.nip.io/"}, "url"),
        ({"webhook": "https://10.1.2.3/"}, "url"),
        ({"webhook": "file:///etc/passwd"}, "url"),
        ({"webhook": "https://crm.example.com/", "secret": "short"}, "secret"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_entered_stays(
    ours: httpx.AsyncClient, fields: dict[str, str], fault: str
) -> None:
    refused = await form(ours, **fields)
    assert refused.status_code == 422
    assert FAULTS[fault][1].split("'")[0] in refused.text.replace("&#39;", "'")
    assert fields.get("webhook", "") in refused.text
    assert "short" not in refused.text, "no secret is written into a page"
    assert (await ours.get("/api/reports")).json()["subscriptions"] == []


async def test_without_a_mail_server_it_is_said(portal: Portal) -> None:
    async with signed_in(replace(portal, mail=False)) as client:
        page = await client.get("/reports", headers=ENGLISH)
        assert "No mail server is set" in page.text
        refused = await client.post("/api/reports", json=WISH)
        assert refused.status_code == 422
        (finding,) = refused.json()["findings"]
        assert (finding["field"], "[mail]" in finding["message"]) == ("mail", True)
        by_hook = {"rhythm": "week", "webhook": HOOK}
        assert (await client.post("/api/reports", json=by_hook)).status_code == 201


async def test_a_secret_is_drawn_and_shown_once(ours: httpx.AsyncClient) -> None:
    done = await form(ours, webhook=HOOK)
    assert done.status_code == 200
    found = re.search(r'id="secret">([^<]{20,})<', done.text)
    assert found is not None
    again = (await ours.get("/reports")).text
    assert found[1] not in again
    assert found[1] not in (await ours.get("/api/reports")).text
    told = (
        await ours.post("/api/reports", json={"rhythm": "week", "webhook": HOOK})
    ).json()
    assert len(told["secret"]) > 20


async def test_what_was_sent_now_is_shown_as_it_was_sent(
    portal: Portal, ours: httpx.AsyncClient
) -> None:
    month = month_of(datetime.now(UTC), ZoneInfo("Asia/Shanghai")).before
    at = month.start(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)
    await Records(portal.database).add([called(f"last-{n}", at) for n in range(3)])
    made_id = (await ours.post("/api/reports", json=WISH)).json()["id"]
    sent = await ours.post(f"/api/reports/{made_id}/send", json={})
    run = sent.json()["report"]
    assert portal.reports_asked.is_set()
    assert "being made" in (await ours.get("/reports", headers=ENGLISH)).text
    assert (await ours.get(f"/reports/{run}/letter")).status_code == 404
    assert await made(portal) == 1
    page = (await ours.get("/reports", headers=ENGLISH)).text
    assert f"/reports/{run.replace(':', '%3A')}/letter" in page
    (told,) = (await ours.get("/api/reports")).json()["reports"]
    assert (told["id"], told["period"], told["asked_by"]) == (run, str(month), "owner")
    assert told["sent"][0] | {"to": BOSS, "state": "pending"} == told["sent"][0]
    for path, what in (
        ("/reports", "page"),
        ("/api/reports", "page"),
        ("/reports", "letter"),
    ):
        shown = await ours.get(f"{path}/{run}/{what}")
        assert str(month) in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert "****8000" in shown.text or what == "letter"
        assert "13800138000" not in shown.text
    sheet = await ours.get(f"/reports/{run}/xlsx")
    assert sheet.content[:2] == b"PK"
    assert ("exported", "") in await acts(ours)
    assert ("sent a report", f"{month} month 8:00 → {BOSS}") in await acts(ours)


async def test_it_is_not_sent_too_often(ours: httpx.AsyncClient) -> None:
    made_id = (await ours.post("/api/reports", json=WISH)).json()["id"]
    answers = [
        (await ours.post(f"/api/reports/{made_id}/send", json={})).status_code
        for _ in range(7)
    ]
    assert answers == [200] * 6 + [429]
    refused = await form(ours, id=str(made_id), what="send")
    assert "wait a little" in refused.text


async def test_another_tenant_sees_and_changes_nothing_of_it(
    portal: Portal, ours: httpx.AsyncClient
) -> None:
    made_id = (await ours.post("/api/reports", json={**WISH, "webhook": HOOK})).json()["id"]
    run = (await ours.post(f"/api/reports/{made_id}/send", json={})).json()["report"]
    assert await made(portal) == 1
    async with signed_in(portal, THEIRS) as theirs:
        assert BOSS not in (await theirs.get("/reports")).text
        assert (await theirs.get("/api/reports")).json()["reports"] == []
        for what in ("letter", "page", "xlsx"):
            assert (await theirs.get(f"/reports/{run}/{what}")).status_code == 404
            assert (await theirs.get(f"/api/reports/{run}/{what}")).status_code == 404
        assert (await theirs.put(f"/api/reports/{made_id}", json=WISH)).status_code == 404
        assert (await theirs.delete(f"/api/reports/{made_id}")).status_code == 404
        answer = await theirs.post(f"/api/reports/{made_id}/send", json={})
        assert answer.status_code == 404
        await form(theirs, id=str(made_id), what="remove")
    assert len((await ours.get("/api/reports")).json()["subscriptions"]) == 1


async def test_the_database_fences_them_too(
    portal: Portal, ours: httpx.AsyncClient
) -> None:
    await ours.post("/api/reports", json=WISH)
    for number, found in ((OURS, 1), (THEIRS, 0)):
        async with Tenant(portal.database, number).database.connection() as connection:
            count = await connection.fetchval("select count(*) from report_subscription")
            assert count == found
            with pytest.raises(Exception, match="permission denied"):
                async with connection.transaction():
                    await connection.fetch("select secret from report_subscription")


async def test_a_viewer_looks_and_changes_nothing(
    portal: Portal, ours: httpx.AsyncClient
) -> None:
    wish = {**WISH, "whole": True, "webhook": HOOK}
    made_id = (await ours.post("/api/reports", json=wish)).json()["id"]
    run = (await ours.post(f"/api/reports/{made_id}/send", json={})).json()["report"]
    assert await made(portal) == 1
    async with viewing(portal, ours) as viewer:
        page = await viewer.get("/reports", headers=ENGLISH)
        assert BOSS in page.text
        assert "very-private" not in page.text
        assert "very-private" not in (await viewer.get("/api/reports")).text
        assert "/letter" not in page.text, "it holds whole numbers"
        for path in (f"/reports/{run}/page", f"/api/reports/{run}/page"):
            assert (await viewer.get(path)).status_code == 403
        assert (await viewer.post("/api/reports", json=WISH)).status_code == 403
        assert (await viewer.delete(f"/api/reports/{made_id}")).status_code == 403
        refused = await viewer.post(f"/api/reports/{made_id}/send", json={})
        assert refused.status_code == 403
        assert (await form(viewer, id=str(made_id), what="send")).status_code == 403


async def test_there_are_so_many_and_no_more(ours: httpx.AsyncClient) -> None:
    answers = [
        (await ours.post("/api/reports", json=WISH)).status_code
        for _ in range(MOST_SUBSCRIPTIONS + 1)
    ]
    assert answers == [201] * MOST_SUBSCRIPTIONS + [422]
    assert "remove one first" in (await ours.get("/reports", headers=ENGLISH)).text
