"""A plan as plain values, in the words of a plan file: the reverse of ``planreading``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from b2bua.service.plan import (
    Back,
    Destination,
    Forwarding,
    Group,
    KeyTarget,
    Menu,
    Mode,
    Plan,
    Queue,
    Repeat,
    Route,
    Screening,
    Shift,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
    When,
)
from b2bua.service.planfeatures import plain_override, plain_recording, plain_voicemail
from b2bua.service.planlimits import plain_caps
from b2bua.service.planwebhooks import plain_webhook
from b2bua.service.schedule import days_text, hours_text


def plain(plan: Plan) -> dict[str, object]:
    """Everything a plan file says; what publication adds is left out."""
    writer = _Writer(plan.groups)
    return {
        "number": plan.number,
        "name": plan.name,
        "active": plan.active,
        "timezone": plan.timezone,
        **_unless_empty(calendar=_calendar(plan)),
        "language": plan.language,
        "tariff": plan.tariff,
        **_unless_empty(
            greeting=plan.greeting,
            greetings=[
                {"prompt": one.prompt, "when": _when(one.when)} for one in plan.greetings
            ],
        ),
        "destinations": {
            name: _destination(one) for name, one in plan.destinations.items()
        },
        "screening": _screening(plan.screening),
        "password": plan.password,
        "announcements": plan.announcements.value,
        **_unless_empty(limits=plain_caps(plan.caps)),
        "forwarding": _forwarding(plan.forwarding),
        **_unless_empty(menus={name: writer.menu(one) for name, one in plan.menus.items()}),
        **_unless_empty(override=writer.override(plan)),
        "routes": [writer.route(one) for one in plan.routes],
        **_unless_empty(
            groups={
                name: _group(one) for name, one in plan.groups.items() if ":" not in name
            },
            webhooks=[plain_webhook(one) for one in plan.webhooks],
        ),
        **_features(plan),
    }


def _features(plan: Plan) -> dict[str, object]:
    return _unless_empty(
        recording=plain_recording(plan.recording),
        voicemail=plain_voicemail(plan.voicemail),
        survey=plan.survey,
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes groups that were written inside a route or a key back to their place."""

    groups: Mapping[str, Group]

    def target(self, target: KeyTarget) -> object:
        match target:
            case ToDestination(name):
                return name
            case ToGroup(name):
                return _group(self.groups[name]) if ":" in name else name
            case ToMenu(name):
                return {"menu": name}
            case ToVoicemail():
                return {"voicemail": True}
            case Repeat() | Back():
                return target.name

    def override(self, plan: Plan) -> dict[str, object]:
        rule = plan.override
        to = None if rule is None else self.target(rule.to)
        return plain_override(rule, to, plan.timezone)

    def menu(self, menu: Menu) -> dict[str, object]:
        return {
            "prompt": menu.prompt,
            "timeout": menu.timeout,
            "retries": menu.retries,
            "keys": {key: self.target(target) for key, target in menu.keys.items()},
            **(
                {} if menu.otherwise is None else {"otherwise": self.target(menu.otherwise)}
            ),
        }

    def route(self, route: Route) -> dict[str, object]:
        return {
            "name": route.name,
            **_unless_empty(when=_when(route.when)),
            "to": self.target(route.to),
        }


def _calendar(plan: Plan) -> dict[str, object]:
    return _unless_empty(
        closed=[str(day) for day in sorted(plan.closed_days)],
        open=[str(day) for day in sorted(plan.open_days)],
    )


def _destination(one: Destination) -> dict[str, object]:
    return {
        "number": one.number,
        "trunk": one.trunk,
        "ring": one.ring,
        **_unless_none(
            concurrent=one.concurrent, when=None if one.when is None else _when(one.when)
        ),
        **_unless_empty(whisper=one.whisper, accept=one.accept, person=one.person),
    }


def _screening(rule: Screening) -> dict[str, object]:
    areas = _unless_none(allow=None if rule.allow_areas is None else list(rule.allow_areas))
    return {
        **_unless_empty(
            blacklist=list(rule.blacklist),
            whitelist=list(rule.whitelist),
            areas={**areas, **_unless_empty(deny=list(rule.deny_areas))},
        ),
        "anonymous": rule.anonymous.value,
        **_unless_none(
            frequency=None
            if rule.frequency is None
            else {"calls": rule.frequency.calls, "minutes": rule.frequency.minutes}
        ),
    }


def _forwarding(rule: Forwarding) -> dict[str, object]:
    return {
        "busy": list(rule.busy),
        "no_answer": list(rule.no_answer),
        "max_forwards": rule.max_forwards,
        "full": "busy" if rule.full_is_busy else "refuse",
        **_unless_empty(voicemail=rule.voicemail),
    }


def _group(group: Group) -> dict[str, object]:
    members: object = [name for name, _ in group.members]
    if group.mode is Mode.PERCENT:
        members = dict(group.members)
    elif group.mode is Mode.ROSTER:
        members = [_shift(one) for one in group.shifts]
    return {
        group.mode.value: members,
        **_unless_none(
            queue=None if group.queue is None else _queue(group.queue),
            familiar=group.familiar,
        ),
    }


def _shift(shift: Shift) -> dict[str, object]:
    when = _unless_empty(when=_when(shift.when))
    return {"name": shift.name, **when, "on": list(shift.on)}


def _queue(rule: Queue) -> dict[str, object]:
    return {
        **_unless_empty(music=rule.music),
        "max_wait": rule.max_wait,
        "announce": rule.announce,
        **_unless_empty(position=rule.position),
    }


def _when(when: When) -> dict[str, object]:
    return {
        **({} if when.days == frozenset(range(7)) else {"days": days_text(when.days)}),
        **_unless_empty(hours=hours_text(when.hours)),
        **_unless_none(workday=when.workday),
        **_unless_empty(
            areas=list(when.areas),
            callers=list(when.callers),
            dates=[_span(first, last) for first, last in when.dates],
        ),
    }


def _span(first: date, last: date) -> str:
    return str(first) if first == last else f"{first}/{last}"


def _unless_empty(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}


def _unless_none(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
