"""The JSON API does what the contract says."""

import json
from typing import Any

import httpx
import pytest
import yaml

from tests.store.builders import SOURCE
from tests.web.conftest import OURS, PASSWORD, token


async def test_records_are_listed_newest_first_a_page_at_a_time(
    ours: httpx.AsyncClient,
) -> None:
    first = (await ours.get("/api/calls", params={"limit": 3})).json()
    assert [one["id"] for one in first["calls"]] == ["ours-0", "ours-1", "ours-2"]
    asked = {"limit": "3", "after": first["next"]}
    rest = (await ours.get("/api/calls", params=asked)).json()
    assert [one["id"] for one in rest["calls"]] == ["ours-3", "ours-4"]
    assert rest["next"] is None
    assert first["calls"][0].keys() >= {
        "number",
        "outcome",
        "fee",
        "attempts",
        "end_reason",
    }
    assert first["calls"][0]["fee"] == "0.40"


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"caller": "1380"}, 5),
        ({"caller": "1390"}, 0),
        ({"area": "010"}, 5),
        ({"area": "0755"}, 0),
        ({"outcome": "answered"}, 5),
        ({"outcome": "busy"}, 0),
        ({"destination": "one"}, 5),
        ({"destination": "two"}, 0),
        ({"since": "2099-01-01"}, 0),
        ({"until": "2020-01-01T00:00:00+08:00"}, 0),
    ],
)
async def test_records_are_searched(
    ours: httpx.AsyncClient, asked: dict[str, str], count: int
) -> None:
    found = (await ours.get("/api/calls", params=asked)).json()
    assert len(found["calls"]) == count


