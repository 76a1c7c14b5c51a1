"""The operator's pages of numbers: the register, opening one, one's terms, many at once."""

from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from b2bua.service.planfile import Finding
from b2bua.store.errors import PlanMoved, Rejected
from b2bua.store.register import LONGEST_SEARCH, PAGE, Order, Wanted
from b2bua.web import operating
from b2bua.web.gate import Operating
from b2bua.web.operatorpage import done, fields_of, li, page, whole
from b2bua.web.portal import Visit

router = APIRouter(prefix="/operator")

MOST_PAGES: Final = 100_000
IN_SERVICE: Final = {"active": True, "suspended": False}
MANY: Final = ("suspend", "resume", "tariff")
"""What is done to many numbers at once."""


@router.get("/numbers")
async def numbers(request: Request, visit: Operating) -> Response:
    """The register."""
    return await _numbers(request, visit)


@router.post("/numbers/many")
async def change_many(request: Request, visit: Operating) -> Response:
    """Suspend, resume or price those that are ticked."""
    form = await request.form()
    what, tariff = str(form.get("what", "")), str(form.get("tariff", ""))[:64]
    ticked = [str(one)[:32] for one in form.getlist("number")][:PAGE]
    if what not in MANY or (what == "tariff" and not tariff):
        raise HTTPException(404, "there is nothing of the kind")
    change = operating.Change(
        active=None if what == "tariff" else what == "resume",
        tariff=tariff if what == "tariff" else None,
    )
    findings = await operating.change_many(visit, ticked, change)
    if findings:
        return await _numbers(request, visit, findings=findings)
    return RedirectResponse(f"/operator/numbers?{request.url.query}&said=changed", 303)


@router.get("/numbers/open")
async def ask(request: Request, visit: Operating) -> Response:
    """What a new number is to be."""
    return await _opening(request, visit)


@router.post("/numbers")
async def open_number(request: Request, visit: Operating) -> Response:
    """Open one from a template."""
    fields = await fields_of(request)
    wanted = operating.NewNumber(
        number=fields("number"),
        name=fields("name").strip(),
        template=fields("like").strip() or fields("template"),
        destination=fields("destination").strip(),
        trunk=fields("trunk"),
        tariff=fields("tariff"),
        password=fields("password"),
    )
    try:
        made = await operating.open_number(visit, wanted)
    except Rejected as error:
        return await _opening(request, visit, wrong=str(error), asked=wanted)
    if isinstance(made, list):
        return await _opening(request, visit, findings=made, asked=wanted)
    return done(f"/operator/numbers/{made.number}", "opened")


@router.get("/numbers/{number}")
async def number(request: Request, visit: Operating, number: str) -> Response:
    """One number's terms."""
    return await _number(request, visit, number)


@router.post("/numbers/{number}")
async def change_number(request: Request, visit: Operating, number: str) -> Response:
    """Other terms, or another password of its owner."""
    fields = await fields_of(request)
    try:
        if fields("what") == "password":
            await operating.set_password(visit, number, fields("password"))
            return done(f"/operator/numbers/{number}", "password")
        plan = (await operating.held_plan(operating.house_of(visit), number)).plan
        terms = operating.Terms(
            active=fields("active") == "yes",
            tariff=fields("tariff") or plan.tariff,
            calls_per_month=whole(fields("calls_per_month")),
            calls_per_week=whole(fields("calls_per_week")),
            spend_per_month=li(fields("spend_per_month")),
        )
        findings = await operating.change_terms(visit, number, terms)
    except (Rejected, PlanMoved) as error:
        return await _number(request, visit, number, wrong=str(error))
    if findings:
        return await _number(request, visit, number, findings=findings)
    return done(f"/operator/numbers/{number}", "changed")


def wanted_of(request: Request) -> Wanted:
    """Which numbers an address asks for; nonsense asks for nothing in particular."""
    query = request.query_params
    turned = query.get("page", "")
    place = int(turned) if turned.isascii() and turned.isdecimal() and turned[:7] else 1
    order = query.get("order", "")
    return Wanted(
        search=query.get("search", "").strip()[:LONGEST_SEARCH].replace("\0", ""),
        active=IN_SERVICE.get(query.get("service", "")),
        tariff=query.get("tariff", "")[:64].replace("\0", ""),
        order=Order(order) if order in {one.value for one in Order} else Order.NUMBER,
        page=min(max(place, 1), MOST_PAGES),
    )


async def _numbers(
    request: Request,
    visit: Visit,
    *,
    findings: list[Finding] | None = None,
) -> Response:
    house = operating.house_of(visit)
    wanted = wanted_of(request)
    listed = await operating.register_of(visit).listed(wanted)
    service = {True: "active", False: "suspended", None: ""}[wanted.active]
    asked: dict[str, Any] = {
        "search": wanted.search,
        "service": service,
        "tariff": wanted.tariff,
        "order": "" if wanted.order is Order.NUMBER else wanted.order.value,
    }
    return page(
        request,
        "op_numbers",
        visit,
        422 if findings else 200,
        numbers=listed.numbers,
        total=listed.total,
        turned=wanted.page,
        pages=-(-listed.total // wanted.limit),
        asked=asked,
        orders=[one.value for one in Order],
        tariffs=sorted({tariff.name for tariff in await house.tariffs()}),
        findings=findings or (),
    )


async def _opening(
    request: Request,
    visit: Visit,
    *,
    wrong: str = "",
    findings: list[Finding] | None = None,
    asked: operating.NewNumber | None = None,
) -> Response:
    house = operating.house_of(visit)
    template = "" if asked is None else asked.template
    like = request.query_params.get("like", "")[:32]
    return page(
        request,
        "op_open",
        visit,
        422 if wrong or findings else 200,
        place="op_numbers",
        templates=[*operating.TEMPLATES],
        like=like if asked is None or template in operating.TEMPLATES else template,
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
    row = await operating.register_of(visit).row(plan.number)
    if row is None:
        raise HTTPException(404, "there is no such number")
    return page(
        request,
        "op_number",
        visit,
        422 if wrong or findings else 200,
        place="op_numbers",
        plan=plan,
        row=row,
        caps=await operating.caps(visit, plan),
        live=await house.live(number=plan.number),
        tariffs=sorted({tariff.name for tariff in await house.tariffs()} | {plan.tariff}),
        wrong=wrong,
        findings=findings or (),
    )
