"""The JSON API of scheduled reports."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from b2bua.report.timetable import Fault, Rhythm, Subscription
from b2bua.report.wording import Language
from b2bua.web import planning, subscriptions
from b2bua.web.gate import SignedIn
from b2bua.web.reporting import XLSX

router = APIRouter(prefix="/api/reports", tags=["reports"])

Identity = Annotated[int, Path(ge=1, le=2**53)]


class Wish(BaseModel):
    """What is sent, when and to whom."""

    model_config = ConfigDict(extra="forbid")

    rhythm: Literal["week", "month"]
    hour: int = Field(default=8, ge=0, le=23)
    """Of the first day after it, on the number's clocks."""
    language: Literal["zh", "en"] = "zh"
    mail: list[Annotated[str, Field(max_length=254)]] = Field(default=[], max_length=50)
    webhook: str = Field(default="", max_length=1024)
    secret: str = Field(default="", max_length=128)
    """Signs what the webhook gets; empty: one is drawn, or stays."""
    whole: bool = False
    """With callers' whole numbers."""
    active: bool = True

    def asked(self) -> Subscription:
        """As it is kept."""
        return Subscription(
            rhythm=Rhythm(self.rhythm),
            hour=self.hour,
            language=Language(self.language),
            mail=tuple(self.mail),
            webhook=self.webhook,
            whole=self.whole,
            active=self.active,
        )


@router.get("")
async def scheduled(visit: SignedIn) -> Response:
    """What is sent by itself, and what became of the last ones, newest first."""
    zone = planning.zone_of(await visit.tenant.plan())
    own = subscriptions.reports(visit)
    whole = not visit.tenant.veiled
    return _json(
        {
            "mail_server": visit.portal.mail,
            "subscriptions": [
                subscriptions.subscription(one, zone, whole=whole)
                for one in await own.all()
            ],
            "reports": [subscriptions.run(one) for one in await own.runs()],
        }
    )


@router.post("", status_code=201)
async def add(visit: SignedIn, wish: Wish) -> Response:
    """Send a report from now on; a secret that was drawn is told this once."""
    done = await subscriptions.add(visit, wish.asked(), wish.secret)
    return _done(done, 201)


@router.put("/{subscription}")
async def change(visit: SignedIn, subscription: Identity, wish: Wish) -> Response:
    """Send another one instead."""
    done = await subscriptions.change(visit, subscription, wish.asked(), wish.secret)
    if done == [Fault("", "gone")]:
        raise HTTPException(404, "there is no such scheduled report")
    return _done(done, 200)


@router.delete("/{subscription}")
async def remove(visit: SignedIn, subscription: Identity) -> Response:
    """Send it no more."""
    if not await subscriptions.remove(visit, subscription):
        raise HTTPException(404, "there is no such scheduled report")
    return _json({"removed": subscription})


@router.post("/{subscription}/send")
async def send(visit: SignedIn, subscription: Identity) -> Response:
    """Send the report of the last whole week or month now."""
    zone = planning.zone_of(await visit.tenant.plan())
    sent = await subscriptions.send(visit, subscription, zone)
    if not isinstance(sent, Fault):
        return _json({"report": sent})
    if sent.key == "gone":
        raise HTTPException(404, "there is no such scheduled report")
    return _json({"findings": [_finding(sent)]}, 429 if sent.key == "too_often" else 422)


@router.get("/{report}/{what}")
async def content(
    visit: SignedIn, report: str, what: Literal["letter", "page", "xlsx"]
) -> Response:
    """What was sent: the letter and the whole report in HTML, or its tables."""
    found = await subscriptions.content(visit, report)
    if found is None:
        raise HTTPException(404, "there is no such report")
    if what == "xlsx":
        return Response(found.sheet, media_type=XLSX)
    text = found.letter if what == "letter" else found.page
    sandbox = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(text, media_type="text/html", headers=sandbox)


def _done(done: tuple[int, str] | list[Fault], status: int) -> Response:
    if isinstance(done, list):
        return _json({"findings": [_finding(one) for one in done]}, 422)
    made, drawn = done
    return _json({"id": made, **({"secret": drawn} if drawn else {})}, status)


def _finding(fault: Fault) -> dict[str, str]:
    return {"field": fault.field, "message": fault.said(Language.EN)}


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
