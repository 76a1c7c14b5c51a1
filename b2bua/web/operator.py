"""The operator's pages: calls, trunks, prices, tables, settlement, alarms."""

from datetime import UTC, date, datetime
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from b2bua.service.datafiles import MalformedFile
from b2bua.service.plan import Tariff
from b2bua.store.areas import Areas
from b2bua.store.calendars import Calendars
from b2bua.store.errors import Rejected
from b2bua.store.nodes import Nodes
from b2bua.store.trunks import TrunkBoard
from b2bua.web import operating, settlement
from b2bua.web.gate import Operating
from b2bua.web.operatorapi import settled
from b2bua.web.operatorpage import done, fields_of, li, page, part, whole
from b2bua.web.portal import Visit
from b2bua.web.tickets import Upload

router = APIRouter(prefix="/operator")

MOST_CALLS: Final = 100
"""Shown at once; a search finds the others."""
MOST_SHARES: Final = 200
"""Numbers of a settlement that the page shows; a file has all."""
UNITS: Final = (1, 6, 60)


@router.get("")
async def overview(request: Request, visit: Operating) -> Response:
    """What needs a person, and how the nodes do."""
    house = operating.house_of(visit)
    return page(
        request,
        "op_home",
        visit,
        alarms=await operating.alarms(visit),
        nodes=await Nodes(house.database).all(),
        sums=await operating.register_of(visit).sums(),
    )


@router.post("/act")
async def act(request: Request, visit: Operating) -> Response:
    """Look at a number's pages, or stop it."""
    fields = await fields_of(request)
    if fields("what") == "stop":
        await operating.stop_acting(visit)
        number = visit.session.acting_for
        return RedirectResponse(
            f"/operator/numbers/{number}" if number else "/operator", 303
        )
    changes = fields("changes") == "yes"
    await operating.act_for(visit, fields("number"), changes=changes)
    return RedirectResponse("/", 303)


@router.get("/live")
async def live(request: Request, visit: Operating) -> Response:
    """The calls that are up, of all numbers."""
    return page(request, "op_live", visit, **await _live(request, visit))


@router.get("/live/calls")
async def live_calls(request: Request, visit: Operating) -> Response:
    """The same list alone, for a page that goes on showing it."""
    shown = await _live(request, visit)
    return Response(part(request, "op_calls", visit, **shown), media_type="text/html")


@router.post("/live")
async def hang_up(request: Request, visit: Operating) -> Response:
    """End one."""
    await operating.hang_up(visit, (await fields_of(request))("call"))
    return done("/operator/live", "hung_up")


@router.get("/trunks")
async def trunks(request: Request, visit: Operating) -> Response:
    """How the ways to the trunks stand."""
    board = TrunkBoard(operating.house_of(visit).database)
    known = sorted(visit.portal.known.trunks or ())
    return page(request, "op_trunks", visit, trunks=await board.all(), known=known)


@router.get("/tariffs")
async def tariffs(request: Request, visit: Operating) -> Response:
    """Prices and their versions."""
    return await _tariffs(request, visit)


@router.post("/tariffs")
async def publish_tariff(request: Request, visit: Operating) -> Response:
    """A new version."""
    fields = await fields_of(request)
    price, seconds = li(fields("price")), whole(fields("unit_seconds"))
    if price is None or seconds not in UNITS or not 0 <= price <= 10_000_000:
        return await _tariffs(request, visit, wrong="op_price_wrong")
    tariff = Tariff(name=fields("name").strip(), unit_seconds=seconds, unit_price=price)
    try:
        await operating.publish_tariff(visit, tariff)
    except Rejected as error:
        return await _tariffs(request, visit, wrong=str(error))
    return done("/operator/tariffs", "tariff")


@router.get("/data")
async def data(request: Request, visit: Operating) -> Response:
    """The area table and the calendar."""
    return await _data(request, visit)


