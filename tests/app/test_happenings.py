"""What is told before a record tells it: each answer once, each cap that comes near."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

from msgspec import structs

from b2bua.app.happenings import Happenings
from b2bua.exchange.outlook import LiveCall
from b2bua.exchange.outputs import CapNearing
from b2bua.service.callevent import events_of
from b2bua.service.limits import Cap
from b2bua.service.webhook import Webhook, WebhookEvent
from tests.store.builders import plan, record

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CALL = LiveCall(
    id="c1",
    number="4006001234",
    caller="13800138000",
    state="talking",
    since=NOW,
    destination="one",
    area="010",
    answered_at=NOW,
)
HOOK = Webhook(url="https://a.example/", secret="correct-horse-battery")


def happenings(calls: list[LiveCall], *events: WebhookEvent) -> Happenings:
    hook = replace(HOOK, events=frozenset(events or WebhookEvent))
    plans = {"4006001234": plan(webhooks=(hook,)), "4006009999": plan("4006009999")}
    return Happenings(lambda: calls, lambda: plans)


def test_each_answer_is_told_once() -> None:
    calls = [replace(CALL, answered_at=None, state="hunting")]
    look = happenings(calls)
    assert look.fresh() == []
    calls[0] = CALL
    assert [event.id for event in look.fresh()] == ["c1:answered"]
    assert look.fresh() == []
    calls[:] = [CALL, replace(CALL, id="c2")]
    assert [event.id for event in look.fresh()] == ["c2:answered"]


def test_only_who_asked_is_told() -> None:
    assert happenings([CALL], WebhookEvent.ENDED).fresh() == []
    assert happenings([replace(CALL, number="4006009999")]).fresh() == []


def test_the_record_tells_the_same() -> None:
    (live,) = happenings([CALL]).fresh()
    told = record(
        "c1", area="010", invite_at=NOW, destination_answered_at=NOW, destination="one"
    )
    assert events_of(told)[0] == live


def test_who_asked_for_privacy_is_not_named() -> None:
    (event,) = happenings([replace(CALL, private=True)]).fresh()
    assert json.loads(event.body)["call"]["caller"] == ""


def test_a_cap_that_comes_near_is_told_with_its_figures() -> None:
    look = happenings([])
    nearing = CapNearing(
        number="4006001234",
        cap=Cap.SPEND_PER_MONTH,
        percent=80,
        used=400_000,
        limit=500_000,
        starts=date(2026, 11, 1),
    )
    look.cap_nears(nearing)
    look.cap_nears(structs.replace(nearing, cap=Cap.CALLS_PER_WEEK, used=8, limit=10))
    money, calls = look.fresh()
    assert money.kind is calls.kind is WebhookEvent.CAP
    assert money.id == "4006001234:spend_per_month:2026-11-01:500000:80:cap"
    assert json.loads(money.body)["cap"] == {
        "cap": "spend_per_month",
        "percent": 80,
        "used": "400.00",
        "limit": "500.00",
        "period_starts": "2026-11-01",
    }
    assert json.loads(calls.body)["cap"]["used"] == 8
    assert look.fresh() == []
