"""Who runs all numbers opens, suspends, prices, hangs up, imports, settles, looks in."""

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from b2bua.service.plan import Override, ToVoicemail
from b2bua.service.planfile import plan_to_yaml
from b2bua.service.tariff import yuan
from b2bua.store.accounts import Accounts
from b2bua.store.nodes import Alarm, Complaint, Nodes
from b2bua.store.plans import Draft, Plans
from b2bua.store.records import Records
from b2bua.store.roles import HOUSE
from b2bua.web.portal import Portal
from tests.store.test_nodes import BEAT
from tests.web.conftest import OURS, PASSWORD, THEIRS, called, client_of, signed_in, token
from tests.web.test_pages import CHINESE
from tests.web.test_tenants import ways

NEW = "4007001234"
PAGES = [
    path
    for method, path in ways()
    if method == "GET" and path.startswith("/operator") and path != "/operator/live/calls"
]


@pytest.fixture
async def house(portal: Portal) -> AsyncIterator[httpx.AsyncClient]:
    """An operator who is signed in."""
    await Accounts(portal.database).set_password(HOUSE, PASSWORD, "ops")
    async with client_of(portal) as client:
        given = {"name": "ops", "password": PASSWORD}
        answer = await client.post("/api/operator/session", json=given)
        assert answer.status_code == 200, answer.text
        yield client


@pytest.mark.parametrize("tongue", ["zh", "en"])
@pytest.mark.parametrize("path", [one for one in PAGES if "sign-in" not in one])
async def test_every_page_speaks_both_languages(
    house: httpx.AsyncClient, portal: Portal, path: str, tongue: str
) -> None:
    alarms = [Alarm(kind=kind, subject="x") for kind in Complaint]
    await Nodes(portal.database).tell(BEAT, alarms)
    page = await house.get(
        path.replace("{number}", OURS), headers={"accept-language": tongue}
    )
    assert page.status_code == 200, page.text
    assert "<script>" not in page.text
    assert 'style="' not in page.text
    words = page.text.replace("中文", "").replace("常德博易", "")
    assert bool(CHINESE.search(words.partition("<main")[2])) is (tongue == "zh")
    assert "alarm_" not in page.text
    assert not re.search(r"(?<![\w-])op_(?!said)", page.text)


async def test_an_enterprise_cannot_run_numbers(ours: httpx.AsyncClient) -> None:
    for method, path in ways():
        if not path.startswith(("/operator", "/api/operator")) or "sign-in" in path:
            continue
        if path.endswith("/session"):
            continue
        address = path.replace("{number}", THEIRS).replace("{call_id}", "live-theirs")
        form = await token(ours, "/access")
        if path.startswith("/api/"):
            answer = await ours.request(method, address, json={})
        else:
            answer = await ours.request(method, address, data=form)
        assert answer.status_code == 403, (method, path)
    given = {"number": "", "user": "ops", "password": PASSWORD}
    assert (await ours.post("/api/session", json=given)).status_code == 401


async def test_an_operator_is_no_tenant(house: httpx.AsyncClient) -> None:
    for path in ("/api/calls", "/api/plan", "/api/live", "/api/report"):
        assert (await house.get(path)).status_code == 403
    assert (await house.put("/api/plan", json={})).status_code == 403


