"""What is explained is what happens: a thousand calls by chance, their traces compared.

Before each call it is explained with the state of that moment; then it is made, on the
virtual wire, and its record must tell the same steps. What the far ends do afterwards
comes behind them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from b2bua.call.media import CallId, HearPrompts, KeyPressed
from b2bua.core.tokens import Tokens
from b2bua.exchange.outlook import Outlook
from b2bua.service.area import AreaTable, identify
from b2bua.service.flow.decision import World
from b2bua.service.flow.dossier import Moment
from b2bua.service.flow.explain import Enquiry, Explanation, Fate, explain
from b2bua.service.plan import Plan, Snapshot
from b2bua.service.record import CallRecord
from b2bua.service.talks import Talked
from tests.exchange.scripts import Answers, Refuses, quiet, rings
from tests.service.plans import CALENDAR
from tests.support.random_plans import DESKS, PASSWORD, Chance, Try
from tests.support.stage import CALLER, Script, Stage

PLANS, CALLS = 100, 10
BEYOND = {
    *("forward", "queue", "voicemail", "recording"),
    *("familiar", "duty", "group", "destination"),
}
"""Rules of the steps that tell what the far ends did, and what followed from it."""
RULES = {
    *("number", "whitelist", "blacklist", "area", "anonymous", "frequency", "password"),
    *("calls_per_month", "calls_per_week", "spend_per_month", "greeting", "day"),
    *("override", "route", "menu", "duty", "familiar", "group", "destination", "forward"),
    *("queue", "voicemail", "recording"),
}
"""Of every step that an explanation may have, but for numbers that are unknown or off."""


class Dice(Tokens):
    """Throws the same number again and again."""

    def fraction(self) -> float:
        return 0.375


class Anytime(Stage):
    """A stage on which calls come at any time of the calendar."""

    @property
    def snapshot(self) -> Snapshot:
        known = super().snapshot
        return Snapshot(
            plans=known.plans,
            trunks=known.trunks,
            tariffs=known.tariffs,
            calendar=CALENDAR,
        )

    @property
    def outlook(self) -> Outlook:
        return self.exchange._outlook

    def world(self, caller: str) -> World:
        """What a decision about the next call depends on."""
        exchange = self.exchange
        calls = exchange._calls.of_number(self.plan.number)
        moment = Moment(self.now, self.at)
        world = self.outlook.world(self.plan, calls, moment, Dice(bytes).fraction())
        known = dict(self._familiar(caller)) if caller != "anonymous" else {}
        return replace(world, familiar=known)

    def _familiar(self, caller: str) -> Iterator[tuple[str, Talked | None]]:
        for group in self.plan.groups.values():
            if group.familiar is not None:
                since = self.at - timedelta(days=group.familiar)
                able = dict(group.members)
                own = self.outlook.talks._talks.get((self.plan.number, caller), {})
                talks = [
                    one
                    for one in (*self.talks, *own.values())
                    if one.destination in able and one.at >= since
                ]
                yield group.name, max(talks, key=lambda one: one.at, default=None)


def staged(plan: Plan, scripts: list[Script]) -> Anytime:
    stage = Anytime(plan, tokens=Dice)
    stage.phone(CALLER, quiet, trunk="in")
    for place, script in enumerate(scripts):
        stage.phone((f"10.0.2.{place + 1}", 5060), script, trunk=f"desk-{place}")
    return stage


def explained(
    stage: Anytime, call: Try, busy: Mapping[str, int] | None = None
) -> Explanation:
    """What would become of a call now; ``busy``: other calls that destinations have."""
    caller = identify(call.caller, AreaTable([]), "")
    enquiry = Enquiry(number=stage.plan.number, caller=caller, at=stage.at, keys=call.keys)
    world = stage.world(caller.number or "anonymous")
    if busy:
        world = replace(world, live_calls=lambda desk: busy.get(desk.name, 0))
    return explain(stage.plan, enquiry, world)


def made(stage: Anytime, call: Try) -> CallRecord:
    """Make the call, press its keys when it is asked, and wait for its record."""
    before = len(stage.records)
    stage.dial(stage.phones[CALLER], from_user=call.caller)
    keys, answered = [*call.keys], len(stage.ports.heard)
    for step in range(1000):
        stage.run(0.05 if step < 20 else 1.0)
        if len(stage.records) > before:
            return stage.records[-1]
        heard = stage.ports.heard[answered:]
        answered += len(heard)
        for leg, hearing in heard:
            token = hearing.token if isinstance(hearing, HearPrompts) else ""
            if token.startswith("password:"):
                press(stage, leg, PASSWORD + "#")
            elif token.startswith("menu:") and keys:
                press(stage, leg, keys.pop(0))
                stage.run(3.1)  # an extension that could go on is awaited
    raise AssertionError("the call did not end")


def press(stage: Stage, leg: object, keys: str) -> None:
    call = stage.ports.open[leg]  # type: ignore[index]
    for key in keys:
        stage.tell(KeyPressed(call=CallId(call), leg=leg, digit=key))  # type: ignore[arg-type]


def answering(number: int) -> list[Script]:
    """Everybody answers; in some plans a few are busy, or ring on."""
    others: list[Script] = [Refuses(486, after=0.1), Refuses(404, after=0.1), rings]
    scripts: list[Script] = [Answers(after=0.2, talk=8.0) for _ in DESKS]
    if number % 2:
        scripts[number % 4] = others[number % 3]
    return scripts


def compare(told: Explanation, record: CallRecord, *, all_answer: bool) -> None:
    """Hold a record against what was explained."""
    notice = [step for step in told.trace if step.rule == "recording"]
    steps = [step for step in told.trace if step.rule != "recording"]
    assert list(record.trace[: len(steps)]) == steps
    rest = [step for step in record.trace[len(steps) :] if step.rule != "survey"]
    match told.outcome:
        case Fate.REFUSE:
            assert rest == []
            assert told.refusal is not None
            assert record.end_reason == told.refusal.rule
        case Fate.DIAL if all_answer:
            assert rest == notice
            assert record.destination in told.destinations
        case Fate.VOICEMAIL:
            assert rest == []
            assert record.end_reason == "voicemail"
        case Fate.DIAL | Fate.QUEUE:
            assert {step.rule.split()[0] for step in rest} <= BEYOND
        case Fate.MENU:
            assert {step.rule.split()[0] for step in rest} <= BEYOND | {"menu"}


def hours_before(stage: Anytime, chance: Chance) -> None:
    """Let whoever calls have talked with somebody, now and then."""
    members = [name for group in stage.plan.groups.values() for name, _ in group.members]
    if members and chance.some(0.3):
        stage.talks.append(Talked(members[0], stage.at - timedelta(hours=5)))


@pytest.mark.parametrize("number", range(PLANS))
def test_what_is_explained_happens(number: int) -> None:
    chance = Chance(number)
    plan = chance.plan()
    stage = staged(plan, answering(number))
    for call in sorted(chance.calls(CALLS), key=lambda one: one.at):
        stage.start = call.at - timedelta(seconds=stage.now)
        hours_before(stage, chance)
        told = explained(stage, call)
        record = made(stage, call)
        assert not stage.faults
        compare(told, record, all_answer=number % 2 == 0)


def test_the_thousand_calls_meet_every_rule_and_end_in_every_way() -> None:
    fates, rules = set(), set()
    for number in range(PLANS):
        chance = Chance(number)
        stage = staged(chance.plan(), answering(number))
        busy = dict.fromkeys(DESKS, 1) if number % 3 == 0 else {}
        for call in chance.calls(CALLS):
            stage.start = call.at
            hours_before(stage, chance)
            told = explained(stage, call, busy)
            fates.add(told.outcome)
            rules |= {step.rule.split()[0] for step in told.trace}
    assert fates == set(Fate)
    assert rules >= RULES
