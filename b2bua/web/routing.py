"""Which way a call takes: routes in their order, and the groups that choose.

Every step is kept as the draft; nothing here meets a call before it is published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.service.plan import Group, Mode, Plan, Route, When
from b2bua.web import planning, routeediting, workbench
from b2bua.web.forms import fields_of, week_rows
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import Refused, notice, to
from b2bua.web.places import provinces
from b2bua.web.portal import Visit
from b2bua.web.views import page
from b2bua.web.workbench import Bench

router = APIRouter()

COUNTED_DAYS: Final = 30
COUNTED_CALLS: Final = 20_000
FIRSTS: Final = """
select substr(step->>'rule', 7) as chooser, substr(step->>'why', 10) as destination,
    count(*) as calls
from (
    select trace from call_record where number = $1 and invite_at >= $2
    order by invite_at desc limit $3
) as lately cross join lateral jsonb_array_elements(trace) as step
where starts_with(step->>'rule', 'group ') and (step->>'passed')::bool
    and starts_with(step->>'why', 'percent: ')
group by 1, 2
"""
"""Whom a group chose first, as a call's trace has it: ``group duty``, ``percent: li``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a member of a group should get, and got."""

    name: str
    target: int
    calls: int
    actual: float
    """Percent."""


@router.get("/routing")
async def routing(request: Request, visit: SignedIn) -> Response:
    """All routes and groups."""
    return await _routing(request, visit, await workbench.bench(visit))


@router.post("/routing")
async def move_route(request: Request, visit: SignedIn) -> Response:
    """Move a route up or down, or take it away."""
    found = await workbench.bench(visit)
    fields = await fields_of(request)
    value = found.value()
    what, _, place = fields.text("do").partition(":")
    match what:
        case "order":
            routeediting.reorder(value, fields.all("route"))
        case "ungroup":
            routeediting.remove_group(value, place)
        case _:
            routeediting.step(value, place, what)
    findings = await workbench.keep(visit, found, value)
    if findings:
        return await _routing(request, visit, found, findings, status=422)
    return to("/routing", "drafted")


@router.get("/routing/route/{place}")
async def route(request: Request, visit: SignedIn, place: str) -> Response:
    """One route, to be changed; ``new`` is one more."""
    return await _route(request, visit, await workbench.bench(visit), place)


@router.post("/routing/route/{place}")
async def change_route(request: Request, visit: SignedIn, place: str) -> Response:
    """Keep a route in the draft."""
    found = await workbench.bench(visit)
    _place(found.plan, place)
    fields = await fields_of(request)
    value = found.value()
    routeediting.change_route(value, place, fields)
    findings = await workbench.keep(visit, found, value)
    if findings:
        refused = Refused(findings=findings, entered=fields.singles())
        return await _route(request, visit, found, place, refused)
    return to("/routing", "drafted")


@router.get("/routing/group/{name}")
async def group(request: Request, visit: SignedIn, name: str) -> Response:
    """One group, to be changed."""
    return await _group(request, visit, await workbench.bench(visit), name)


@router.post("/routing/group/{name}")
async def change_group(request: Request, visit: SignedIn, name: str) -> Response:
    """Keep a group in the draft; under ``new`` the form gives its name."""
    found = await workbench.bench(visit)
    fields = await fields_of(request)
    value = found.value()
    if name == "new":
        if fields.text("name") in {*found.plan.groups, "new"}:
            raise HTTPException(409, "there is a group of that name")
    elif name not in found.plan.groups:
        raise HTTPException(404, "there is no such group")
    routeediting.change_group(value, fields.text("name") if name == "new" else name, fields)
    findings = await workbench.keep(visit, found, value)
    if findings:
        refused = Refused(findings=findings, entered=fields.singles())
        return await _group(request, visit, found, name, refused)
    return to("/routing", "drafted")


async def _routing(
    request: Request,
    visit: Visit,
    found: Bench,
    findings: object = None,
    status: int = 200,
) -> Response:
    firsts = await _firsts(visit)
    return page(
        request,
        "routing",
        visit,
        status=status,
        bench=found,
        plan=found.plan,
        changes=found.changes(whole=visit.session.reveal),
        chips=_chips,
        shares={
            name: _shares(one, firsts)
            for name, one in found.plan.groups.items()
            if one.mode is Mode.PERCENT
        },
        days=COUNTED_DAYS,
        notice=notice(request, found.current.plan.version),
        findings=findings or await planning.remarks(visit, found.current, found.source),
    )


async def _route(
    request: Request,
    visit: Visit,
    found: Bench,
    place: str,
    refused: Refused = Refused(),
) -> Response:
    at = _place(found.plan, place)
    one = None if at is None else found.plan.routes[at]
    when = When() if one is None else one.when
    inline = None if one is None else found.plan.groups.get(f"route:{one.name}")
    return page(
        request,
        "route",
        visit,
        place="routing",
        status=422 if refused.findings else 200,
        bench=found,
        plan=found.plan,
        at=place,
        route=one,
        when=when,
        rows=week_rows([when]),
        last=at is not None and at == len(found.plan.routes) - 1,
        inline=inline,
        shares={} if inline is None else dict(inline.members),
        provinces=provinces(visit.portal.table),
        entered=refused.entered,
        findings=refused.findings,
    )


async def _group(
    request: Request,
    visit: Visit,
    found: Bench,
    name: str,
    refused: Refused = Refused(),
) -> Response:
    one = found.plan.groups.get(name)
    if one is None and name != "new":
        raise HTTPException(404, "there is no such group")
    known = await planning.known(visit, found.current)
    firsts = await _firsts(visit)
    return page(
        request,
        "group",
        visit,
        place="routing",
        status=422 if refused.findings else 200,
        bench=found,
        plan=found.plan,
        at=name,
        group=one,
        modes=routeediting.MODES,
        shares=[] if one is None else _shares(one, firsts),
        weights={} if one is None else dict(one.members),
        days=COUNTED_DAYS,
        prompts=sorted({*known.own_prompts, *(known.prompts or ())}),
        entered=refused.entered,
        findings=refused.findings,
    )


def _place(plan: Plan, place: str) -> int | None:
    """The place of a route; None for a new one. 404 for any other."""
    if place == "new":
        return None
    if place.isascii() and place.isdecimal() and len(place) < 6:
        at = int(place)
        if at < len(plan.routes):
            return at
    raise HTTPException(404, "there is no such route")


def _chips(route: Route) -> list[tuple[str, str]]:
    """Conditions of a route as short texts, each with its kind."""
    return routeediting.chips(route.when)


async def _firsts(visit: Visit) -> dict[tuple[str, str], int]:
    """Whom each group chose first for how many calls lately, by group and destination."""
    since = datetime.now(UTC) - timedelta(days=COUNTED_DAYS)
    async with visit.tenant.database.transaction() as connection:
        rows = await connection.fetch(FIRSTS, visit.tenant.number, since, COUNTED_CALLS)
    return {(row["chooser"], row["destination"]): row["calls"] for row in rows}


def _shares(one: Group, firsts: Mapping[tuple[str, str], int]) -> list[Share]:
    """Target and actual shares of a group, by the calls that it chose for."""
    calls = {name: firsts.get((one.name, name), 0) for name, _ in one.members}
    total = sum(calls.values())
    return [
        Share(
            name=name,
            target=weight,
            calls=calls[name],
            actual=100 * calls[name] / total if total else 0.0,
        )
        for name, weight in one.members
    ]
