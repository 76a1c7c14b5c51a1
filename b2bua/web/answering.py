"""Who answers: destinations, the order of the hunt, who is on duty, and an override.

What is changed here holds for the next call: every form publishes a version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.service.duty import Watch, on_duty, watches
from b2bua.service.flow.explain import Explanation
from b2bua.service.plan import Calendar, Group, Mode, Override, Plan
from b2bua.service.planwriting import plain
from b2bua.service.schedule import clock, hours_text
from b2bua.store.tenant import Current
from b2bua.web import editing, planning
from b2bua.web.forms import Fields, fields_of, target_of, week_rows
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import Done, findings_of, moved_on, notice, published, status_of
from b2bua.web.portal import Visit
from b2bua.web.views import local, page
from b2bua.web.weeks import Week, week

router = APIRouter()

SPANS: Final = ("60", "120", "480")
"""Minutes of the buttons that override."""
EVENING: Final = "18:00"
WATCHES: Final = 6
SPARE_SHIFTS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """One roster as the page shows it."""

    group: Group
    on: Sequence[str]
    week: Week
    following: Sequence[Watch]
    """What comes after what is now."""


@router.get("/answering")
async def answering(request: Request, visit: SignedIn) -> Response:
    """Destinations, hunt order, roster, override."""
    return await _answering(request, visit)


@router.post("/answering")
async def change_answering(request: Request, visit: SignedIn) -> Response:
    """Publish what the form says: numbers, the order, one more or one less."""
    current = await planning.current_plan(visit)
    fields = await fields_of(request)
    value = plain(current.plan)
    what, _, name = fields.text("what").partition(":")
    match what:
        case "order":
            editing.change_order(value, current.plan, fields)
        case "add":
            if fields.text("name") in current.plan.destinations:
                raise HTTPException(409, "there is a destination of that name")
            editing.add_destination(value, fields)
        case "remove":
            editing.remove_destination(value, name)
        case "hours":
            editing.change_hours(value, name, fields)
        case _:
            editing.change_destinations(value, fields)
    done = await published(visit, current, value, fields)
    back = moved_on(done, "/answering")
    return back or await _answering(request, visit, done, fields)


@router.post("/answering/override")
async def override(request: Request, visit: SignedIn) -> Response:
    """Send all calls somewhere for a while, or end that."""
    current = await planning.current_plan(visit)
    fields = await fields_of(request)
    value = plain(current.plan)
    if fields.has("end"):
        value.pop("override", None)
    else:
        span, _, name = fields.text("go").partition(" ")
        to = name or target_of(fields, "to")
        now = datetime.now(planning.zone_of(current))
        until = editing.span_end(span or fields.text("until"), now)
        if until is None or until <= now:
            raise HTTPException(422, "until: a time that is to come is needed")
        editing.override(value, to, until, fields.text("note"))
    done = await published(visit, current, value, fields)
    back = moved_on(done, "/answering")
    return back or await _answering(request, visit, done, fields)


@router.get("/answering/roster/{name}")
async def roster(request: Request, visit: SignedIn, name: str) -> Response:
    """The shifts of a roster, to be changed; of a new one, none."""
    return await _roster(request, visit, name)


@router.post("/answering/roster/{name}")
async def change_roster(request: Request, visit: SignedIn, name: str) -> Response:
    """Publish the shifts."""
    current = await planning.current_plan(visit)
    _roster_of(current.plan, name)
    fields = await fields_of(request)
    value = plain(current.plan)
    editing.change_roster(value, name, fields)
    done = await published(visit, current, value, fields)
    return moved_on(done, "/answering") or await _roster(request, visit, name, done)


async def _answering(
    request: Request,
    visit: Visit,
    done: Done | None = None,
    fields: Fields | None = None,
) -> Response:
    current = await planning.current_plan(visit)
    plan, zone = current.plan, planning.zone_of(current)
    now = datetime.now(UTC)
    shared = await visit.tenant.surroundings()
    serving = (await visit.tenant.versions(1))[0]
    going = await planning.ask(visit, planning.Question(caller=""))
    return page(
        request,
        "answering",
        visit,
        status=status_of(done),
        plan=plan,
        since=local(serving.published_at, zone),
        going=going if isinstance(going, Explanation) else None,
        holding=holding(plan, now),
        rosters=rosters(plan, now, shared.calendar),
        entered={} if fields is None else fields.singles(),
        trunks=sorted(visit.portal.known.trunks or ()),
        spans=SPANS,
        evening=EVENING,
        whens={
            name: hours_text(one.when.hours) if one.when else ""
            for name, one in plan.destinations.items()
        },
        prompts=await _prompts(visit, current),
        stamp=lambda at: local(at, zone),
        moved=status_of(done) == 409,
        notice=notice(request, plan.version),
        findings=findings_of(done),
    )


def rosters(plan: Plan, now: datetime, calendar: Calendar) -> list[Roster]:
    """Every roster of a plan, as it stands now."""
    moment = clock(plan, now, calendar)
    return [
        Roster(
            group=group,
            on=on_duty(group, moment),
            week=week(group, moment.local),
            following=list(islice(watches(plan, group, now, calendar), 1, WATCHES)),
        )
        for group in plan.groups.values()
        if group.mode is Mode.ROSTER
    ]


async def _roster(
    request: Request, visit: Visit, name: str, done: Done | None = None
) -> Response:
    current = await planning.current_plan(visit)
    group = _roster_of(current.plan, name)
    return page(
        request,
        "roster",
        visit,
        status=status_of(done),
        place="answering",
        plan=current.plan,
        group=name,
        shifts=[] if group is None else group.shifts,
        rows=lambda shift: week_rows([shift.when]),
        spare=SPARE_SHIFTS if group is not None and group.shifts else SPARE_SHIFTS + 1,
        moved=status_of(done) == 409,
        findings=findings_of(done),
    )


def _roster_of(plan: Plan, name: str) -> Group | None:
    """A roster; None for a new one. 404 for a group that is none."""
    group = plan.groups.get(name)
    if ":" in name or (group is not None and group.mode is not Mode.ROSTER):
        raise HTTPException(404, "there is no such roster")
    return group


async def _prompts(visit: Visit, current: Current) -> list[str]:
    known = await planning.known(visit, current)
    return sorted({*known.own_prompts, *(known.prompts or ())})


def holding(plan: Plan, now: datetime) -> Override | None:
    """The override that decides now, or will."""
    rule = plan.override
    return rule if rule is not None and now < rule.until else None
