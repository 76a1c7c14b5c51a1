"""Every way that changes or reveals something leaves a line in the log, or says why not."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from b2bua.store.accounts import Accounts
from b2bua.store.audit import Act, Audit
from b2bua.store.records import Records
from b2bua.store.roles import HOUSE
from b2bua.web.portal import Portal
from tests.support.tones import sine
from tests.web.conftest import PASSWORD, THEIRS, called, client_of, signed_in, token
from tests.web.test_tenants import ways

NEW = "4007001234"
SOON = "2031-01-01T00:00:00+08:00"
HOOK = "https://example.com/hook"
WORDS = (
    f'number: "{THEIRS}"\nname: x\ndestinations:\n  one: {{number: "02088886001", trunk:'
    f" unicom}}\nwebhooks:\n  - {{url: {HOOK}, secret: sixteen-letters-or-more}}\n"
    "routes:\n  - {name: all, to: one}\n"
)
DRAFT = WORDS.replace("name: x", "name: y")
DAYS = b"date,workday\n2032-01-01,false\n"
AREAS = b"prefix,area\n1380013,0755\n"


def wav() -> bytes:
    """Half a second of a tone."""
    data = sine(1000.0, 0.5)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16,
                       1, 1, 8000, 16000, 2, 16)  # fmt: skip
    return head + struct.pack("<4sI", b"data", len(data)) + data


@dataclass(frozen=True)
class Done:
    """One way in, what is sent there, and what the log says then."""

    way: str
    act: Act
    json: Any = None
    form: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """What httpx is given besides."""
    at: str = ""
    """The address, where the way has names in it."""
    house: bool = False

    @property
    def method(self) -> str:
        return self.way.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.way.partition(" ")[2]


def _file(content: bytes) -> dict[str, Any]:
    return {"files": {"file": ("x.csv", content, "text/csv")}}


YAML = {"content": WORDS, "headers": {"content-type": "application/yaml"}}
DEEDS = (
    Done("PUT /api/plan", Act.PUBLISHED, more=YAML),
    Done("POST /api/webhooks/test", Act.WEBHOOK_TRIED, {"url": HOOK}),
    Done("POST /settings/webhook-test", Act.WEBHOOK_TRIED, form={"url": HOOK}),
    Done("PUT /api/override", Act.PUBLISHED, {"to": "one", "until": SOON}),
    Done("DELETE /api/override", Act.PUBLISHED),
    Done("PUT /api/draft", Act.DRAFTED, {"yaml": DRAFT}),
    Done("DELETE /api/draft", Act.DRAFT_DROPPED),
    Done("POST /plan", Act.DRAFTED, form={"what": "draft", "yaml": DRAFT}),
    Done("POST /draft", Act.DRAFT_DROPPED, form={"what": "discard"}),
    Done("PUT /api/draft", Act.DRAFTED, {"yaml": DRAFT}),
    Done("POST /api/draft/publish", Act.PUBLISHED, {}),
    Done(
        "POST /api/versions/{version}/publish",
        Act.PUBLISHED,
        {},
        at="/api/versions/1/publish",
    ),
    Done("POST /versions", Act.PUBLISHED, form={"wanted": "2"}),
    Done(
        "PUT /api/prompts/{name}",
        Act.PROMPT_KEPT,
        more=_file(wav()),
        at="/api/prompts/tone",
    ),
    Done("DELETE /api/prompts/{name}", Act.PROMPT_REMOVED, at="/api/prompts/tone"),
    Done("POST /prompts", Act.PROMPT_KEPT, form={"name": "tone"}, more=_file(wav())),
    Done("GET /calls/file", Act.EXPORTED, at="/calls/file?format=csv"),
    Done("GET /api/report", Act.EXPORTED, at="/api/report?format=csv"),
    Done(
        "POST /api/calls/{call_id}/block",
        Act.PUBLISHED,
        at="/api/calls/theirs-0/block",
        more={"headers": {"content-type": "application/json"}},
    ),
    Done("GET /api/calls/file", Act.EXPORTED),
    Done(
        "GET /api/calls/{call_id}/{kind}.wav",
        Act.HEARD,
        at="/api/calls/heard/recording.wav",
    ),
    Done("GET /calls/{call_id}/{kind}.wav", Act.HEARD, at="/calls/heard/voicemail.wav"),
    Done("PUT /api/session", Act.REVEALED, {"reveal": True}),
    Done("POST /reveal", Act.REVEALED, form={"whole": "yes"}),
    Done(
        "POST /api/users",
        Act.USER_ADDED,
        {"name": "wang", "role": "viewer", "password": PASSWORD},
    ),
    Done(
        "PUT /api/users/{name}", Act.USER_CHANGED, {"role": "manager"}, at="/api/users/wang"
    ),
    Done("DELETE /api/users/{name}", Act.USER_REMOVED, at="/api/users/wang"),
    Done(
        "POST /access/users",
        Act.USER_ADDED,
        form={"what": "add", "name": "li", "role": "viewer", "password": PASSWORD},
    ),
    Done("POST /api/tokens", Act.TOKEN_MADE, {"label": "x", "scopes": ["look"]}),
    Done("DELETE /api/tokens/{token_id}", Act.TOKEN_REVOKED),
    Done(
        "POST /access/tokens",
        Act.TOKEN_MADE,
        form={"label": "x", "scope": "look", "days": "9"},
    ),
    Done("DELETE /api/sessions/{session_id}", Act.SESSION_REVOKED),
    Done(
        "POST /access/password",
        Act.PASSWORD,
        form={"current": PASSWORD, "new": PASSWORD, "again": PASSWORD},
    ),
    Done("PUT /api/password", Act.PASSWORD, {"current": PASSWORD, "new": PASSWORD}),
    Done(
        "POST /api/operator/numbers",
        Act.NUMBER_CREATED,
        {"number": NEW, "destination": "02088886001", "trunk": "unicom"},
        house=True,
    ),
    Done(
        "PUT /api/operator/numbers/{number}",
        Act.NUMBER_CHANGED,
        {"calls_per_month": 9},
        at=f"/api/operator/numbers/{NEW}",
        house=True,
    ),
    Done(
        "PUT /api/operator/numbers/{number}/password",
        Act.PASSWORD,
        {"password": PASSWORD},
        at=f"/api/operator/numbers/{NEW}/password",
        house=True,
    ),
    Done(
        "POST /operator/numbers",
        Act.NUMBER_CREATED,
        form={
            "number": "4007001235",
            "template": "one",
            "destination": "02088886001",
            "trunk": "unicom",
            "tariff": "standard",
        },
        house=True,
    ),
    Done(
        "POST /operator/numbers/many",
        Act.NUMBER_SUSPENDED,
        form={"what": "suspend", "number": NEW},
        house=True,
    ),
    Done(
        "POST /operator/numbers/{number}",
        Act.NUMBER_RESUMED,
        form={"active": "yes"},
        at=f"/operator/numbers/{NEW}",
        house=True,
    ),
    Done(
        "POST /api/operator/tariffs",
        Act.TARIFF,
        {"name": "a", "unit_price": 25},
        house=True,
    ),
    Done(
        "POST /operator/tariffs",
        Act.TARIFF,
        form={"name": "b", "price": "0.2", "unit_seconds": "6"},
        house=True,
    ),
    Done("PUT /api/operator/calendar", Act.IMPORTED, more={"content": DAYS}, house=True),
    Done(
        "PUT /api/operator/areas",
        Act.IMPORTED,
        more={"content": AREAS, "params": {"dated": "2026-11-01"}},
        house=True,
    ),
    Done("DELETE /api/operator/areas", Act.WITHDRAWN, house=True),
    Done(
        "GET /api/operator/settlement",
        Act.EXPORTED,
        at="/api/operator/settlement?format=csv",
        house=True,
    ),
    Done(
        "GET /operator/settlement",
        Act.EXPORTED,
        at="/operator/settlement?format=csv",
        house=True,
    ),
    Done(
        "DELETE /api/operator/live/{call_id}",
        Act.HUNG_UP,
        at="/api/operator/live/live-ours",
        house=True,
    ),
    Done("POST /operator/live", Act.HUNG_UP, form={"call": "live-theirs"}, house=True),
    Done("PUT /api/operator/acting", Act.ACTED, {"number": THEIRS}, house=True),
    Done("DELETE /api/operator/acting", Act.ACTED_NO_MORE, house=True),
    Done(
        "POST /operator/act",
        Act.ACTED,
        form={"number": THEIRS, "changes": "no"},
        house=True,
    ),
    Done("DELETE /api/operator/acting", Act.ACTED_NO_MORE, house=True),
    Done("POST /sign-out", Act.SIGNED_OUT, form={}, house=True),
    Done("DELETE /api/session", Act.SIGNED_OUT),
)
ELSEWHERE = {
    "POST /api/session": "signs in: every entry of this file's clients begins with it",
    "POST /api/operator/session": "the same",
    "POST /sign-in": "the same by a form: tests/web/test_access.py",
    "POST /operator/sign-in": "the same by a form",
    "POST /api/codes": "draws a secret that counts for nothing until a code of it is given",
    "PUT /api/codes": "needs a code of the hour: tests/web/test_access.py",
    "DELETE /api/codes": "the same",
    "POST /access/codes": "the same",
    "POST /access/sessions": "calls what DELETE /api/sessions/{session_id} calls",
    "POST /api/check": "changes nothing",
    "POST /api/explain": "changes nothing",
    "POST /operator/data": "calls what PUT /api/operator/areas and …/calendar call",
    "POST /api/reports": "tests/web/test_reports.py",
    "PUT /api/reports/{subscription}": "tests/web/test_reports.py",
    "DELETE /api/reports/{subscription}": "tests/web/test_reports.py",
    "POST /api/reports/{subscription}/send": "tests/web/test_reports.py",
    "POST /reports": "tests/web/test_reports.py",
    "POST /answering": "publishes by planning, as PUT /api/plan does",
    "POST /answering/override": "publishes by planning",
    "POST /answering/roster/{name}": "publishes by planning",
    "POST /screening": "publishes by planning",
    "POST /settings": "publishes by planning",
    "POST /menus": "keeps a draft by the workbench, as PUT /api/draft does",
    "POST /menus/{name}": "keeps a draft by the workbench",
    "POST /routing": "keeps a draft by the workbench",
    "POST /routing/route/{place}": "keeps a draft by the workbench",
    "POST /routing/group/{name}": "keeps a draft by the workbench",
}
"""Ways that change something and are not tried here, and why that is enough."""


def test_every_way_that_changes_something_is_thought_of() -> None:
    changing = {f"{method} {path}" for method, path in ways() if method != "GET"}
    tried = {one.way for one in DEEDS}
    assert changing == {way for way in tried if not way.startswith("GET")} | {*ELSEWHERE}
    assert not tried & {*ELSEWHERE}


@pytest.fixture
async def recorded(portal: Portal, tmp_path: Path) -> Portal:
    (tmp_path / "talk.wav").write_bytes(wav())
    heard = called(
        "heard",
        datetime.now(UTC),
        recording="talk.wav",
        voicemail="talk.wav",
        number=THEIRS,
    )
    await Records(portal.database).add([heard])
    return replace(portal, recordings=tmp_path)


async def test_each_leaves_a_line(recorded: Portal) -> None:
    await Accounts(recorded.database).set_password(HOUSE, PASSWORD, "ops")
    log = Audit(recorded.database)
    async with signed_in(recorded, THEIRS) as owner, client_of(recorded) as ops:
        async with signed_in(recorded, THEIRS):
            pass  # A session that will be ended.
        given = {"name": "ops", "password": PASSWORD}
        await ops.post("/api/operator/session", json=given)
        for one in DEEDS:
            before = (await log.of(None, limit=1))[0].seq
            answer = await _do(ops if one.house else owner, one)
            assert answer.status_code < 400, (one.way, answer.text[:500])
            lines = [line for line in await log.of(None) if line.seq > before]
            assert one.act.value in {line.act for line in lines}, one.way
            told = lines[0]
            assert told.actor == ("operator ops" if one.house else "owner"), one.way
            assert told.address == "127.0.0.1"
            assert PASSWORD not in repr(lines)


async def _do(client: httpx.AsyncClient, one: Done) -> httpx.Response:
    path = one.at or one.path
    if "{token_id}" in path:
        made = (await client.get("/api/tokens")).json()["tokens"]
        path = path.replace("{token_id}", made[0]["id"])
    if "{session_id}" in path:
        open_now = (await client.get("/api/sessions")).json()["sessions"]
        other = next(one["id"] for one in open_now if not one["this"])
        path = path.replace("{session_id}", other)
    more = dict(one.more)
    if one.form is not None:
        more["data"] = {**await token(client, "/access"), **one.form}
    elif one.json is not None:
        more["json"] = one.json
    return await client.request(one.method, path, **more)
