"""What somebody should look at now: caps nearly used, trunks down, nobody on duty."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from b2bua.service.duty import on_duty
from b2bua.service.limits import Cap, Usage, cap_states, step_reached
from b2bua.service.plan import Mode, Plan
from b2bua.service.schedule import Clock
from b2bua.service.tariff import yuan
from b2bua.store.trunks import TrunkStatus

NOTICE_MONTH: Final = 12
"""Next year's holidays are known by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing, in words of :mod:`b2bua.web.words.today`."""

    level: Literal["bad", "warn", "info"]
    key: str
    fields: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    """The page where something can be done about it."""


def alerts(
    plan: Plan, usage: Usage, moment: Clock, trunks: Sequence[TrunkStatus]
) -> list[Alert]:
    """Everything, the worst first."""
    found = [
        *_service(plan, moment),
        *_caps(plan, usage),
        *_trunks(plan, trunks),
        *_duty(plan, moment),
        *_calendar(plan, moment),
    ]
    return sorted(found, key=lambda one: ("bad", "warn", "info").index(one.level))


def _service(plan: Plan, moment: Clock) -> Iterator[Alert]:
    if not plan.active:
        yield Alert(level="bad", key="alert_suspended")
    rule = plan.override
    now = moment.local
    if rule is not None and (rule.since or now) <= now < rule.until:
        until = f"{rule.until.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
        fields = {"to": rule.to.name, "until": until}
        yield Alert(level="info", key="alert_override", fields=fields, path="/answering")


def _caps(plan: Plan, usage: Usage) -> Iterator[Alert]:
    for state in cap_states(plan.caps, usage):
        step = step_reached(state)
        if not step:
            continue
        money = state.cap is Cap.SPEND_PER_MONTH
        used, limit = (yuan(n) if money else str(n) for n in (state.used, state.limit))
        yield Alert(
            level="bad" if state.reached else "warn",
            key=f"alert_{state.cap.value}",
            fields={"used": used, "limit": limit, "share": str(step)},
        )


def _trunks(plan: Plan, trunks: Sequence[TrunkStatus]) -> Iterator[Alert]:
    named = {one.trunk for one in plan.destinations.values()}
    for name in sorted(named):
        states: Collection[str] = {one.state for one in trunks if one.trunk == name}
        if states == {"down"}:
            yield Alert(level="bad", key="alert_trunk", fields={"trunk": name})


def _duty(plan: Plan, moment: Clock) -> Iterator[Alert]:
    for group in plan.groups.values():
        if group.mode is Mode.ROSTER and not on_duty(group, moment):
            fields = {"group": group.name}
            yield Alert(level="warn", key="alert_roster", fields=fields, path="/answering")


def _calendar(plan: Plan, moment: Clock) -> Iterator[Alert]:
    years = moment.calendar.years
    wanted = [moment.local.year]
    if moment.local.month >= NOTICE_MONTH:
        wanted.append(moment.local.year + 1)
    for year in wanted:
        if year not in years and _asks_for_workdays(plan):
            yield Alert(level="warn", key="alert_calendar", fields={"year": str(year)})


def _asks_for_workdays(plan: Plan) -> bool:
    whens = [route.when for route in plan.routes]
    whens += [one.when for one in plan.destinations.values() if one.when is not None]
    whens += [shift.when for group in plan.groups.values() for shift in group.shifts]
    return any(when.workday is not None for when in whens)
