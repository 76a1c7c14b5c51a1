"""What enterprises are told of their calls: events as values with the bytes that are sent.

An event's id is made of the call and the kind of event, so that however often a message is
sent, and by whichever node, its receiver can tell that it is the same one.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from b2bua.service.limits import Cap, CapState
from b2bua.service.record import CallRecord, Outcome
from b2bua.service.tariff import yuan
from b2bua.service.webhook import WebhookEvent

VERSION: Final = "v1"
"""Of the signature's scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """One thing that happened to a number."""

    id: str
    number: str
    kind: WebhookEvent
    body: str
    """JSON, as it is sent and signed."""


def events_of(record: CallRecord) -> tuple[CallEvent, ...]:
    """What the record of an ended call tells, in the order in which it happened."""
    events = []
    answered_at = record.destination_answered_at
    if record.outcome is Outcome.ANSWERED and answered_at is not None:
        events.append(
            answered(
                call=record.id,
                number=record.number,
                caller="" if record.caller_private else record.caller,
                area=record.area,
                invite_at=record.invite_at,
                answered_at=answered_at,
                destination=record.destination,
            )
        )
    kinds = {
        WebhookEvent.VOICEMAIL: bool(record.voicemail),
        WebhookEvent.MISSED: missed(record.outcome),
        WebhookEvent.ENDED: True,
    }
    told = call_told(record)
    for kind in (kind for kind, happened in kinds.items() if happened):
        events.append(_event(kind, record.id, record.number, record.ended_at, told))
    return tuple(events)


def answered(  # noqa: PLR0913 (what is told)
    *,
    call: str,
    number: str,
    caller: str,
    area: str,
    invite_at: datetime,
    answered_at: datetime,
    destination: str,
) -> CallEvent:
    """A destination talks to the caller; the same event whoever tells it, and when."""
    told: dict[str, object] = {
        "id": call,
        "number": number,
        "caller": caller,
        "area": area,
        "invite_at": invite_at.isoformat(),
        "destination_answered_at": answered_at.isoformat(),
        "destination": destination,
    }
    return _event(WebhookEvent.ANSWERED, call, number, answered_at, told)


def cap_reached(
    number: str, state: CapState, percent: int, starts: date, at: datetime
) -> CallEvent:
    """So much of a cap is used; ``starts`` is the first day of its period."""
    money = state.cap is Cap.SPEND_PER_MONTH
    told: dict[str, object] = {
        "cap": state.cap.value,
        "percent": percent,
        "used": yuan(state.used) if money else state.used,
        "limit": yuan(state.limit) if money else state.limit,
        "period_starts": str(starts),
    }
    place = f"{number}:{state.cap.value}:{starts}:{state.limit}:{percent}"
    return _event(WebhookEvent.CAP, place, number, at, told, about="cap")


def missed(outcome: Outcome) -> bool:
    """Whether the caller was let in and yet reached nobody."""
    match outcome:
        case Outcome.ABANDONED | Outcome.BUSY | Outcome.NO_ANSWER | Outcome.FAILED:
            return True
        case Outcome.ANSWERED | Outcome.REFUSED:
            return False


def call_told(record: CallRecord) -> dict[str, object]:
    """One record in the form in which scripts and receivers read it; money in yuan."""
    return {
        "id": record.id,
        "number": record.number,
        "caller": "" if record.caller_private else record.caller,
        "area": record.area,
        "invite_at": record.invite_at.isoformat(),
        "answered_at": _stamp(record.answered_at),
        "destination_answered_at": _stamp(record.destination_answered_at),
        "ended_at": record.ended_at.isoformat(),
        "outcome": record.outcome.value,
        "destination": record.destination,
        "route": record.route,
        "talk_ms": record.talk_ms,
        "charged_ms": record.charged_ms,
        "fee": yuan(record.fee),
        "caller_fee": yuan(record.caller_fee),
        "end_reason": record.end_reason,
        "voicemail_ms": record.voicemail_ms,
        "attempts": [
            {
                "destination": attempt.destination,
                "outcome": attempt.outcome,
                "status": attempt.status,
                "q850": attempt.q850,
                "ring_ms": attempt.ring_ms,
            }
            for attempt in record.attempts
        ],
    }


def signature(secret: str, sent_at: int, body: bytes) -> str:
    """The value of ``X-B2bua-Signature``; ``sent_at`` is in seconds since 1970 (UTC)."""
    signed = f"{sent_at}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={sent_at},{VERSION}={digest}"


def _event(  # noqa: PLR0913, PLR0917 (its parts)
    kind: WebhookEvent,
    place: str,
    number: str,
    at: datetime,
    told: dict[str, object],
    about: str = "call",
) -> CallEvent:
    event_id = f"{place}:{kind.value}"
    body = {
        "id": event_id,
        "event": kind.value,
        "number": number,
        "at": at.isoformat(),
        about: told,
    }
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return CallEvent(id=event_id, number=number, kind=kind, body=text)


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
