"""The editors, as a browser without scripts uses them: forms in, versions out."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from b2bua.service.plan import Mode, Plan, ToDestination, ToMenu, ToVoicemail
from b2bua.store.plans import Plans
from b2bua.store.tenant import Tenant
from b2bua.web.forms import Fields, week_rows, weeks_of
from b2bua.web.portal import Portal
from tests.web.conftest import OURS, PASSWORD, THEIRS, client_of, signed_in, token

ENGLISH = {"accept-language": "en"}


async def served(portal: Portal) -> Plan:
    """What the next call follows."""
    current = await Tenant(portal.database, OURS).plan()
    assert current is not None
    return current.plan


async def posted(
    client: httpx.AsyncClient, path: str, /, **fields: str | list[str]
) -> httpx.Response:
    """A form as its page would send it; ``__`` in a name is a colon."""
    page = path if (await client.get(path)).status_code == 200 else "/answering"
    data = {name.replace("__", ":"): value for name, value in fields.items()}
    return await client.post(path, data={**await token(client, page), **data})


async def test_the_answering_number_is_changed(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    form = {**await token(ours), "number:one": "13911112222", "ring:one": "20"}
    done = await ours.post("/answering", data=form)
    assert done.headers["location"] == "/answering?said=saved"
    page = await ours.get("/answering?said=saved", headers=ENGLISH)
    assert "Version 2 is published" in page.text
    assert "serves since" in page.text
    snapshot = await Plans(portal.database).snapshot({})
    assert snapshot.plans[OURS].destinations["one"].number == "13911112222"
    versions = (await ours.get("/versions", headers=ENGLISH)).text
    assert "02088886001" in versions
    assert "13911112222" in versions


async def test_two_people_change_different_things(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    form = await token(ours)
    first = {**form, "number:one": "13911112222"}
    assert (await ours.post("/answering", data=first)).status_code == 303
    late = {**form, "number:two": "13911113333"}
    assert (await ours.post("/answering", data=late)).status_code == 303
    numbers = [one.number for one in (await served(portal)).destinations.values()]
    assert numbers == ["13911112222", "13911113333"]
    same = {**form, "number:one": "13911114444"}
    refused = await ours.post("/answering", data=same)
    assert refused.status_code == 409
    assert (await served(portal)).destinations["one"].number == "13911112222"


@pytest.mark.parametrize("number", ["110", "x", "0085212345678", ""])
async def test_a_number_that_no_plan_takes_is_refused(
    ours: httpx.AsyncClient, number: str
) -> None:
    page = await posted(ours, "/answering", number__one=number)
    assert page.status_code == 422
    assert "destinations.one.number" in page.text
    assert f'value="{number}"' in page.text


async def test_destinations_come_and_go(ours: httpx.AsyncClient, portal: Portal) -> None:
    new = {"name": "desk", "number": "057188886666", "trunk": "unicom", "person": "王敏"}
    done = await posted(ours, "/answering", what="add", **new)
    assert done.status_code == 303
    assert (await served(portal)).destinations["desk"].person == "王敏"
    assert (await posted(ours, "/answering", what="add", **new)).status_code == 409
    hours: dict[str, str | list[str]] = {
        "days": ["0", "1"],
        "hours": "09:00-12:00",
        "accept": "yes",
    }
    await posted(ours, "/answering", what="hours:desk", **hours)
    desk = (await served(portal)).destinations["desk"]
    assert desk.when is not None
    assert desk.when.days == {0, 1}
    assert desk.accept
    await posted(ours, "/answering", what="remove:desk")
    assert "desk" not in (await served(portal)).destinations
    # What a route leads to cannot go.
    refused = await posted(ours, "/answering", what="remove:one")
    assert refused.status_code == 422


async def test_all_calls_go_elsewhere_for_a_while(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    hidden = await token(ours)
    done = await ours.post("/answering/override", data={**hidden, "go": "120 two"})
    assert done.status_code == 303
    rule = (await served(portal)).override
    assert rule is not None
    assert rule.to == ToDestination("two")
    ahead = rule.until - datetime.now(UTC)
    assert timedelta(minutes=118) < ahead <= timedelta(minutes=120)
    page = (await ours.get("/answering", headers=ENGLISH)).text
    assert "All calls go to two" in page
    tried = (await ours.get("/api/override")).json()["override"]
    assert tried["to"] == "two"
    hidden = await token(ours)
    await ours.post("/answering/override", data={**hidden, "end": "yes"})
    assert (await served(portal)).override is None
    for until in ("", "yesterday", "2020-01-01T00:00"):
        hidden = await token(ours)
        data = {**hidden, "to": "destination:two", "until": until}
        assert (await ours.post("/answering/override", data=data)).status_code == 422


async def test_a_roster_is_made(ours: httpx.AsyncClient, portal: Portal) -> None:
    days = {f"shift:0:day:{day}": "09:00-17:59" for day in range(5)}
    form = {
        **await token(ours, "/answering/roster/duty"),
        "shift:0:name": "早班",
        "shift:0:on": ["one", "two"],
        **days,
        "shift:0:day:5": "10:00-12:00",
        "shift:1:name": "夜班",
        "shift:1:on": "two",
        "shift:1:day:6": "22:00-05:59",
    }
    done = await ours.post("/answering/roster/duty", data=form)
    assert done.status_code == 303, done.text
    group = (await served(portal)).groups["duty"]
    assert group.mode is Mode.ROSTER
    assert [(one.name, sorted(one.when.days)) for one in group.shifts] == [
        ("早班", [0, 1, 2, 3, 4]),
        ("早班 2", [5]),
        ("夜班", [6]),
    ]
    page = (await ours.get("/answering")).text
    assert "早班" in page
    assert page.count('class="shift') == 5 + 1 + 2
    back = await ours.get("/answering/roster/duty")
    assert 'value="22:00-05:59"' in back.text


async def test_a_version_is_published_again(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    await posted(ours, "/answering", number__one="13911112222")
    assert (await posted(ours, "/versions", wanted="1")).status_code == 303
    plan = await served(portal)
    assert plan.version == 3
    assert plan.destinations["one"].number == "02088886001"
    assert (await posted(ours, "/versions", wanted="99")).status_code == 404
    old = {**await token(ours, "/versions"), "version": "1", "wanted": "2"}
    assert (await ours.post("/versions", data=old)).status_code == 409
    beside = (await ours.get("/versions/2?with=1", headers=ENGLISH)).text
    assert "<del>02088886001</del>" in beside
    assert "<ins>13911112222</ins>" in beside


async def test_comments_outlive_forms(ours: httpx.AsyncClient) -> None:
    text = (await ours.get("/api/plan")).json()["yaml"]
    noted = text.replace("password:", "# only for members\npassword:")
    headers = {"content-type": "application/yaml"}
    await ours.put("/api/plan", content=noted.encode(), headers=headers)
    await posted(ours, "/answering", number__one="13911112222")
    now = (await ours.get("/api/plan")).json()["yaml"]
    assert now == noted.replace("02088886001", "13911112222")


async def test_routes_are_changed_in_a_draft(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    week = {f"day:{day}": "09:00-17:59" for day in range(5)}
    form = {
        **await token(ours, "/routing/route/new"),
        "name": "mornings",
        "to": "split",
        "share:one": "60",
        "share:two": "30",
        "areas": ["广东", "010"],
        **week,
        "day:5": "09:00-12:00",
    }
    refused = await ours.post("/routing/route/new", data=form)
    assert refused.status_code == 422
    assert "90" in refused.text
    done = await ours.post("/routing/route/new", data={**form, "share:two": "40"})
    assert done.headers["location"] == "/routing?said=drafted"
    assert (await served(portal)).version == 1
    draft = (await ours.get("/routing", headers=ENGLISH)).text
    assert "mornings 2" in draft
    assert (await posted(ours, "/routing", do="up:2")).status_code == 303
    tried = {"caller": "02088881234", "at": "2026-11-28T10:00", "of": "draft"}
    assert "mornings 2" in (await ours.get("/try", params=tried)).text
    reckoned = await ours.get("/draft?reckon=yes", headers=ENGLISH)
    assert "Of 5 calls" in reckoned.text
    done = await posted(ours, "/draft", what="publish", back="/routing")
    assert done.headers["location"] == "/routing?said=saved"
    plan = await served(portal)
    names = [route.name for route in plan.routes]
    assert names == ["south", "mornings 2", "mornings", "otherwise"]
    assert plan.groups["route:mornings"].members == (("one", 60), ("two", 40))
    assert (await ours.get("/api/draft")).json() == {"draft": None}


async def test_a_draft_takes_along_what_was_published_since(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    await posted(ours, "/routing", do="remove:0")
    await posted(ours, "/answering", number__two="13911112222")
    page = (await ours.get("/routing", headers=ENGLISH)).text
    assert "version 2 was published since" in page
    assert (await posted(ours, "/draft", what="publish")).status_code == 303
    plan = await served(portal)
    assert [route.name for route in plan.routes] == ["otherwise"]
    assert plan.destinations["two"].number == "13911112222"
    await posted(ours, "/routing/group/new", name="all", mode="order", member__0="two")
    assert (await ours.get("/api/draft")).json()["draft"]["base"] == plan.version
    await posted(ours, "/draft", what="discard")
    assert (await ours.get("/api/draft")).json() == {"draft": None}


async def test_menus_are_built_as_a_tree(ours: httpx.AsyncClient, portal: Portal) -> None:
    main = {"name": "main", "prompt": "menu", "timeout": "4", "retries": "1"}
    keys = {"key__0": "1", "to__0": "destination:one", "key__1": "2", "to__1": "sub"}
    done = await posted(ours, "/menus/new", sub__1="inner", **main, **keys)
    assert done.status_code == 303, done.text
    inner = {"name": "deep", "prompt": "welcome", "key__0": "9", "was__0": "*"}
    await posted(ours, "/menus/inner", to__0="voicemail:", **inner)
    await posted(ours, "/routing/route/1", name="otherwise", to="menu:main")
    page = (await ours.get("/menus")).text
    assert re.search(r"<kbd>2</kbd>\s*<a class=\"menu-name\" href=\"/menus/deep\"", page)
    assert (await posted(ours, "/menus", remove="deep")).status_code == 422
    await posted(ours, "/draft", what="publish")
    plan = await served(portal)
    assert plan.menus["main"].keys == {"1": ToDestination("one"), "2": ToMenu("deep")}
    assert plan.menus["deep"].keys == {"9": ToVoicemail()}
    assert plan.routes[-1].to == ToMenu("main")


async def test_settings_are_changed_card_by_card(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    cards: list[dict[str, str | list[str]]] = [
        {"what": "greeting", "greeting": "welcome", "greeting:0:prompt": "menu"},
        {"what": "password", "password": "4711"},
        {"what": "caps", "calls_per_week": "300", "count": "answered"},
        {"what": "talk", "recording": "yes", "notice": "yes", "legs": "both"},
        {"what": "webhooks", "hook:0:url": "https://crm.example/", "hook:0:events": "cap"},
        {"what": "name", "name": "新名称", "closed": "2026-12-31, 2027-01-02"},
    ]
    for card in cards:
        done = await ours.post("/settings", data={**await token(ours, "/settings"), **card})
        assert done.status_code == 303, done.text
    plan = await served(portal)
    assert (plan.greeting, plan.password, plan.name) == ("welcome", "4711", "新名称")
    assert [one.prompt for one in plan.greetings] == ["menu"]
    assert plan.caps.calls_per_week == 300
    assert plan.recording is not None
    assert len(plan.closed_days) == 2
    hook = plan.webhooks[0]
    assert len(hook.secret) >= 16
    page = (await ours.get("/settings")).text
    assert hook.secret not in page
    assert "4711" not in page
    kept = {"what": "webhooks", "hook:0:url": hook.url, "hook:0:was": hook.url}
    hidden = await token(ours, "/settings")
    await ours.post("/settings", data={**hidden, **kept, "hook:0:secret": "****"})
    assert (await served(portal)).webhooks[0].secret == hook.secret
    for wrong in ({"what": "password", "password": "12"}, {"what": "caps", "count": "x"}):
        hidden = await token(ours, "/settings")
        assert (await ours.post("/settings", data={**hidden, **wrong})).status_code == 422


async def test_a_webhook_is_tried_out(ours: httpx.AsyncClient, portal: Portal) -> None:
    url = "https://crm.example/calls"
    card = {"what": "webhooks", "hook:0:url": url}
    await ours.post("/settings", data={**await token(ours, "/settings"), **card})
    assert (await ours.post("/api/webhooks/test", json={"url": url})).status_code == 202
    told = (await ours.get("/api/webhooks/deliveries")).json()["deliveries"]
    assert [(one["url"], one["event"], one["state"]) for one in told] == [
        (url, "test", "pending")
    ]
    other = {"url": "https://elsewhere.example/"}
    assert (await ours.post("/api/webhooks/test", json=other)).status_code == 404
    async with signed_in(portal, THEIRS) as client:
        theirs = (await client.get("/api/webhooks/deliveries")).json()["deliveries"]
        assert theirs == []


async def test_areas_and_frequency_are_screened(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    await posted(
        ours,
        "/screening",
        what="rules",
        area_rule="deny",
        areas=["广东", "021"],
        more_areas="0736* 0731*",
        anonymous="reject",
        frequency_calls="3",
        frequency_minutes="10",
    )
    rule = (await served(portal)).screening
    assert rule.deny_areas == ("广东", "021", "0736*", "0731*")
    assert rule.anonymous.value == "reject"
    assert rule.frequency is not None
    assert (rule.frequency.calls, rule.frequency.minutes) == (3, 10)


HOURS = st.sampled_from(["", "09:00-17:59", "22:00-05:59", "08:00-11:59,13:00-18:00"])


@given(st.lists(HOURS, min_size=7, max_size=7).filter(any))
def test_a_painted_week_is_rules_and_back(rows: list[str]) -> None:
    from b2bua.service.form import Form  # noqa: PLC0415
    from b2bua.service.planwhen import Times  # noqa: PLC0415

    fields = Fields(FormData([(f"day:{day}", text) for day, text in enumerate(rows)]))
    form = Form()
    times = Times(form)
    whens = [times.times(value, ()) for value in weeks_of(fields, "")]
    assert form.complaints == []
    assert week_rows(whens) == rows


async def test_who_may_only_look_sees_every_page_and_no_secret(
    ours: httpx.AsyncClient, portal: Portal
) -> None:
    hook = {"what": "webhooks", "hook:0:url": "https://crm.example/"}
    await ours.post("/settings", data={**await token(ours, "/settings"), **hook})
    await posted(ours, "/routing", do="remove:0")
    secret = (await served(portal)).webhooks[0].secret
    given = {"name": "li", "role": "viewer", "password": PASSWORD}
    assert (await ours.post("/api/users", json=given)).status_code == 201
    async with client_of(portal) as viewer:
        signed = {"number": OURS, "user": "li", "password": PASSWORD}
        assert (await viewer.post("/api/session", json=signed)).status_code == 200
        for path in (
            *("/answering", "/routing", "/menus", "/prompts", "/screening", "/settings"),
            *("/try", "/versions", "/versions/1", "/plan", "/draft", "/routing/route/0"),
            *("/answering/roster/duty", "/menus/new", "/routing/group/new", "/api/draft"),
        ):
            page = await viewer.get(path)
            assert page.status_code == 200, path
            assert secret not in page.text, path
            assert "password: &#34;1234" not in page.text, path
        hidden = await token(viewer, "/answering")
        for path in ("/answering", "/routing", "/settings", "/draft", "/versions"):
            assert (await viewer.post(path, data=hidden)).status_code == 403, path
        kept = (await ours.get("/api/draft")).json()["draft"]
        assert kept is not None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/api/override", {"to": "two", "until": "9999-12-31T23:59:59Z"}, 422),
        ("PUT", "/api/override", {"to": "two", "until": "0001-01-01T00:00:00"}, 422),
        ("PUT", "/api/override", {"to": "nobody", "until": "2199-01-01T00:00:00Z"}, 422),
        ("PUT", "/api/override", {"to": {"x": [1]}, "until": "2199-01-01T00:00:00Z"}, 422),
        ("PUT", "/api/draft", {"yaml": "a: [\0"}, 422),
        ("PUT", "/api/draft", {"yaml": ""}, 422),
        ("GET", "/api/versions/99999999999999999999", None, 404),
        ("POST", "/api/versions/0/publish", {}, 404),
        ("DELETE", "/api/prompts/%00", None, 404),
        ("GET", "/api/prompts/%00/audio", None, 404),
        ("GET", "/answering/roster/a:b", None, 404),
        ("GET", "/routing/route/99", None, 404),
        ("GET", "/menus/%00", None, 404),
    ],
)
async def test_nonsense_is_answered_clearly(
    ours: httpx.AsyncClient, method: str, path: str, body: object, status: int
) -> None:
    answer = await ours.request(method, path, json=body)
    assert answer.status_code in (status, 422), answer.text


async def test_taiwan_hong_kong_and_macao_are_on_the_map_by_their_prefixes(
    ours: httpx.AsyncClient,
) -> None:
    fields = await token(ours, "/routing/route/new")
    form = {"name": "hong kong", "to": "voicemail:", "areas": "00852*", **fields}
    kept = await ours.post("/routing/route/new", data=form, follow_redirects=True)
    place = re.search(r'href="(/routing/route/\d+)">hong kong', kept.text)
    assert place is not None
    page = (await ours.get(place[1])).text
    ticked = re.findall(r'name="areas" value="([^"]+)" checked', page)
    assert ticked == ["00852*"]
    assert 'name="more_areas" value=""' in page


async def test_last_month_is_held_against_the_draft_where_calls_are_tried(
    ours: httpx.AsyncClient,
) -> None:
    page = await ours.get("/try?reckon=yes", headers=ENGLISH)
    assert "There is no draft" in page.text
    fields = await token(ours, "/routing/route/new")
    form = {"name": "all", "to": "voicemail:", **fields}
    await ours.post("/routing/route/new", data=form)
    page = await ours.get("/try?reckon=yes", headers=ENGLISH)
    assert "Of 5 calls" in page.text
    assert "voicemail" in page.text