@pytest.mark.parametrize(
    "asked",
    [
        {"outcome": "splendid"},
        {"limit": "0"},
        {"limit": "501"},
        {"since": "yesterday"},
        {"after": "nowhere"},
        {"after": "2026-01-01T00:00:00~x"},
        {"unknown": "1"},
        {"area": "0\x000"},
        {"since": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_a_senseless_search_is_refused(
    ours: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    answer = await ours.get("/api/calls", params=asked)
    assert answer.status_code == 422, answer.text


async def test_one_record_is_shown_whole(ours: httpx.AsyncClient) -> None:
    found = (await ours.get("/api/calls/ours-0")).json()
    assert found["trace"][0]["rule"] == "route south"
    assert found["ladder"][0]["line"] == "INVITE (1 INVITE)"
    assert found["quality"][0]["mos"] == 4.4
    assert (await ours.get("/api/calls/nothing")).status_code == 404


async def test_callers_are_masked_until_they_are_revealed(ours: httpx.AsyncClient) -> None:
    assert (await ours.get("/api/calls/ours-0")).json()["caller"] == "138****8000"
    shown = await ours.put("/api/session", json={"reveal": True})
    assert shown.json() == {"number": OURS, "reveal": True}
    assert (await ours.get("/api/calls/ours-0")).json()["caller"] == "13800138000"
    live = (await ours.get("/api/live")).json()["calls"]
    assert [(one["id"], one["caller"]) for one in live] == [("live-ours", "13800138000")]


async def test_a_plan_is_read_changed_and_found_faulty(ours: httpx.AsyncClient) -> None:
    now = (await ours.get("/api/plan")).json()
    assert (now["version"], now["yaml"]) == (1, SOURCE)
    plan: dict[str, Any] = now["plan"]
    plan["destinations"]["one"]["number"] = "02088887777"
    done = await ours.put("/api/plan", json={"plan": plan, "version": 1})
    assert done.status_code == 200, done.text
    assert done.json()["version"] == 2
    assert done.json()["changes"] == [
        'destinations.one.number: "02088886001" -> "02088887777"'
    ]
    late = await ours.put("/api/plan", json={"plan": plan, "version": 1})
    assert late.status_code == 409
    plan["routes"] = [{"name": "x", "to": "nobody"}]
    wrong = await ours.put("/api/plan", json=plan)
    assert wrong.status_code == 422
    assert wrong.json()["findings"][0]["field"] == "routes[0].to"
    assert (await ours.get("/api/plan")).json()["version"] == 2


async def test_a_plan_is_yaml_for_who_likes_yaml(ours: httpx.AsyncClient) -> None:
    wanted = {"accept": "application/yaml"}
    text = (await ours.get("/api/plan", headers=wanted)).text
    assert yaml.safe_load(text)["number"] == OURS
    kind = {"content-type": "application/yaml"}
    changed = text.replace("ring: 20", "ring: 25")
    done = await ours.put("/api/plan", content=changed, headers=kind)
    assert done.json()["changes"] == ["destinations.two.ring: 20 -> 25"]
    assert (await ours.get("/api/plan", headers=wanted)).text == changed
    wrong = await ours.put("/api/plan", content=text + "\nmore: 1\n", headers=kind)
    finding = wrong.json()["findings"][0]
    assert (finding["field"], finding["line"] > 1) == ("more", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", "4006009999"), ("active", False), ("tariff", "cheap")],
)
async def test_what_the_operator_decides_stays(
    ours: httpx.AsyncClient, field: str, value: object
) -> None:
    plan = (await ours.get("/api/plan")).json()["plan"]
    refused = await ours.put("/api/plan", json={**plan, field: value})
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["field"] == field


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{", b"[" * 100_000, b"null"])
async def test_a_plan_that_is_no_plan_is_refused(
    ours: httpx.AsyncClient, body: bytes
) -> None:
    for kind in ("application/json", "application/yaml"):
        answer = await ours.put("/api/plan", content=body, headers={"content-type": kind})
        assert answer.status_code == 422


async def test_a_call_is_explained(ours: httpx.AsyncClient) -> None:
    asked = {"from": "02088881234", "at": "2026-11-23T10:00"}
    found = (await ours.post("/api/explain", json=asked)).json()
    assert (found["outcome"], found["route"]) == ("dial", "south")
    assert found["at"] == "2026-11-23T10:00:00+08:00"
    assert found["charge_basis"] == "answer"
    asked = {"caller": "13800138000", "number": "+864006001234"}
    assert (await ours.post("/api/explain", json=asked)).json()["route"] == "otherwise"
    foreign = {"caller": "13800138000", "number": "4006009999"}
    assert (await ours.post("/api/explain", json=foreign)).status_code == 404
    draft = {"from": "13800138000", "plan": SOURCE.replace("otherwise", "all")}
    assert (await ours.post("/api/explain", json=draft)).json()["route"] == "all"
    wrong = {"from": "13800138000", "plan": "number: x"}
    assert (await ours.post("/api/explain", json=wrong)).status_code == 422


async def test_an_explanation_knows_with_whom_a_caller_talked(
    ours: httpx.AsyncClient,
) -> None:
    to = "to: {order: [two, one], familiar: 30}"
    draft = SOURCE.replace("name: otherwise, to: one", f"name: otherwise, {to}")
    for caller, first in (("13800138000", "one"), ("13600136000", "two")):
        asked = {"from": caller, "plan": draft}
        found = (await ours.post("/api/explain", json=asked)).json()
        assert found["destinations"][0] == first


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("json", "application/json"),
        ("csv", "text/csv"),
        ("xlsx", "application/vnd.openxml"),
        ("html", "text/html"),
    ],
)
async def test_a_month_is_reported(ours: httpx.AsyncClient, form: str, kind: str) -> None:
    answer = await ours.get("/api/report", params={"format": form, "language": "en"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    if form == "json":
        assert answer.json()["number"] == OURS
        assert answer.json()["tables"]["summary"]["rows"]
    wrong = await ours.get("/api/report", params={"month": "2026-13"})
    assert wrong.status_code == 422


async def test_the_description_names_every_way_in(nobody: httpx.AsyncClient) -> None:
    described = (await nobody.get("/openapi.json")).json()["paths"]
    assert described.keys() >= {
        "/api/session",
        "/api/calls",
        "/api/calls/{call_id}",
        "/api/plan",
        "/api/explain",
        "/api/report",
    }
    assert all(path.startswith("/api/") for path in described)


async def test_a_body_without_end_is_refused(ours: httpx.AsyncClient) -> None:
    answer = await ours.put(
        "/api/plan",
        content=b"x" * 1_000_001,
        headers={"content-type": "application/yaml"},
    )
    assert answer.status_code == 413
    form = {**(await token(ours)), "yaml": "x" * 1_000_001}
    assert (await ours.post("/plan", data=form)).status_code == 413


async def test_what_was_sent_is_not_repeated(nobody: httpx.AsyncClient) -> None:
    given = {"number": [PASSWORD], "password": {"x": "\ud800 secret"}}
    answer = await nobody.post(
        "/api/session",
        content=json.dumps(given).encode(),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    assert "secret" not in answer.text
    assert PASSWORD not in answer.text
