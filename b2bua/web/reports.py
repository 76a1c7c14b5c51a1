"""Reports by mail and webhook: who gets which, and what became of the last ones."""

from datetime import UTC, datetime
from typing import Final, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from b2bua.report.timetable import (
    MOST_ADDRESSES,
    MOST_SUBSCRIPTIONS,
    Fault,
    Rhythm,
    Subscription,
)
from b2bua.report.wording import Language
from b2bua.store.reports import Run
from b2bua.store.tenant import Current
from b2bua.web import planning, subscriptions
from b2bua.web.forms import Fields, fields_of
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import notice, to
from b2bua.web.portal import Visit
from b2bua.web.reporting import XLSX
from b2bua.web.views import language_of, local, page

router = APIRouter(prefix="/reports")

NEW: Final = "new"
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; sandbox"
)
"""It was made by us, perhaps by an older version; nothing in it may do anything."""


@router.get("")
async def reports(request: Request, visit: SignedIn) -> Response:
    """What is sent, and what was."""
    return await _reports(request, visit)


@router.post("")
async def change(request: Request, visit: SignedIn) -> Response:
    """Add one, change or remove one, or send one now."""
    fields = await fields_of(request)
    which = fields.text("id")
    subscription = int(which) if which.isdecimal() and len(which) < 16 else 0
    match fields.text("what"):
        case "remove":
            await subscriptions.remove(visit, subscription)
            return to("/reports", "removed")
        case "send":
            zone = planning.zone_of(await visit.tenant.plan())
            sent = await subscriptions.send(visit, subscription, zone)
            if isinstance(sent, Fault):
                return await _reports(request, visit, [sent], which)
            return to("/reports", "report_sent")
        case "save":
            asked = _asked(fields)
            secret = fields.text("secret")
            if which == NEW:
                done = await subscriptions.add(visit, asked, secret)
            else:
                done = await subscriptions.change(visit, subscription, asked, secret)
            if isinstance(done, list):
                return await _reports(request, visit, done, which, fields)
            _, drawn = done
            if drawn:
                return await _reports(request, visit, drawn=drawn)
            return to("/reports", "report_kept")
        case _:
            raise HTTPException(404, "there is no such change")


@router.get("/{run}/{what}")
async def sent(
    visit: SignedIn, run: str, what: Literal["letter", "page", "xlsx"]
) -> Response:
    """What was sent: the letter, the whole report, or its tables."""
    found = await subscriptions.content(visit, run)
    if found is None:
        raise HTTPException(404, "there is no such report")
    match what:
        case "letter" | "page":
            text = found.letter if what == "letter" else found.page
            return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})
        case "xlsx":
            name = f"{visit.tenant.number}-{found.period}.xlsx"
            attached = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(found.sheet, media_type=XLSX, headers=attached)


def _asked(fields: Fields) -> Subscription:
    hour = fields.text("hour")
    return Subscription(
        rhythm=subscriptions.rhythms().get(fields.text("rhythm"), Rhythm.MONTH),
        hour=int(hour) if hour.isdecimal() and len(hour) < 3 else -1,
        language=Language.EN if fields.text("language") == "en" else Language.ZH,
        mail=tuple(fields.listed("mail")),
        webhook=fields.text("webhook"),
        whole=fields.has("whole"),
        active=fields.has("active"),
    )


def _waits(run: Run) -> bool:
    """Whether something of it is still to come."""
    return "pending" in (run.state, *(one.state for one in run.sent))


def _spoken(current: Current | None) -> Language:
    return Language.ZH if current is None else Language(current.plan.language)


async def _reports(  # noqa: PLR0913, PLR0917  # what it shows
    request: Request,
    visit: Visit,
    wrong: list[Fault] | None = None,
    which: str = "",
    fields: Fields | None = None,
    drawn: str = "",
) -> Response:
    current = await visit.tenant.plan()
    zone = planning.zone_of(current)
    kept = await subscriptions.reports(visit).all()
    runs = await subscriptions.reports(visit).runs()
    now = datetime.now(UTC)
    language = Language(language_of(request))
    return page(
        request,
        "reports",
        visit,
        status=422 if wrong else 200,
        kept=kept,
        runs=runs,
        entered=None if fields is None else _asked(fields),
        which=which,
        wrong=[(one.field, one.said(language)) for one in wrong or ()],
        drawn=drawn,
        mail_served=visit.portal.mail,
        full=len(kept) >= MOST_SUBSCRIPTIONS,
        most_addresses=MOST_ADDRESSES,
        blank=Subscription(rhythm=Rhythm.MONTH, language=_spoken(current)),
        next_at=lambda one: subscriptions.next_at(one, zone, now),
        address=subscriptions.address,
        zone=zone.key,
        stamp=lambda at: local(at, zone),
        short=lambda at: local(at, zone)[:16],
        waiting=any(map(_waits, runs)),
        notice=notice(request, 0),
    )