async def test_a_number_is_opened_priced_suspended(
    house: httpx.AsyncClient, portal: Portal
) -> None:
    price = {"name": "bulk", "unit_seconds": 6, "unit_price": 25}
    made = await house.post("/api/operator/tariffs", json=price)
    assert made.json() == {"name": "bulk", "version": 1}
    wanted = {"number": NEW, "name": "新客户", "template": "menu", "trunk": "unicom"}
    wanted |= {"destination": "02088886001", "tariff": "bulk", "password": PASSWORD}
    assert (await house.post("/api/operator/numbers", json=wanted)).status_code == 201
    assert (await house.post("/api/operator/numbers", json=wanted)).status_code == 422
    odd = {**wanted, "number": "4007009999", "trunk": "nobody"}
    refused = await house.post("/api/operator/numbers", json=odd)
    assert "trunk" in refused.json()["findings"][0]["field"]
    plans = Plans(portal.database)
    now = (await plans.snapshot({})).plans[OURS]
    fuller = replace(
        now,
        screening=replace(now.screening, blacklist=("13800138000",), deny_areas=("海南",)),
        override=Override(to=ToVoicemail(), until=datetime.now(UTC) + timedelta(hours=1)),
    )
    await plans.publish([Draft(plan=fuller, source=plan_to_yaml(fuller))])
    like = {**wanted, "number": "4007009999", "template": OURS, "tariff": "standard"}
    assert (await house.post("/api/operator/numbers", json=like)).status_code == 201
    copied = (await plans.snapshot({})).plans["4007009999"]
    assert copied.screening.deny_areas == ("海南",)
    assert (copied.screening.blacklist, copied.override) == ((), None)
    async with signed_in(portal, NEW) as owner:
        assert (await owner.get("/api/plan")).json()["version"] == 1
    terms = {"active": False, "calls_per_month": 100}
    done = await house.put(f"/api/operator/numbers/{NEW}", json=terms)
    assert done.status_code == 200, done.text
    plan = (await Plans(portal.database).snapshot({})).plans[NEW]
    assert (plan.active, plan.caps.calls_per_month, plan.tariff) == (False, 100, "bulk")
    unknown = await house.put(f"/api/operator/numbers/{NEW}", json={"tariff": "no"})
    assert unknown.status_code == 422
    assert (await house.put("/api/operator/numbers/4000000000", json={})).status_code == 404
    listed = (await house.get("/api/operator/numbers")).json()["numbers"]
    rows = {one["number"]: one for one in listed}
    assert rows[NEW]["active"] is False
    assert rows[OURS]["last_call_at"] is not None
    assert rows[OURS]["live"] == 1
    noted = (await house.get("/api/audit")).json()["entries"]
    assert {"suspended a number", "created a number"} <= {
        one["act"] for one in noted if one["number"] == NEW
    }


async def test_forms_do_the_same(house: httpx.AsyncClient, portal: Portal) -> None:
    form = {**await token(house, "/operator/numbers"), "number": NEW, "template": "hours"}
    form |= {"destination": "02088886001", "trunk": "unicom", "tariff": "standard"}
    done = await house.post("/operator/numbers", data={**form, "name": "x"})
    assert done.headers["location"] == f"/operator/numbers/{NEW}?said=opened"
    again = await house.post("/operator/numbers", data=form)
    assert again.status_code == 422
    terms = {**form, "active": "no", "spend_per_month": "12.50"}
    await house.post(f"/operator/numbers/{NEW}", data=terms)
    plan = (await Plans(portal.database).snapshot({})).plans[NEW]
    assert (plan.active, plan.caps.spend_per_month) == (False, 12_500)
    wrong = await house.post(
        f"/operator/numbers/{NEW}", data={**terms, "spend_per_month": "x"}
    )
    assert wrong.status_code == 422
    price = {**form, "name": "bulk", "price": "0.025", "unit_seconds": "6"}
    await house.post("/operator/tariffs", data=price)
    tariffs = (await house.get("/api/operator/tariffs")).json()["tariffs"]
    assert ("bulk", 25) in [(one["name"], one["unit_price"]) for one in tariffs]
    bad = await house.post("/operator/tariffs", data={**price, "unit_seconds": "7"})
    assert bad.status_code == 422


async def test_a_live_call_is_hung_up(house: httpx.AsyncClient, server: str) -> None:
    heard: list[str] = []
    connection = await asyncpg.connect(server)
    await connection.add_listener("b2bua_command", lambda *told: heard.append(told[3]))
    calls = (await house.get("/api/operator/live")).json()["calls"]
    assert {one["number"] for one in calls} == {OURS, THEIRS}
    assert all("****" in one["caller"] for one in calls)
    done = await house.delete("/api/operator/live/live-theirs")
    assert done.status_code == 202
    assert (await house.delete("/api/operator/live/nothing")).status_code == 404
    await connection.execute("select 1")
    await connection.close()
    assert ['"live-theirs"' in text for text in heard] == [True]


