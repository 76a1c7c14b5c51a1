"""The operator's pages: numbers, calls, trunks, prices, tables, settlement, alarms."""

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from b2bua.service.datafiles import MalformedFile
from b2bua.service.plan import Tariff
from b2bua.service.planfile import Finding
from b2bua.store.areas import Areas
from b2bua.store.calendars import Calendars
from b2bua.store.errors import PlanMoved, Rejected
from b2bua.store.house import ZONE
from b2bua.store.nodes import Nodes
from b2bua.store.trunks import TrunkBoard
from b2bua.web import operating, settlement
from b2bua.web.gate import Operating
from b2bua.web.navigation import OPERATOR
from b2bua.web.operatorapi import settled
from b2bua.web.portal import Visit
from b2bua.web.tickets import Upload
from b2bua.web.views import local, page

router = APIRouter(prefix="/operator")

SAID: Final = (
    "opened",
    "changed",
    "password",
    "hung_up",
    "tariff",
    "imported",
    "withdrawn",
)
UNITS: Final = (1, 6, 60)


@router.get("")
async def overview(request: Request, visit: Operating) -> Response:
    """What needs a person, and how the nodes do."""
    house = operating.house_of(visit)
    numbers = await house.numbers()
    return _page(
        request,
        "op_home",
        visit,
        alarms=await operating.alarms(visit),
        nodes=await Nodes(house.database).all(),
        numbers=len(numbers),
        suspended=sum(not one.active for one in numbers),
        live=sum(one.live for one in numbers),
        calls=sum(one.calls for one in numbers),
        spend=sum(one.spend for one in numbers),
    )


@router.get("/numbers")
async def numbers(request: Request, visit: Operating) -> Response:
    """Every number."""
    return await _numbers(request, visit)


@router.post("/numbers")
async def open_number(request: Request, visit: Operating) -> Response:
    """Open one from a template."""
    fields = await _fields(request)
    wanted = operating.NewNumber(
        number=fields("number"),
        name=fields("name").strip(),
        template=fields("template"),
        destination=fields("destination").strip(),
        trunk=fields("trunk"),
        tariff=fields("tariff"),
        password=fields("password"),
    )
    try:
        done = await operating.open_number(visit, wanted)
    except Rejected as error:
        return await _numbers(request, visit, wrong=str(error), asked=wanted)
    if isinstance(done, list):
        return await _numbers(request, visit, findings=done, asked=wanted)
    return _done(f"/operator/numbers/{done.number}", "opened")


@router.get("/numbers/{number}")
async def number(request: Request, visit: Operating, number: str) -> Response:
    """One number's terms."""
    return await _number(request, visit, number)


@router.post("/numbers/{number}")
async def change_number(request: Request, visit: Operating, number: str) -> Response:
    """Other terms, or another password of its owner."""
    fields = await _fields(request)
    try:
        if fields("what") == "password":
            await operating.set_password(visit, number, fields("password"))
            return _done(f"/operator/numbers/{number}", "password")
        plan = (await operating.held_plan(operating.house_of(visit), number)).plan
        terms = operating.Terms(
            active=fields("active") == "yes",
            tariff=fields("tariff") or plan.tariff,
            calls_per_month=_whole(fields("calls_per_month")),
            calls_per_week=_whole(fields("calls_per_week")),
            spend_per_month=_li(fields("spend_per_month")),
        )
        findings = await operating.change_terms(visit, number, terms)
    except (Rejected, PlanMoved) as error:
        return await _number(request, visit, number, wrong=str(error))
    if findings:
        return await _number(request, visit, number, findings=findings)
    return _done(f"/operator/numbers/{number}", "changed")


@router.post("/act")
async def act(request: Request, visit: Operating) -> Response:
    """Look at a number's pages, or stop it."""
    fields = await _fields(request)
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
    return _page(request, "op_live", visit, live=await operating.house_of(visit).live())


@router.post("/live")
async def hang_up(request: Request, visit: Operating) -> Response:
    """End one."""
    await operating.hang_up(visit, (await _fields(request))("call"))
    return _done("/operator/live", "hung_up")


@router.get("/trunks")
async def trunks(request: Request, visit: Operating) -> Response:
    """How the ways to the trunks stand."""
    board = TrunkBoard(operating.house_of(visit).database)
    known = sorted(visit.portal.known.trunks or ())
    return _page(request, "op_trunks", visit, trunks=await board.all(), known=known)


