"""A month's figures, charts and advice, beside the month before or another one."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from b2bua.report.advice import advise
from b2bua.report.figures import Figures
from b2bua.report.month import MalformedMonth, Month
from b2bua.report.tables import manner_of
from b2bua.report.wording import Language
from b2bua.web import charting, planning, reporting
from b2bua.web.gate import SignedIn
from b2bua.web.portal import Visit
from b2bua.web.views import language_of, page

router = APIRouter()

PATIENCE: Final = 1.5
"""Seconds that a page waits for a count; after that it says how far it is."""
MONTHS_BACK: Final = 24


@router.get("/analysis")
async def analysis(request: Request, visit: SignedIn) -> Response:
    """Figures, charts and advice, or how far their count is."""
    zone = planning.zone_of(await visit.tenant.plan())
    this = reporting.month_of(datetime.now(UTC), zone)
    month = _month(request, "month") or this
    other = _month(request, "against")
    shown: dict[str, Any] = {
        "month": str(month),
        "against": "" if other is None else str(other),
        "months": _months(this),
    }
    begun = [await reporting.begin(visit, one) for one in (month, other) if one is not None]
    await asyncio.wait([one.task for one in begun], timeout=PATIENCE)
    if not all(one.task.done() for one in begun):
        so_far = sum(one.so_far for one in begun)
        return page(request, "analysis", visit, pending=so_far, figures=None, **shown)
    found = [await one.task for one in begun]
    sections = _sections(visit, found, Language(language_of(request)))
    return page(request, "analysis", visit, pending=None, **sections, **shown)


def _sections(visit: Visit, found: list[Figures], language: Language) -> dict[str, Any]:
    figures, *others = found
    manner = manner_of(figures, language, full=visit.session.reveal)
    tables = charting.tables_by_key(figures, manner)
    if others:
        tables["summary"] = charting.against(figures, others[0], manner)
    return {
        "figures": figures,
        "tables": tables,
        "charted": [key for key in charting.CHARTED if key in tables],
        "tabled": [key for key in charting.TABLED if key in tables],
        "drawings": charting.drawings(figures, manner.words),
        "rows_of": charting.rows_of,
        "advice": [advice.said(language) for advice in advise(figures)],
    }


def _month(request: Request, name: str) -> Month | None:
    try:
        return Month.parse(request.query_params.get(name, ""))
    except MalformedMonth:
        return None


def _months(this: Month) -> list[str]:
    found = [this]
    while len(found) < MONTHS_BACK:
        found.append(found[-1].before)
    return [str(month) for month in found]