async def test_looking_from_within_is_logged_and_read_only(
    house: httpx.AsyncClient, portal: Portal
) -> None:
    form = {**await token(house, f"/operator/numbers/{OURS}"), "number": OURS}
    done = await house.post("/operator/act", data={**form, "changes": "no"})
    assert done.headers["location"] == "/"
    page = await house.get("/", headers={"accept-language": "en"})
    assert f"looking at {OURS} as the operator, read-only" in page.text
    assert {one["number"] for one in (await house.get("/api/calls")).json()["calls"]} == {
        OURS
    }
    text = (await house.get("/api/plan")).json()["plan"]
    assert (await house.put("/api/plan", json=text)).status_code == 403
    assert (await house.put("/api/session", json={"reveal": True})).status_code == 403
    for path in ("/api/users", "/api/tokens", "/access"):
        assert (await house.get(path)).status_code == 403, "keys are nobody else's"
    await house.post("/operator/act", data={**form, "what": "stop"})
    assert (await house.get("/api/calls")).status_code == 403
    given = {"number": OURS, "changes": True}
    assert (await house.put("/api/operator/acting", json=given)).status_code == 200
    plan = (await house.get("/api/plan")).json()["plan"]
    plan["destinations"]["one"]["ring"] = 33
    assert (await house.put("/api/plan", json=plan)).status_code == 200
    assert (await house.delete("/api/operator/acting")).status_code == 204
    async with signed_in(portal) as owner:
        entries = (await owner.get("/api/audit")).json()["entries"]
    told = [(one["actor"], one["act"]) for one in entries]
    assert ("operator ops", "acted for a number") in told
    assert ("operator ops", "published a plan") in told


async def test_tables_are_looked_at_and_imported(house: httpx.AsyncClient) -> None:
    text = b"prefix,area\n1380013,0755\n1399999,020\n"
    path = "/api/operator/areas"
    asked = {"dry": "true", "dated": "2026-11-01"}
    told = (await house.put(path, params=asked, content=text)).json()
    assert (told["added"], told["total"]) == (2, 2)
    assert (await house.get(path)).json()["name"] is None, "it was only looked at"
    assert (await house.put(path, content=text)).status_code == 422, "it has no date"
    assert (await house.put(path, content=b"\x89PNG")).status_code == 422
    form = {**await token(house, "/operator/data"), "what": "areas", "dated": "2026-11-01"}
    files = {"file": ("C:\\x\\areas.csv", text, "text/csv")}
    page = await house.post("/operator/data", data=form, files=files)
    assert page.status_code == 200, page.text
    kept = page.text.partition('name="kept" value="')[2].partition('"')[0]
    done = await house.post("/operator/data", data={**form, "what": "import", "kept": kept})
    assert done.headers["location"] == "/operator/data?said=imported"
    assert (await house.get(path)).json()["name"] == "areas.csv"
    assert (await house.delete(path)).status_code == 204
    days = b"date,workday\n2031-01-01,false\n2031-01-04,true\n"
    path = "/api/operator/calendar"
    told = (await house.put(path, params={"dry": "true"}, content=days)).json()
    assert told["added"] == 2
    assert (await house.put(path, content=days)).status_code == 200
    years = [one["year"] for one in (await house.get(path)).json()["years"]]
    assert 2031 in years
    page = await house.post("/operator/data", data={**form, "what": "calendar"})
    assert page.status_code == 422, "there is no file"


