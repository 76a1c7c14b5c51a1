"""Running all numbers, for programs: everything that the operator's pages can do."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from b2bua.service.datafiles import MalformedFile
from b2bua.service.number import service_number
from b2bua.service.plan import Tariff
from b2bua.service.planfile import Finding
from b2bua.service.tariff import yuan
from b2bua.store.accounts import LONGEST_PASSWORD
from b2bua.store.areas import Areas
from b2bua.store.audit import Act
from b2bua.store.calendars import Calendars
from b2bua.store.live import LiveCall
from b2bua.store.nodes import Alarm, Nodes
from b2bua.store.register import PAGE, NumberRow, Order, Wanted
from b2bua.store.trunks import TrunkBoard
from b2bua.web import operating, settlement, shapes
from b2bua.web.gate import Operating

router = APIRouter(prefix="/api/operator", tags=["operator"])
Whole = Annotated[int | None, Field(default=None, ge=0, le=999_999_999)]
FileName = Annotated[str, Query(max_length=200)]


class NewNumber(BaseModel):
    """A number to be opened."""

    number: str = Field(max_length=32)
    name: str = Field(default="", max_length=64)
    template: str = Field(default="one", max_length=32)
    """``one``, ``hours``, ``menu``, or a number whose plan is taken over."""
    destination: str = Field(default="", max_length=32)
    """Who answers, in a template."""
    trunk: str = Field(default="", max_length=64)
    tariff: str = Field(default="standard", max_length=32)
    password: str = Field(default="", max_length=LONGEST_PASSWORD, repr=False)


class Listing(BaseModel):
    """Which numbers."""

    model_config = ConfigDict(extra="forbid")

    search: str = Field(default="", max_length=64)
    """A part of the number or of the name."""
    active: bool | None = None
    """Left out: whether in service or not."""
    tariff: str = Field(default="", max_length=64)
    order: Order = Order.NUMBER
    page: int = Field(default=1, ge=1, le=100_000)
    limit: int = Field(default=PAGE, ge=1, le=500)


class Terms(BaseModel):
    """What the operator decides about a number; what is left out stays."""

    active: bool | None = None
    tariff: str | None = Field(default=None, max_length=32)
    calls_per_month: Whole
    calls_per_week: Whole
    spend_per_month: Whole
    """厘 (0.001 yuan)."""


class Password(BaseModel):
    """Of a number's owner."""

    password: str = Field(max_length=LONGEST_PASSWORD, repr=False)


class Price(BaseModel):
    """A version of a tariff."""

    name: str = Field(max_length=32)
    unit_seconds: Literal[1, 6, 60] = 60
    unit_price: int = Field(ge=0, le=10_000_000)
    """厘 (0.001 yuan) per started unit."""


class Acting(BaseModel):
    """Whose pages to look at."""

    number: str = Field(max_length=32)
    changes: bool = False
    """May change the plan; else it is only looked at."""


@router.get("/overview")
async def overview(visit: Operating) -> dict[str, object]:
    """All numbers together."""
    sums = await operating.register_of(visit).sums()
    return {
        "numbers": sums.numbers,
        "suspended": sums.suspended,
        "live": sums.live,
        "calls_this_month": sums.calls,
        "spend_this_month": yuan(sums.spend),
    }


@router.get("/numbers")
async def numbers(
    visit: Operating, wanted: Annotated[Listing, Query()]
) -> dict[str, object]:
    """Numbers, with what the month came to, a page at a time."""
    found = await operating.register_of(visit).listed(
        Wanted(
            search=wanted.search,
            active=wanted.active,
            tariff=wanted.tariff,
            order=wanted.order,
            page=wanted.page,
            limit=wanted.limit,
        )
    )
    return {
        "numbers": [number_row(one) for one in found.numbers],
        "total": found.total,
    }


@router.post("/numbers", status_code=201)
async def open_number(visit: Operating, given: NewNumber) -> Response:
    """Open a number; its first plan is published. 422 comes with findings."""
    wanted = operating.NewNumber(**given.model_dump())
    done = await operating.open_number(visit, wanted)
    if isinstance(done, list):
        return _found_wanting(done)
    return JSONResponse({"number": done.number, "version": done.version}, 201)


