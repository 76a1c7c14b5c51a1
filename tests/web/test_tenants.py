"""No way in shows a stranger anything, nor one tenant what is another's."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from b2bua import web
from b2bua.store.tenant import Search, Tenant
from b2bua.web.app import application
from b2bua.web.gate import known
from b2bua.web.portal import Portal
from tests.web.conftest import FOREIGN, OURS, THEIRS, signed_in, token

PUBLIC = {
    ("POST", "/api/session"),
    ("POST", "/api/operator/session"),
    ("GET", "/operator/sign-in"),
    ("POST", "/operator/sign-in"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/language/{tongue}"),
    ("GET", "/theme/{theme}"),
}
"""What works without a session, and shows nobody's rows."""
FIELDS = {"from": "13800138000", "list": "blacklist", "call": "theirs-0", "wanted": "1"}


def routes() -> Iterator[APIRoute]:
    """Every way in, of all the routers that the application has."""
    nowhere = cast(Portal, None)
    for found in application(nowhere).routes:
        router = getattr(found, "original_router", None)
        for route in router.routes if router is not None else ():
            assert isinstance(route, APIRoute)
            yield route


def ways() -> Iterator[tuple[str, str]]:
    """Every method and path there is."""
    for route in routes():
        for method in sorted(route.methods or ()):
            yield method, route.path


def dependencies(dependant: Dependant) -> Iterator[object]:
    """All that a way in depends on."""
    for one in dependant.dependencies:
        yield one.call
        yield from dependencies(one)


GUARDED = [way for way in ways() if way not in PUBLIC]


def filled(path: str, call_id: str) -> str:
    return path.replace("{call_id}", call_id)


def test_every_way_is_known() -> None:
    assert set(ways()) >= PUBLIC
    assert len(GUARDED) > 20


def test_every_way_but_the_public_ones_depends_on_a_session() -> None:
    for route in routes():
        guarded = known in set(dependencies(route.dependant))
        public = any((method, route.path) in PUBLIC for method in route.methods or ())
        assert guarded is not public, route.path


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_without_a_session_nothing_is_shown(
    nobody: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await nobody.request(method, filled(path, "ours-0"), json={})
    if path.startswith("/api/"):
        assert answer.status_code == 401
    else:
        door = "/operator/sign-in" if path.startswith("/operator") else "/sign-in"
        assert (answer.status_code, answer.headers["location"]) == (303, door)


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_nothing_of_another_tenant_is_shown_or_changed(
    portal: Portal, method: str, path: str
) -> None:
    before = await Tenant(portal.database, THEIRS).versions(10)
    async with signed_in(portal) as client:
        await client.put("/api/session", json={"reveal": True})
        address = filled(path, "theirs-0")
        if path.startswith("/api/"):
            answer = await client.request(method, address, json=FIELDS)
        else:
            form = {**await token(client), **FIELDS}
            answer = await client.request(
                method, address, data=form if method == "POST" else None
            )
    assert answer.status_code < 500
    assert all(word not in answer.text for word in FOREIGN)
    if "{call_id}" in path:
        assert answer.status_code == (403 if "/operator/" in path else 404)
    assert await Tenant(portal.database, THEIRS).versions(10) == before


async def test_the_same_ways_show_a_tenant_its_own(portal: Portal) -> None:
    async with signed_in(portal, THEIRS) as client:
        await client.put("/api/session", json={"reveal": True})
        for path in ("/", "/calls", "/calls/theirs-0", "/api/calls", "/api/live"):
            assert "13666660000" in (await client.get(path)).text, path
        for path in ("/answering", "/plan", "/api/plan"):
            assert "02199990000" in (await client.get(path)).text, path


async def test_a_call_of_another_tenant_cannot_be_blocked(ours: httpx.AsyncClient) -> None:
    form = {**await token(ours), "list": "blacklist", "call": "theirs-0"}
    assert (await ours.post("/screening", data=form)).status_code == 404


async def test_a_tenant_finds_only_its_own_records(portal: Portal) -> None:
    found = await Tenant(portal.database, OURS).calls(Search(limit=500))
    assert {record.number for record in found} == {OURS}
    assert await Tenant(portal.database, OURS).call("theirs-0") is None


def test_pages_reach_the_tables_by_their_tenant_alone() -> None:
    """The rest of the house acts for all numbers, or before anybody is signed in."""
    whole = {
        *("gate.py", "portal.py", "people.py", "operating.py", "accessapi.py"),
        "today.py",  # the ways to the trunks are no number's own
        "reporting.py",  # where it is; what counts there is a tenant
    }
    found = {
        path.name
        for path in Path(web.__file__).parent.glob("*.py")
        if "portal.database" in path.read_text(encoding="utf-8")
        or "_whole_database" in path.read_text(encoding="utf-8")
    }
    assert found <= whole


def test_the_application_has_no_other_ways(portal: Portal) -> None:
    found = application(portal).routes
    besides = [one for one in found if getattr(one, "original_router", None) is None]
    assert [getattr(one, "path", "") for one in besides] == ["/openapi.json", "/static"]
