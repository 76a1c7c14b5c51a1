"""Settings of a number: what callers hear and key, caps, recording, webhooks."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from b2bua.service.plan import Plan
from b2bua.service.planwriting import plain
from b2bua.service.webhook import WebhookEvent
from b2bua.store.audit import Act
from b2bua.store.outbox import Outbox, Posted
from b2bua.web import planning
from b2bua.web.forms import Fields, Plain, below, fields_of, put, when_of
from b2bua.web.gate import SignedIn
from b2bua.web.outcome import (
    Done,
    findings_of,
    moved_on,
    notice,
    published,
    status_of,
    to,
)
from b2bua.web.portal import Visit
from b2bua.web.views import local, page

router = APIRouter()

DELIVERIES: Final = 15
KEPT_SECRET: Final = "****"
"""Stands in a form for a secret that is not to be changed."""
CAPS: Final = ("calls_per_month", "calls_per_week", "spend_per_month", "count")


@router.get("/settings")
async def settings(request: Request, visit: SignedIn) -> Response:
    """Everything that is neither who answers nor which way."""
    return await _settings(request, visit)


@router.post("/settings")
async def change_settings(request: Request, visit: SignedIn) -> Response:
    """Publish one card of the page."""
    current = await planning.current_plan(visit)
    fields = await fields_of(request)
    value = plain(current.plan)
    what = fields.text("what")
    change = CARDS.get(what)
    if change is None:
        raise HTTPException(404, "there is no such card")
    change(value, fields)
    done = await published(visit, current, value, fields)
    back = moved_on(done, "/settings")
    return back or await _settings(request, visit, done, fields)


@router.post("/settings/webhook-test")
async def test_webhook(request: Request, visit: SignedIn) -> Response:
    """Send something harmless to one of the plan's webhooks."""
    current = await planning.current_plan(visit)
    fields = await fields_of(request)
    url = fields.text("url")
    await ring(visit, current.plan, url)
    return to("/settings", "tested")


async def ring(visit: Visit, plan: Plan, url: str) -> str:
    """Send something harmless to a webhook of the plan; the id of the message."""
    if all(hook.url != url for hook in plan.webhooks):
        raise HTTPException(404, "the plan has no such webhook")
    visit.portal.log.info("webhook tried", number=visit.tenant.number)
    await visit.note(Act.WEBHOOK_TRIED, url)
    return await Outbox(visit.tenant.database).try_out(visit.tenant.number, url)


def _greet(value: Plain, fields: Fields) -> None:
    put(value, "greeting", fields.text("greeting"))
    greetings: list[object] = []
    for place in range(16):
        prefix = f"greeting:{place}:"
        prompt = fields.text(f"{prefix}prompt")
        if prompt and not fields.has(f"{prefix}remove"):
            when = when_of(fields, prefix)
            greetings.append({"prompt": prompt, **({"when": when} if when else {})})
    put(value, "greetings", greetings)
    value["announcements"] = fields.text("announcements") or "all"
    value["language"] = fields.text("language") or "zh"


def _protect(value: Plain, fields: Fields) -> None:
    if fields.has("no_password"):
        value["password"] = ""
    elif given := fields.text("password"):
        value["password"] = given


def _cap(value: Plain, fields: Fields) -> None:
    put(value, "limits", {key: text for key in CAPS if (text := fields.text(key))})


def _record(value: Plain, fields: Fields) -> None:
    recording = {"notice": fields.has("notice"), "legs": fields.text("legs") or "both"}
    put(value, "recording", recording if fields.has("recording") else None)
    put(value, "survey", fields.has("survey") or None)
    voicemail: Plain = {}
    put(voicemail, "prompt", fields.text("voicemail_prompt"))
    put(voicemail, "seconds", fields.text("voicemail_seconds"))
    put(value, "voicemail", voicemail)
    forwarding = below(value, "forwarding")
    put(forwarding, "voicemail", fields.has("forward_voicemail") or None)
    forwarding["full"] = "busy" if fields.has("full_is_busy") else "refuse"
    put(forwarding, "max_forwards", fields.text("max_forwards"))
    value["forwarding"] = forwarding


def _notify(value: Plain, fields: Fields) -> None:
    hooks = value.get("webhooks")
    before: Mapping[object, object] = {
        one["url"]: one["secret"]
        for one in (hooks if isinstance(hooks, list) else ())
        if isinstance(one, dict)
    }
    made: list[object] = []
    for place in range(8):
        prefix = f"hook:{place}:"
        url = fields.text(f"{prefix}url")
        if not url or fields.has(f"{prefix}remove"):
            continue
        secret: object = fields.text(f"{prefix}secret")
        if secret in ("", KEPT_SECRET):
            secret = before.get(fields.text(f"{prefix}was")) or secrets.token_urlsafe(24)
        entry: Plain = {"url": url, "secret": secret}
        events = fields.all(f"{prefix}events")
        if 0 < len(events) < len(WebhookEvent):
            entry["events"] = events
        made.append(entry)
    put(value, "webhooks", made)


def _name(value: Plain, fields: Fields) -> None:
    value["name"] = fields.text("name")
    calendar: Plain = {}
    put(calendar, "closed", fields.listed("closed"))
    put(calendar, "open", fields.listed("open"))
    put(value, "calendar", calendar)


CARDS: Final = {
    "name": _name,
    "greeting": _greet,
    "password": _protect,
    "caps": _cap,
    "talk": _record,
    "webhooks": _notify,
}
"""The cards of the page, each with what it changes."""


async def deliveries(visit: Visit, limit: int = DELIVERIES) -> list[Posted]:
    """What webhooks were told lately."""
    return await Outbox(visit.tenant.database).posted(visit.tenant.number, limit=limit)


async def _settings(
    request: Request,
    visit: Visit,
    done: Done | None = None,
    fields: Fields | None = None,
) -> Response:
    current = await planning.current_plan(visit)
    plan, zone = current.plan, planning.zone_of(current)
    known = await planning.known(visit, current)
    own = sorted(known.own_prompts)
    return page(
        request,
        "settings",
        visit,
        status=status_of(done),
        plan=plan,
        own=own,
        catalogue=sorted(set(known.prompts or ()) - set(own)),
        usage=await visit.tenant.usage(datetime.now(UTC), plan.timezone),
        events=[one.value for one in WebhookEvent],
        deliveries=await deliveries(visit),
        kept_secret=KEPT_SECRET,
        what="" if fields is None else fields.text("what"),
        entered={} if fields is None else fields.singles(),
        stamp=lambda at: local(at, zone),
        moved=status_of(done) == 409,
        notice=notice(request, plan.version),
        findings=findings_of(done),
    )
