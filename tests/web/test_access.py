"""Users with roles, one-time codes, tokens, sessions, and the log of what they did."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest

from b2bua.store.plans import Draft, Plans
from b2bua.store.tenant import Tenant
from b2bua.web.portal import Portal
from tests.store.builders import SOURCE, plan
from tests.web.conftest import OURS, PASSWORD, THEIRS, client_of, signed_in, token
from tests.web.test_tenants import filled, ways

HIDDEN = ("13800138000", "13512345678")
"""Callers of ours: in records, live calls, traces, lists."""


def code_of(secret: str, steps: int = 0) -> str:
    """What the app shows, so many steps from now."""
    at = datetime.now(UTC) + timedelta(seconds=30 * steps)
    return str(pyotp.TOTP(secret).at(at))


@asynccontextmanager
async def as_user(
    portal: Portal, name: str, password: str = PASSWORD, number: str = OURS
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(portal) as client:
        given = {"number": number, "user": name, "password": password}
        answer = await client.post("/api/session", json=given)
        assert answer.status_code == 200, answer.text
        yield client


@pytest.fixture
async def staff(portal: Portal, ours: httpx.AsyncClient) -> httpx.AsyncClient:
    """The owner, who has made a manager and a viewer."""
    for name, role in (("wang", "manager"), ("li", "viewer")):
        given = {"name": name, "role": role, "password": PASSWORD}
        assert (await ours.post("/api/users", json=given)).status_code == 201
    return ours


async def acts(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    entries = (await client.get("/api/audit")).json()["entries"]
    return [(one["actor"], one["act"]) for one in entries]


async def test_each_role_may_do_so_much(staff: httpx.AsyncClient, portal: Portal) -> None:
    async with as_user(portal, "wang") as manager, as_user(portal, "li") as viewer:
        for client, may in ((staff, True), (manager, True), (viewer, False)):
            changed = (await staff.get("/api/plan")).json()["plan"]
            answer = await client.put("/api/plan", json=changed)
            assert answer.status_code == (200 if may else 403)
            answer = await client.put("/api/session", json={"reveal": True})
            assert answer.status_code == (200 if may else 403)
        for client in (manager, viewer):
            assert (await client.get("/api/users")).status_code == 403
            assert (await client.get("/api/audit")).status_code == 403
            given = {"name": "evil", "role": "owner", "password": PASSWORD}
            assert (await client.post("/api/users", json=given)).status_code == 403
        page = await viewer.get("/access", headers={"accept-language": "en"})
        assert page.status_code == 200
        assert "wang" not in page.text
        asked = await viewer.post("/api/explain", json={"from": "02088881234"})
        assert asked.status_code == 200
        refused = await viewer.post("/answering", data=await token(viewer, "/access"))
        assert refused.status_code == 403
        assert "角色" in refused.text


async def test_who_may_only_look_is_never_shown_a_number(
    staff: httpx.AsyncClient, portal: Portal
) -> None:
    listed = plan(screening=type(plan().screening)(blacklist=(HIDDEN[1],)))
    text = SOURCE + f"screening: {{blacklist: ['{HIDDEN[1]}']}}\n"
    await Plans(portal.database).publish([Draft(plan=listed, source=text)])
    async with as_user(portal, "li") as viewer:
        await viewer.put("/api/session", json={"reveal": True})
        looked = 0
        for method, path in ways():
            if method == "GET":
                answer = await viewer.get(filled(path, "ours-0"))
                looked += answer.status_code == 200
                assert [one for one in HIDDEN if one in answer.text] == [], path
                assert '"1234"' not in answer.text, f"{path}: the callers' password"
        assert looked > 15
    tenant = Tenant(portal.database, OURS, veiled=True)
    assert (await tenant.call("ours-0")).caller == "138****8000"  # type: ignore[union-attr]


async def test_users_are_changed_and_removed(
    staff: httpx.AsyncClient, portal: Portal
) -> None:
    async with as_user(portal, "li") as viewer:
        await staff.put("/api/users/li", json={"role": "manager"})
        assert (await viewer.get("/api/session")).json()["role"] == "manager"
        await staff.put("/api/users/li", json={"password": "another one"})
        assert (await viewer.get("/api/session")).status_code == 401
    async with as_user(portal, "li", "another one") as viewer:
        assert (await staff.delete("/api/users/li")).status_code == 204
        assert (await viewer.get("/api/session")).status_code == 401
    assert (await staff.delete("/api/users/li")).status_code == 404
    assert (await staff.delete("/api/users/owner")).status_code == 422
    wrong = await staff.put("/api/users/owner", json={"role": "viewer"})
    assert wrong.status_code == 422
    for name, role in (("wang", "viewer"), ("UPPER CASE", "viewer"), ("x", "operator")):
        given = {"name": name, "role": role, "password": PASSWORD}
        assert (await staff.post("/api/users", json=given)).status_code == 422
    async with signed_in(portal, THEIRS) as theirs:
        assert (await theirs.put("/api/users/wang", json={})).status_code == 404


async def test_a_code_is_asked_for_and_good_once(portal: Portal) -> None:
    async with signed_in(portal) as owner:
        secret = (await owner.post("/api/codes", json={})).json()["secret"]
        assert (await owner.put("/api/codes", json={"code": "000000"})).status_code == 422
        code = code_of(secret, -1)
        spare = (await owner.put("/api/codes", json={"code": code})).json()
    given = {"number": OURS, "password": PASSWORD}
    async with client_of(portal, "192.0.2.7") as client:
        asked = await client.post("/api/session", json=given)
        assert (asked.status_code, asked.json()["detail"]) == (401, "code_needed")
        used = await client.post("/api/session", json={**given, "code": code})
        assert used.json()["detail"] == "wrong_code"
        fresh = code_of(secret, 0)
        done = await client.post("/api/session", json={**given, "code": fresh})
        assert done.status_code == 200
        once = {**given, "code": spare["recovery_codes"][0].upper()}
        assert (await client.post("/api/session", json=once)).status_code == 200
        assert (await client.post("/api/session", json=once)).status_code == 401
        wrong = await client.request("DELETE", "/api/codes", json={"password": "no"})
        assert wrong.status_code == 401
        off = await client.request("DELETE", "/api/codes", json={"password": PASSWORD})
        assert off.status_code == 204
        assert (await client.post("/api/session", json=given)).status_code == 200


async def test_codes_cannot_be_guessed(portal: Portal) -> None:
    async with signed_in(portal) as owner:
        secret = (await owner.post("/api/codes", json={})).json()["secret"]
        await owner.put("/api/codes", json={"code": code_of(secret)})
    answers = []
    for n in range(8):
        async with client_of(portal, f"192.0.2.{n}") as thief:
            given = {"number": OURS, "password": PASSWORD, "code": f"{n:06}"}
            answers.append((await thief.post("/api/session", json=given)).status_code)
    assert answers == [401] * 5 + [429] * 3


async def test_a_form_asks_for_the_code_in_a_second_step(portal: Portal) -> None:
    async with signed_in(portal) as owner:
        secret = (await owner.post("/api/codes", json={})).json()["secret"]
        code = code_of(secret, -1)
        await owner.put("/api/codes", json={"code": code})
    async with client_of(portal) as client:
        await client.get("/sign-in")
        form = {"csrf": client.cookies["b2bua_form"]}
        given = {**form, "number": OURS, "password": PASSWORD}
        second = await client.post("/sign-in", data=given)
        assert second.status_code == 401
        assert PASSWORD not in second.text
        found = re.search(r'name="ticket" value="([^"]+)"', second.text)
        assert found is not None
        given = {**form, "ticket": found[1], "code": "000000"}
        assert "b2bua_session" not in client.cookies
        assert found[1] in (await client.post("/sign-in", data=given)).text
        done = await client.post("/sign-in", data={**given, "code": code_of(secret)})
        assert (done.status_code, done.headers["location"]) == (303, "/")
        client.cookies.delete("b2bua_session")
        spent = await client.post("/sign-in", data=given)
        assert spent.status_code == 401
        assert "ticket" not in spent.text


async def test_a_token_reaches_as_far_as_its_scopes(
    staff: httpx.AsyncClient, portal: Portal
) -> None:
    async def made(client: httpx.AsyncClient, *scopes: str, **more: object) -> str:
        given = {"label": "statistics", "scopes": scopes, **more}
        return str((await client.post("/api/tokens", json=given)).json()["token"])

    look, change = await made(staff, "look"), await made(staff, "look", "change")
    async with client_of(portal) as program:
        program.headers["authorization"] = f"Bearer {look}"
        found = (await program.get("/api/calls")).json()["calls"]
        assert found[0]["caller"] == "138****8000"
        current = (await program.get("/api/plan")).json()["plan"]
        assert (await program.put("/api/plan", json=current)).status_code == 403
        assert (await program.get("/calls")).status_code == 303, "pages take no tokens"
        given = {"label": "x", "scopes": ["look"]}
        assert (await program.post("/api/tokens", json=given)).status_code == 403
        program.headers["authorization"] = f"Bearer {change}"
        full = (await staff.get("/api/plan")).json()["plan"]
        assert (await program.put("/api/plan", json=full)).status_code == 422, (
            "who sees no callers cannot rewrite the lists that hold them"
        )
        both = await made(staff, "look", "change", "reveal")
        program.headers["authorization"] = f"Bearer {both}"
        assert (await program.put("/api/plan", json=full)).status_code == 200
        assert (await program.get("/api/calls")).json()["calls"][0]["caller"] == HIDDEN[0]
        program.headers["authorization"] = "Bearer b2bua_nonsense"
        assert (await program.get("/api/calls")).status_code == 401
    listed = (await staff.get("/api/tokens")).json()["tokens"]
    assert look not in str(listed)
    assert {one["used_from"] for one in listed} == {"127.0.0.1"}
    for one in listed:
        await staff.delete(f"/api/tokens/{one['id']}")
    async with client_of(portal) as program:
        program.headers["authorization"] = f"Bearer {look}"
        assert (await program.get("/api/calls")).status_code == 401
    async with as_user(portal, "li") as viewer:
        given = {"label": "more", "scopes": ["change"]}
        assert (await viewer.post("/api/tokens", json=given)).status_code == 422


async def test_sessions_are_listed_and_ended(
    staff: httpx.AsyncClient, portal: Portal
) -> None:
    async with as_user(portal, "li") as viewer:
        mine = (await viewer.get("/api/sessions")).json()["sessions"]
        assert [(one["user"], one["this"]) for one in mine] == [("li", True)]
        everybody = (await staff.get("/api/sessions")).json()["sessions"]
        assert {one["user"] for one in everybody} == {"owner", "li"}
        own = next(one["id"] for one in everybody if one["this"])
        assert (await viewer.delete(f"/api/sessions/{own}")).status_code == 404
        await staff.delete(f"/api/sessions/{mine[0]['id']}")
        assert (await viewer.get("/api/session")).status_code == 401
    async with signed_in(portal, THEIRS) as theirs:
        assert (await theirs.delete(f"/api/sessions/{own}")).status_code == 404


async def test_a_changed_password_ends_the_other_sessions(portal: Portal) -> None:
    async with signed_in(portal) as here, signed_in(portal) as elsewhere:
        given = {"current": "wrong", "new": "a better one"}
        assert (await here.put("/api/password", json=given)).status_code == 401
        given = {"current": PASSWORD, "new": "short"}
        assert (await here.put("/api/password", json=given)).status_code == 422
        given = {"current": PASSWORD, "new": "a better one"}
        assert (await here.put("/api/password", json=given)).status_code == 200
        assert (await here.get("/api/session")).status_code == 200
        assert (await elsewhere.get("/api/session")).status_code == 401


async def test_the_log_tells_who_did_what(staff: httpx.AsyncClient, portal: Portal) -> None:
    await staff.put("/api/session", json={"reveal": True})
    async with as_user(portal, "wang") as manager:
        text = SOURCE.replace("ring: 20", "ring: 25")
        kind = {"content-type": "application/yaml"}
        await manager.put("/api/plan", content=text, headers=kind)
    told = await acts(staff)
    assert told[0] == ("wang", "published a plan")
    assert {("owner", "signed in"), ("owner", "added a user")} <= set(told)
    assert ("owner", "showed whole numbers") in told
    page = await staff.get("/audit", headers={"accept-language": "en"})
    assert "published a plan" in page.text
    one = (await staff.get("/api/audit", params={"limit": 1})).json()
    rest = (await staff.get("/api/audit", params={"before": one["next"]})).json()
    assert rest["entries"][0]["act"] == told[1][1]
    async with signed_in(portal, THEIRS) as theirs:
        assert "wang" not in {actor for actor, _ in await acts(theirs)}


async def test_the_page_does_it_all(ours: httpx.AsyncClient) -> None:
    form = {**await token(ours, "/access"), "what": "add", "name": "zhao"}
    form |= {"role": "viewer", "password": PASSWORD}
    done = await ours.post("/access/users", data=form)
    assert done.headers["location"] == "/access?said=user"
    again = await ours.post("/access/users", data=form)
    assert again.status_code == 422
    form = {**await token(ours, "/access"), "label": "shop", "days": "30", "scope": "look"}
    made = await ours.post("/access/tokens", data=form)
    shown = re.search(r"b2bua_[\w-]{43}", made.text)
    assert shown is not None
    assert shown[0] not in (await ours.get("/access")).text
    scan = await ours.post("/access/codes", data={**form, "what": "on"})
    assert "<svg" in scan.text
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', scan.text)
    assert secret is not None
    given = {**form, "what": "confirm", "secret": secret[1]}
    assert (
        await ours.post("/access/codes", data={**given, "code": "1"})
    ).status_code == 422
    on = await ours.post("/access/codes", data={**given, "code": code_of(secret[1])})
    assert len(re.findall(r"<code[^>]*>[0-9a-f]{8}-[0-9a-f]{8}<", on.text)) == 10
    given = {**form, "current": PASSWORD, "new": "a better one", "again": "another"}
    assert (await ours.post("/access/password", data=given)).status_code == 422
    given["again"] = given["new"]
    done = await ours.post("/access/password", data=given)
    assert (await ours.get(done.headers["location"])).status_code == 200
