"""What a stranger, or another tenant, tries: names of things, sessions, addresses."""

import httpx
import pytest

from b2bua.store.accounts import Accounts
from b2bua.store.roles import Role
from b2bua.web.gate import SESSION_COOKIE
from b2bua.web.portal import Portal
from tests.web.conftest import OURS, PASSWORD, THEIRS, client_of, signed_in, token
from tests.web.test_prompts import wav
from tests.web.test_tenants import ways

HELD = {
    "{call_id}": "theirs-0",
    "{version}": "7",
    "{kind}": "recording",
    "{what}": "page",
    "{place}": "0",
}
"""What names something in a path and is no row of a table of secrets."""


async def theirs(portal: Portal) -> dict[str, str]:
    """Names of things that the other tenant has, by what stands for them in paths."""
    await Accounts(portal.database).add(THEIRS, "wang", Role.MANAGER, PASSWORD)
    async with signed_in(portal, THEIRS) as client:
        made = {"label": "x", "scopes": ["look"]}
        key = (await client.post("/api/tokens", json=made)).json()["id"]
        open_now = (await client.get("/api/sessions")).json()["sessions"]
        file = {"file": ("x.wav", wav(), "audio/wav")}
        assert (await client.put("/api/prompts/secret", files=file)).status_code == 200
        wish = {
            "rhythm": "month",
            "hour": 8,
            "mail": [],
            "webhook": "https://example.com/x",
        }
        report = (await client.post("/api/reports", json=wish)).json().get("id", 1)
    return {
        **HELD,
        "{token_id}": key,
        "{session_id}": open_now[0]["id"],
        "{subscription}": str(report),
        "{report}": "1",
        "{run}": "1",
    }


async def state(portal: Portal) -> list[object]:
    """What the other tenant has, as they see it."""
    async with signed_in(portal, THEIRS) as client:
        found = [
            (await client.get(path)).json()
            for path in ("/api/tokens", "/api/users", "/api/prompts", "/api/reports")
        ]
        found.append((await client.get("/api/plan")).json()["version"])
    for one in found[1]["users"]:
        del one["signed_in_at"]
    return found


async def test_no_name_of_theirs_opens_anything(portal: Portal) -> None:
    """Every way with a name in it, with the names of another tenant's things."""
    names = await theirs(portal)
    before = await state(portal)
    async with signed_in(portal) as client:
        await client.put("/api/session", json={"reveal": True})
        for method, path in ways():
            if "{" not in path or "{tongue}" in path or "{theme}" in path:
                continue
            address = path.replace("{number}", THEIRS)
            for mark, name in names.items():
                address = address.replace(mark, name)
            called = "wang" if "/users/" in path else "secret"
            address = address.replace("{name}", called)
            answer = await ask(client, method, address)
            assert answer.status_code in {403, 404, 409, 415, 422, 200, 303}, address
            if answer.status_code in {200, 303}:
                assert "/menus/" in path or "/routing/" in path or "roster" in path, (
                    f"{method} {address} answered {answer.status_code}"
                )
            assert "02199990000" not in answer.text
    assert await state(portal) == before
    async with client_of(portal) as client:
        given = {"number": THEIRS, "user": "wang", "password": PASSWORD}
        assert (await client.post("/api/session", json=given)).status_code == 200


async def ask(client: httpx.AsyncClient, method: str, address: str) -> httpx.Response:
    """As our own page or program would."""
    if address.startswith("/api/"):
        return await client.request(method, address, json={"role": "viewer"})
    form = await token(client, "/access") if method == "POST" else None
    return await client.request(method, address, data=form)


async def test_a_session_is_never_one_that_was_brought(portal: Portal) -> None:
    async with client_of(portal) as client:
        client.cookies.set(SESSION_COOKIE, "planted", domain="portal")
        given = {"number": OURS, "password": PASSWORD}
        answer = await client.post("/api/session", json=given)
        first = answer.cookies[SESSION_COOKIE]
        assert first != "planted"
        assert len(first) >= 32
        again = await client.post("/api/session", json=given)
        assert again.cookies[SESSION_COOKIE] != first
        flags = again.headers["set-cookie"].lower()
        assert "httponly" in flags
        assert "samesite=lax" in flags
    async with client_of(portal) as client:
        client.cookies.set(SESSION_COOKIE, "planted", domain="portal")
        assert (await client.get("/api/session")).status_code == 401


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: x=1",
        "",
    ],
)
async def test_nobody_is_led_elsewhere(ours: httpx.AsyncClient, back: str) -> None:
    for path in ("/language/en", "/theme/dark"):
        answer = await ours.get(path, params={"back": back})
        assert answer.headers["location"] == "/"
    form = {**await token(ours, "/access"), "whole": "no", "back": back}
    answer = await ours.post("/reveal", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers


async def test_another_host_is_neither_told_nor_trusted(ours: httpx.AsyncClient) -> None:
    evil = {"host": "evil.example"}
    for path in ("/", "/sign-in", "/operator", "/language/en", "/nothing", "/calls"):
        answer = await ours.get(path, headers=evil)
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)
    away = {"origin": "http://evil.example"}
    assert (await ours.delete("/api/draft", headers=away)).status_code == 403


async def test_a_tokens_scope_is_all_it_has(portal: Portal) -> None:
    async with signed_in(portal) as owner:
        made = {"label": "x", "scopes": ["look"]}
        key = (await owner.post("/api/tokens", json=made)).json()["token"]
    async with client_of(portal) as program:
        program.headers["authorization"] = f"Bearer {key}"
        assert (await program.get("/api/calls")).status_code == 200
        for method, path in ways():
            if method == "GET" or not path.startswith("/api/"):
                continue
            if path in {"/api/session", "/api/operator/session"} and method == "POST":
                continue
            if path in {"/api/explain", "/api/check"}:
                continue
            address = path.replace("{session_id}", "{token_id}").replace(
                "{token_id}", "00000000-0000-0000-0000-000000000000"
            )
            answer = await program.request(method, address, json={})
            assert answer.status_code in {403, 422}, (method, path)
        assert (await program.get("/access")).status_code == 303, "pages take no tokens"
    async with signed_in(portal) as owner:
        assert (await owner.get("/api/plan")).json()["version"] == 1