@router.get("/tariffs")
async def tariffs(request: Request, visit: Operating) -> Response:
    """Prices and their versions."""
    return await _tariffs(request, visit)


@router.post("/tariffs")
async def publish_tariff(request: Request, visit: Operating) -> Response:
    """A new version."""
    fields = await _fields(request)
    price, seconds = _li(fields("price")), _whole(fields("unit_seconds"))
    if price is None or seconds not in UNITS or not 0 <= price <= 10_000_000:
        return await _tariffs(request, visit, wrong="op_price_wrong")
    tariff = Tariff(name=fields("name").strip(), unit_seconds=seconds, unit_price=price)
    try:
        await operating.publish_tariff(visit, tariff)
    except Rejected as error:
        return await _tariffs(request, visit, wrong=str(error))
    return _done("/operator/tariffs", "tariff")


@router.get("/data")
async def data(request: Request, visit: Operating) -> Response:
    """The area table and the calendar."""
    return await _data(request, visit)


@router.post("/data")
async def change_data(request: Request, visit: Operating) -> Response:
    """Look at a file, import what was looked at, or go back."""
    fields = await _fields(request)
    try:
        match fields("what"):
            case "withdraw":
                await operating.withdraw_areas(visit)
                return _done("/operator/data", "withdrawn")
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
    shares = await operating.house_of(visit).settlement(year, month)
    return _page(
        request,
        "op_settlement",
        visit,
        month=f"{year}-{month:02}",
        shares=shares,
        fee=sum(one.fee for one in shares),
        caller_fee=sum(one.caller_fee for one in shares),
        calls=sum(one.calls for one in shares),
    )


async def _numbers(
    request: Request,
    visit: Visit,
    *,
    wrong: str = "",
    findings: list[Finding] | None = None,
    asked: operating.NewNumber | None = None,
) -> Response:
    house = operating.house_of(visit)
    found = await house.numbers()
    wanted = request.query_params.get("search", "").strip()[:32]
    return _page(
        request,
        "op_numbers",
        visit,
        422 if wrong or findings else 200,
        numbers=[one for one in found if wanted in one.number or wanted in one.name],
        every=[one.number for one in found],
        search=wanted,
        templates=[*operating.TEMPLATES],
        tariffs=sorted({tariff.name for tariff in await house.tariffs()}),
        trunks=sorted(visit.portal.known.trunks or ()),
        wrong=wrong,
        findings=findings or (),
        asked=asked,
    )


async def _number(
    request: Request,
    visit: Visit,
    number: str,
    *,
    wrong: str = "",
    findings: list[Finding] | None = None,
) -> Response:
    house = operating.house_of(visit)
    plan = (await operating.held_plan(house, number)).plan
    row = next(one for one in await house.numbers() if one.number == plan.number)
    return _page(
        request,
        "op_number",
        visit,
        422 if wrong or findings else 200,
        place="op_numbers",
        plan=plan,
        row=row,
        tariffs=sorted({tariff.name for tariff in await house.tariffs()} | {plan.tariff}),
        wrong=wrong,
        findings=findings or (),
    )


async def _tariffs(request: Request, visit: Visit, *, wrong: str = "") -> Response:
    house = operating.house_of(visit)
    return _page(
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
    return _page(
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
    return _done("/operator/data", "imported")


def _page(
    request: Request, name: str, visit: Visit, status: int = 200, **more: Any
) -> Response:
    zone = ZoneInfo(ZONE)
    said = request.query_params.get("said", "")
    common = {
        "stamp": lambda at: local(at, zone),
        "said": f"op_said_{said}" if said in SAID else "",
        "place": name,
        "wrong": "",
    }
    return page(request, name, visit, status, navigation=OPERATOR, **(common | more))


async def _fields(request: Request) -> Any:
    form = await request.form()
    return lambda name: str(form.get(name, ""))[:1024]


def _done(path: str, said: str) -> Response:
    return RedirectResponse(f"{path}?said={said}", 303)


def _whole(text: str) -> int | None:
    """A whole number; None for an empty field. Raises Rejected."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Rejected("a whole number is needed")
    return int(text)


def _li(text: str) -> int | None:
    """Yuan as 厘; None for an empty field. Raises Rejected."""
    text = text.strip()
    if not text:
        return None
    whole, _, part = text.partition(".")
    digits = (whole or "0") + part
    if not (digits.isascii() and digits.isdecimal() and len(whole) < 8 and len(part) < 4):
        raise Rejected("an amount in yuan is needed, with three decimals at most")
    return int(digits + "0" * (3 - len(part)))