async def test_a_month_is_settled_as_the_database_has_it(
    house: httpx.AsyncClient, portal: Portal, server: str
) -> None:
    await Records(portal.database).add(
        [
            called("last", datetime(2026, 1, 31, 15, 59, tzinfo=UTC), fee=700),
            called("next", datetime(2026, 1, 31, 16, 1, tzinfo=UTC), fee=900),
            called("other", datetime(2026, 2, 3, tzinfo=UTC), number=THEIRS, fee=1),
        ]
    )
    connection = await asyncpg.connect(server)
    rows = await connection.fetch(
        "select number, count(*) as calls, sum(fee) as fee, sum(caller_fee) as caller_fee"
        " from call_record where to_char(invite_at at time zone 'Asia/Shanghai', 'YYYY-MM')"
        " = '2026-02' group by number order by number"
    )
    await connection.close()
    answer = await house.get("/api/operator/settlement", params={"month": "2026-02"})
    assert [
        (one["number"], one["calls"], one["enterprise_yuan"], one["caller_yuan"])
        for one in answer.json()["numbers"]
    ] == [
        (row["number"], row["calls"], yuan(int(row["fee"])), yuan(int(row["caller_fee"])))
        for row in rows
    ]
    assert answer.json()["enterprise_yuan"] == "0.901"
    asked = {"month": "2026-02", "format": "csv"}
    text = (await house.get("/api/operator/settlement", params=asked)).text
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert lines[1][0] == OURS
    asked["format"] = "xlsx"
    book = await house.get("/operator/settlement", params=asked)
    assert book.content.startswith(b"PK")
    wrong = await house.get("/api/operator/settlement", params={"month": "2026-13"})
    assert wrong.status_code == 422


async def test_what_ails_is_shown(house: httpx.AsyncClient, portal: Portal) -> None:
    disk = Alarm(kind=Complaint.DISK, subject="/var", detail="1 MB left")
    await Nodes(portal.database).tell(BEAT, [disk])
    alarms = (await house.get("/api/operator/alarms")).json()["alarms"]
    assert [(one["kind"], one["node"]) for one in alarms] == [("disk", "n1")]
    nodes = (await house.get("/api/operator/nodes")).json()["nodes"]
    assert [(one["name"], one["state"]) for one in nodes] == [("n1", "serving")]
    terms = {"calls_per_month": 5}
    await house.put(f"/api/operator/numbers/{OURS}", json=terms)
    alarms = (await house.get("/api/operator/alarms")).json()["alarms"]
    assert ("cap", OURS) in [(one["kind"], one["subject"]) for one in alarms]


async def test_the_register_is_searched_sorted_and_turned(
    house: httpx.AsyncClient,
) -> None:
    wanted = {"number": NEW, "name": "新客户", "trunk": "unicom", "password": PASSWORD}
    wanted["destination"] = "02088886001"
    assert (await house.post("/api/operator/numbers", json=wanted)).status_code == 201

    async def found(**asked: object) -> tuple[list[str], int]:
        given = {key: str(value) for key, value in asked.items()}
        told = (await house.get("/api/operator/numbers", params=given)).json()
        return [one["number"] for one in told["numbers"]], told["total"]

    assert await found() == ([OURS, THEIRS, NEW], 3)
    assert await found(search="客户") == ([NEW], 1)
    assert await found(search="%") == ([], 0)
    assert await found(limit=1, page=2) == ([THEIRS], 3)
    assert (await found(order="calls"))[0][0] == OURS, "it was called most"
    form = await token(house, "/operator/numbers")
    many = {**form, "what": "suspend", "number": [NEW, THEIRS]}
    done = await house.post("/operator/numbers/many?search=400", data=many)
    assert done.headers["location"] == "/operator/numbers?search=400&said=changed"
    assert (await found(active="false"))[0] == [THEIRS, NEW]
    unknown = {**form, "what": "resume", "number": ["4000000000", NEW]}
    page = await house.post("/operator/numbers/many", data=unknown)
    assert page.status_code == 422
    assert "4000000000" in page.text
    assert (await found(active="false"))[0] == [THEIRS], "the others were done"
    assert NEW in (await house.get("/operator/numbers?search=客户")).text
    shown = (await house.get("/operator/live/calls?search=4006009999")).text
    assert THEIRS in shown
    assert OURS not in shown
    log = (await house.get(f"/api/audit?number={NEW}")).json()["entries"]
    assert {one["number"] for one in log} == {NEW}