@router.get("/numbers/{number}")
async def number(visit: Operating, number: str) -> dict[str, object]:
    """What the operator decides about a number."""
    held = await operating.held_plan(operating.house_of(visit), number)
    plan = held.plan
    return {
        "number": plan.number,
        "name": plan.name,
        "version": plan.version,
        "active": plan.active,
        "tariff": plan.tariff,
        "calls_per_month": plan.caps.calls_per_month,
        "calls_per_week": plan.caps.calls_per_week,
        "spend_per_month": plan.caps.spend_per_month,
    }


@router.put("/numbers/{number}")
async def change_number(visit: Operating, number: str, given: Terms) -> Response:
    """Suspend or resume, another tariff, other limits (null: none)."""
    plan = (await operating.held_plan(operating.house_of(visit), number)).plan
    said = given.model_fields_set
    caps = {
        name: getattr(given if name in said else plan.caps, name)
        for name in ("calls_per_month", "calls_per_week", "spend_per_month")
    }
    terms = operating.Terms(
        active=plan.active if given.active is None else given.active,
        tariff=plan.tariff if given.tariff is None else given.tariff,
        **caps,
    )
    findings = await operating.change_terms(visit, plan.number, terms)
    if findings:
        return _found_wanting(findings)
    return JSONResponse({"number": plan.number})


@router.put("/numbers/{number}/password", status_code=204)
async def set_password(visit: Operating, number: str, given: Password) -> Response:
    """Give the owner another password; the owner's sessions end."""
    await operating.set_password(visit, number, given.password)
    return Response(status_code=204)


@router.put("/acting")
async def act(visit: Operating, given: Acting) -> dict[str, object]:
    """Look at a number from within; from now on ``/api/calls`` and so on are its."""
    number = service_number(given.number) or ""
    await operating.act_for(visit, number, changes=given.changes)
    return {"number": number, "changes": given.changes}


@router.delete("/acting", status_code=204)
async def stop_acting(visit: Operating) -> Response:
    """Stop it."""
    await operating.stop_acting(visit)
    return Response(status_code=204)


@router.get("/live")
async def live(visit: Operating) -> dict[str, object]:
    """The calls that are up, of all numbers."""
    return {"calls": [live_call(one) for one in await operating.house_of(visit).live()]}


@router.delete("/live/{call_id}", status_code=202)
async def hang_up(visit: Operating, call_id: str) -> dict[str, object]:
    """Have a call ended; the node that has it does so at once."""
    return {"id": (await operating.hang_up(visit, call_id)).id}


@router.get("/trunks")
async def trunks(visit: Operating) -> dict[str, object]:
    """How the ways to the trunks stand, as each node sees them."""
    found = await TrunkBoard(operating.house_of(visit).database).all()
    return {
        "trunks": [
            {
                "node": one.node,
                "trunk": one.trunk,
                "address": one.address,
                "state": one.state,
                "since": one.since.isoformat(),
                "detail": one.detail,
                "calls": one.calls,
                "registered": one.registered,
            }
            for one in found
        ]
    }


@router.get("/nodes")
async def nodes(visit: Operating) -> dict[str, object]:
    """Every node that was heard of."""
    found = await Nodes(operating.house_of(visit).database).all()
    return {
        "nodes": [
            {
                "name": one.name,
                "state": "silent" if one.silent else one.state,
                "started_at": one.started_at.isoformat(),
                "seen_at": one.seen_at.isoformat(),
                "version": one.version,
                "calls": one.calls,
                "waiting": one.waiting,
            }
            for one in found
        ]
    }


@router.get("/alarms")
async def alarms(visit: Operating) -> dict[str, object]:
    """All that a person should look at."""
    return {"alarms": [alarm(one) for one in await operating.alarms(visit)]}


@router.get("/tariffs")
async def tariffs(visit: Operating) -> dict[str, object]:
    """Every version of every price, the newest of each first."""
    found = await operating.house_of(visit).tariffs()
    return {
        "tariffs": [
            {
                "name": one.name,
                "version": one.version,
                "unit_seconds": one.unit_seconds,
                "unit_price": one.unit_price,
                "yuan": yuan(one.unit_price),
            }
            for one in found
        ]
    }


@router.post("/tariffs", status_code=201)
async def publish_tariff(visit: Operating, given: Price) -> dict[str, object]:
    """A new version of a price, for calls that begin from now on."""
    version = await operating.publish_tariff(visit, Tariff(**given.model_dump()))
    return {"name": given.name, "version": version}


