"""Sign-in: nothing is told, nobody is locked out, no foreign page can ask for anything."""

import asyncio

import asyncpg
import httpx
import pytest

from b2bua.store.accounts import Accounts
from b2bua.store.errors import Unavailable
from b2bua.web.doorman import PUSHED
from b2bua.web.portal import Portal
from b2bua.web.throttle import AT_ONCE, SOME_WAITING, TRIES
from tests.web.conftest import OURS, PASSWORD, client_of, signed_in, token


async def guess(client: httpx.AsyncClient, number: str, password: str) -> httpx.Response:
    given = {"number": number, "password": password}
    return await client.post("/api/session", json=given)


async def test_a_session_begins_and_ends(portal: Portal, server: str) -> None:
    async with client_of(portal) as client:
        assert (await client.get("/api/calls")).status_code == 401
        done = await guess(client, "400-600-1234", PASSWORD)
        assert done.json() == {"number": OURS}
        cookie = done.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await client.get("/api/session")).json()["number"] == OURS
        kept = client.cookies["b2bua_session"]
        connection = await asyncpg.connect(server)
        stored = await connection.fetch("select web_session::text as row from web_session")
        await connection.close()
        assert all(kept not in row["row"] for row in stored)
        assert (await client.delete("/api/session")).status_code == 204
        client.cookies.set("b2bua_session", kept)
        assert (await client.get("/api/calls")).status_code == 401


async def test_wrong_number_and_wrong_password_look_the_same(portal: Portal) -> None:
    async with client_of(portal) as client:
        answers = [
            await guess(client, number, password)
            for number, password in (
                (OURS, "wrong"),
                ("4006005555", PASSWORD),
                ("nonsense\0", PASSWORD),
                (OURS, ""),
            )
        ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1


async def test_an_address_is_slowed_and_the_owner_is_not_locked_out(portal: Portal) -> None:
    async with client_of(portal, "192.0.2.1") as attacker:
        answers = [await guess(attacker, OURS, f"guess {n}") for n in range(TRIES + 2)]
        assert [one.status_code for one in answers] == [401] * TRIES + [429] * 2
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await guess(attacker, OURS, PASSWORD)).status_code == 429
        strange = [await guess(attacker, "4006005555", "x") for _ in range(TRIES + 1)]
        assert [one.status_code for one in strange] == [401] * TRIES + [429]
        assert strange[-1].content == answers[-1].content
    async with client_of(portal, "192.0.2.2") as owner:
        assert (await guess(owner, OURS, PASSWORD)).status_code == 200


async def test_the_owner_gets_in_while_many_guess(portal: Portal) -> None:
    crowd = [client_of(portal, f"192.0.2.{n}") for n in range(1, 41)]

    async def attack(client: httpx.AsyncClient) -> list[int]:
        return [(await guess(client, OURS, f"guess {n}")).status_code for n in range(10)]

    attacks = [asyncio.create_task(attack(client)) for client in crowd]
    await asyncio.sleep(0)
    async with client_of(portal, "198.51.100.1") as owner:
        assert (await guess(owner, OURS, PASSWORD)).status_code == 200
    seen = {status for done in attacks for status in await done}
    assert {401, 429} <= seen <= {401, 429, 503}, "503: more than the machine can take"
    for client in crowd:
        await client.aclose()


async def test_a_new_password_ends_the_sessions_of_the_old(portal: Portal) -> None:
    async with signed_in(portal) as client:
        await Accounts(portal.database).set_password(OURS, "another one")
        assert (await client.get("/api/calls")).status_code == 401
        page = await client.get("/")
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://elsewhere"},
        {"origin": "null"},
    ],
)
async def test_another_site_cannot_ask_for_changes(
    ours: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await ours.put("/api/session", json={"reveal": True}, headers=headers)
    assert answer.status_code == 403
    form = {**await token(ours), "list": "blacklist", "entry": "13900000000"}
    answer = await ours.post("/screening", data=form, headers=headers)
    assert answer.status_code == 403


async def test_what_any_page_may_send_is_not_taken_by_the_api(
    ours: httpx.AsyncClient, nobody: httpx.AsyncClient
) -> None:
    body = '{"from": "13800138000"}'
    plain = {"content-type": "text/plain"}
    answer = await ours.post("/api/explain", content=body, headers=plain)
    assert answer.status_code == 403
    body = f'{{"number": "{OURS}", "password": "{PASSWORD}"}}'
    answer = await nobody.post("/api/session", content=body, headers=plain)
    assert answer.status_code in (403, 422)
    assert "set-cookie" not in answer.headers


async def test_a_form_signs_in_and_out(nobody: httpx.AsyncClient) -> None:
    page = await nobody.get("/sign-in")
    form = {"csrf": nobody.cookies["b2bua_form"], "number": OURS, "password": "wrong"}
    assert form["csrf"] in page.text
    wrong = await nobody.post("/sign-in", data=form)
    assert wrong.status_code == 401
    assert "b2bua_session" not in nobody.cookies
    forged = {"csrf": "x", "number": OURS, "password": PASSWORD}
    assert (await nobody.post("/sign-in", data=forged)).status_code == 403
    done = await nobody.post("/sign-in", data={**form, "password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    out = await nobody.post("/sign-out", data=await token(nobody))
    assert out.headers["location"] == "/sign-in"
    assert (await nobody.get("/")).status_code == 303


async def test_browsers_are_told_to_be_careful(nobody: httpx.AsyncClient) -> None:
    for path in ("/sign-in", "/api/calls", "/static/portal.css", "/nowhere"):
        headers = (await nobody.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


async def test_who_was_sent_away_unheard_has_not_guessed(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(number: str, password: str, user: str) -> None:
        raise Unavailable("away")

    async with client_of(portal, "192.0.2.7") as owner:
        with monkeypatch.context() as patch:
            patch.setattr(Accounts, "verify", lambda self, *given: away(*given))
            for _ in range(TRIES + 1):
                assert (await guess(owner, OURS, PASSWORD)).status_code == 503
        assert (await guess(owner, OURS, PASSWORD)).status_code == 200


async def test_who_pushes_into_a_crowd_is_not_even_read(portal: Portal) -> None:
    waiting = [asyncio.create_task(_wait(portal)) for _ in range(AT_ONCE + SOME_WAITING)]
    await asyncio.sleep(0)
    anyone, now = ("", "192.0.2.8"), portal.clock()
    for _ in range(PUSHED):
        portal.pushing.begin(anyone, now)
    async with client_of(portal, "192.0.2.8") as client:
        answer = await client.post("/api/session", content=b"no JSON")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert "content-security-policy" in answer.headers
        portal.regulars.add(("4006001234 owner", "192.0.2.8"))
        assert (await client.post("/api/session", content=b"{}")).status_code != 429
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def _wait(portal: Portal) -> None:
    async with portal.turnstile.turn(0):
        await asyncio.sleep(60)