@router.post("/data")
async def change_data(request: Request, visit: Operating) -> Response:
    """Look at a file, import what was looked at, or go back."""
    fields = await fields_of(request)
    try:
        match fields("what"):
            case "withdraw":
                await operating.withdraw_areas(visit)
                return done("/operator/data", "withdrawn")
            case "import":
                return await _import(visit, fields("kept"))
            case "areas" | "calendar" as what:
                return await _look(request, visit, what, fields("dated"))
            case _:
                raise HTTPException(404, "there is nothing of the kind")
    except (MalformedFile, Rejected) as error:
        return await _data(request, visit, wrong=str(error))
    finally:
        await (await request.form()).close()


@router.get("/settlement")
async def settlement_page(request: Request, visit: Operating) -> Response:
    """What a month came to, both shares."""
    asked = request.query_params.get("month", "")[:10]
    form = request.query_params.get("format", "")
    if form in settlement.FORMS:
        return await settled(visit, asked, form)
    year, month = settlement.month_of(asked)
    search = request.query_params.get("search", "").strip()[:64]
    every = await operating.house_of(visit).settlement(year, month)
    shares = [one for one in every if search in one.number or search in one.name]
    return page(
        request,
        "op_settlement",
        visit,
        month=f"{year}-{month:02}",
        shares=sorted(shares, key=lambda one: -one.fee)[:MOST_SHARES],
        found=len(shares),
        search=search,
        most=MOST_SHARES,
        sums={
            name: sum(getattr(one, name) for one in shares)
            for name in ("calls", "answered", "talk_ms", "charged_ms", "fee", "caller_fee")
        },
    )


async def _live(request: Request, visit: Visit) -> dict[str, Any]:
    search = request.query_params.get("search", "").strip()[:32].replace("\0", "")
    found = await operating.house_of(visit).up(search, MOST_CALLS)
    return {
        "live": found.calls,
        "total": found.total,
        "most": MOST_CALLS,
        "search": search,
        "now": datetime.now(UTC),
    }


async def _tariffs(request: Request, visit: Visit, *, wrong: str = "") -> Response:
    house = operating.house_of(visit)
    return page(
        request,
        "op_tariffs",
        visit,
        422 if wrong else 200,
        tariffs=await house.tariffs(),
        used=await house.users_of_tariffs(),
        units=UNITS,
        wrong=wrong,
    )


async def _data(
    request: Request,
    visit: Visit,
    *,
    wrong: str = "",
    kept: str = "",
    told: operating.Difference | None = None,
) -> Response:
    database = operating.house_of(visit).database
    return page(
        request,
        "op_data",
        visit,
        422 if wrong else 200,
        areas=await Areas(database).current(),
        table=visit.portal.table,
        years=(await Calendars(database).years())[::-1][:5],
        wrong=wrong,
        kept=kept,
        file=visit.portal.uploads.known(kept),
        told=told,
    )


async def _look(request: Request, visit: Visit, what: str, dated: str) -> Response:
    """What an uploaded file would change. Raises MalformedFile, Rejected."""
    upload = (await request.form()).get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise Rejected("a file is needed")
    content = await upload.read()
    try:
        day = date.fromisoformat(dated) if dated else None
    except ValueError as error:
        raise Rejected("this is no date") from error
    if what == "areas":
        _, told = await operating.areas_difference(visit, content, day)
    else:
        _, told = await operating.calendar_difference(visit, content)
    kept = visit.portal.uploads.keep(
        Upload(what=what, name=upload.filename, content=content, dated=day)
    )
    return await _data(request, visit, kept=kept, told=told)


async def _import(visit: Visit, kept: str) -> Response:
    file = visit.portal.uploads.take(kept)
    if file is None:
        raise Rejected("the file is not here any more: upload it again")
    if file.what == "areas":
        await operating.import_areas(visit, file.name, file.content, file.dated)
    else:
        await operating.import_calendar(visit, file.name, file.content)
    return done("/operator/data", "imported")