@router.get("/areas")
async def areas(visit: Operating) -> dict[str, object]:
    """Which area table is in use."""
    source = await Areas(operating.house_of(visit).database).current()
    if source is None:
        table = visit.portal.table
        return {"name": None, "dated": table.version and str(table.version)}
    return {
        "name": source.name,
        "dated": source.dated and str(source.dated),
        "imported_at": source.imported_at.isoformat(),
    }


@router.put("/areas")
async def import_areas(
    request: Request,
    visit: Operating,
    name: FileName = "areas.csv",
    dated: date | None = None,
    dry: bool = False,
) -> dict[str, object]:
    """Import the body, CSV or phone.dat; ``dry``: only tell what it would change."""
    content = await request.body()
    try:
        _, told = await operating.areas_difference(visit, content, dated)
        if not dry:
            await operating.import_areas(visit, name, content, dated)
    except MalformedFile as error:
        raise HTTPException(422, str(error)) from error
    return difference(told)


@router.delete("/areas", status_code=204)
async def withdraw_areas(visit: Operating) -> Response:
    """Go back to the table that came along."""
    await operating.withdraw_areas(visit)
    return Response(status_code=204)


@router.get("/calendar")
async def calendar(visit: Operating) -> dict[str, object]:
    """Every year that is known."""
    years = await Calendars(operating.house_of(visit).database).years()
    return {
        "years": [
            {
                "year": one.year,
                "source": one.source,
                "holidays": [str(day) for day in one.holidays],
                "workdays": [str(day) for day in one.workdays],
            }
            for one in years
        ]
    }


@router.put("/calendar")
async def import_calendar(
    request: Request, visit: Operating, name: FileName = "calendar.csv", dry: bool = False
) -> dict[str, object]:
    """Import the body, CSV; ``dry``: only tell what it would change."""
    content = await request.body()
    try:
        _, told = await operating.calendar_difference(visit, content)
        if not dry:
            await operating.import_calendar(visit, name, content)
    except MalformedFile as error:
        raise HTTPException(422, str(error)) from error
    return difference(told)


@router.get("/settlement")
async def settle(
    visit: Operating,
    month: Annotated[str, Query(max_length=10)] = "",
    form: Annotated[Literal["json", "csv", "xlsx"], Query(alias="format")] = "json",
) -> Response:
    """What a month came to for each number, both shares."""
    return await settled(visit, month, form)


async def settled(visit: Operating, month: str, form: str) -> Response:
    """The same in a format; files are noted in the log."""
    year, which = settlement.month_of(month)
    named = f"{year}-{which:02}"
    shares = await operating.house_of(visit).settlement(year, which)
    if form == "json":
        return Response(
            msgspec.json.encode(settlement.mapping(shares, named)),
            media_type="application/json",
        )
    await visit.note_of("", Act.EXPORTED, f"settlement {named}.{form}")
    content = settlement.commas(shares) if form == "csv" else settlement.workbook(shares)
    attached = {"Content-Disposition": f'attachment; filename="settlement-{named}.{form}"'}
    return Response(content, media_type=settlement.FORMS[form], headers=attached)


def _found_wanting(findings: Sequence[Finding]) -> Response:
    return JSONResponse({"findings": [shapes.finding(one) for one in findings]}, 422)


def number_row(one: NumberRow) -> dict[str, object]:
    """A number in a list of all."""
    return {
        "number": one.number,
        "name": one.name,
        "version": one.version,
        "active": one.active,
        "tariff": one.tariff,
        "capped": one.capped,
        "calls_this_month": one.calls,
        "spend_this_month": yuan(one.spend),
        "live": one.live,
        "last_call_at": one.last_call_at and one.last_call_at.isoformat(),
        "last_sign_in_at": one.signed_in_at and one.signed_in_at.isoformat(),
    }


def live_call(one: LiveCall) -> dict[str, object]:
    """A call that is up; callers are masked for operators too."""
    return {**shapes.live_call(one, whole=False), "node": one.node}


def alarm(one: Alarm) -> dict[str, object]:
    """Something to look at."""
    return {
        "kind": one.kind.value,
        "subject": one.subject,
        "detail": one.detail,
        "node": one.node,
        "since": one.since and one.since.isoformat(),
    }


def difference(told: operating.Difference) -> dict[str, object]:
    """What a file would change, or has changed."""
    return {
        "added": told.added,
        "removed": told.removed,
        "changed": told.changed,
        "total": told.total,
        "examples": list(told.examples),
    }
