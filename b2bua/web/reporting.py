"""Call analysis in the portal: the figures of ``b2bua report``, of one's own number."""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Response

from b2bua.report.commas import commas
from b2bua.report.figures import Figures, Subject
from b2bua.report.mapping import mapping
from b2bua.report.month import Month, Period
from b2bua.report.page import page
from b2bua.report.style import STYLE
from b2bua.report.tables import manner_of
from b2bua.report.wording import Language
from b2bua.report.workbook import workbook
from b2bua.store.tenant import Tenant
from b2bua.web.analyst import Count
from b2bua.web.planning import zone_of
from b2bua.web.portal import Visit

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
"""The report is one page with its style inside."""


def month_of(at: datetime, zone: ZoneInfo) -> Month:
    """The month of a moment on those clocks."""
    local = at.astimezone(zone)
    return Month(local.year, local.month)


async def begin(visit: Visit, period: Period) -> Count:
    """A period's count, begun if it is not under way."""
    subject = await subject_of(
        visit.tenant, period, visit.portal.province_of, datetime.now(UTC)
    )
    return visit.portal.analyst.count(visit.portal.database, subject)


async def subject_of(
    tenant: Tenant, period: Period, province_of: Callable[[str], str], at: datetime
) -> Subject:
    """What is to be counted, as seen at a moment."""
    current = await tenant.plan()
    return Subject(
        number=tenant.number,
        period=period,
        at=at,
        plan=None if current is None else current.plan,
        plans=await tenant.plans_by_version(),
        zone=zone_of(current),
        province_of=province_of,
    )


async def figures(visit: Visit, period: Period) -> Figures:
    """What a period came to."""
    count = await begin(visit, period)
    return await asyncio.shield(count.task)


def rendered(visit: Visit, found: Figures, form: str, language: Language) -> Response:
    """The figures in a format; what leaves the portal as a file is logged."""
    manner = manner_of(found, language, full=visit.session.reveal)
    if form != "json":
        number = visit.tenant.number
        visit.portal.log.info("report exported", number=number, month=str(found.period))
    name = f"{visit.tenant.number}-{found.period}.{form}"
    attached = {"Content-Disposition": f'attachment; filename="{name}"'}
    match form:
        case "csv":
            return Response(commas(found, manner), media_type="text/csv", headers=attached)
        case "xlsx":
            return Response(workbook(found, manner), media_type=XLSX, headers=attached)
        case "html":
            return Response(
                page(found, manner).encode("utf-8", "replace"),
                media_type="text/html",
                headers={"Content-Security-Policy": POLICY},
            )
        case _:
            return Response(
                msgspec.json.encode(mapping(found, manner)), media_type="application/json"
            )
