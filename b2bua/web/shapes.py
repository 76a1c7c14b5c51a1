"""Records, live calls and explanations as the API shows them: the words of the contract."""

from dataclasses import replace
from datetime import datetime

import msgspec
from msgspec import structs

from b2bua.service.number import masked
from b2bua.service.plan import Plan
from b2bua.service.planfile import Finding
from b2bua.service.record import CallRecord, Step
from b2bua.service.tariff import yuan
from b2bua.store.live import LiveCall


def shown(number: str, *, private: bool, whole: bool) -> str:
    """A caller's number as a visit may see it; empty for who hides it."""
    if private:
        return ""
    return number if whole else masked(number)


def listed(entry: str, *, whole: bool) -> str:
    """An entry of a list as a visit may see it: a prefix is nobody's number."""
    return entry if whole or entry.endswith("*") else masked(entry)


def unlisted(plan: Plan) -> Plan:
    """A plan with the callers on its lists masked."""
    rule = plan.screening
    return replace(
        plan,
        screening=replace(
            rule,
            blacklist=tuple(listed(entry, whole=False) for entry in rule.blacklist),
            whitelist=tuple(listed(entry, whole=False) for entry in rule.whitelist),
        ),
    )


def concealed(record: CallRecord, *, whole: bool) -> tuple[Step, ...]:
    """The trace as a visit may see it: a rule may quote the caller's whole number."""
    if not record.caller or (whole and not record.caller_private):
        return record.trace
    seen = masked(record.caller)
    return tuple(
        structs.replace(step, why=step.why.replace(record.caller, seen))
        for step in record.trace
    )


def summary(record: CallRecord, *, whole: bool) -> dict[str, object]:
    """One record, as in a list."""
    return {
        "id": record.id,
        "number": record.number,
        "caller": shown(record.caller, private=record.caller_private, whole=whole),
        "area": record.area,
        "invite_at": record.invite_at.isoformat(),
        "answered_at": _moment(record.answered_at),
        "ended_at": record.ended_at.isoformat(),
        "outcome": record.outcome.value,
        "destination": record.destination,
        "talk_ms": record.talk_ms,
        "charged_ms": record.charged_ms,
        "fee": yuan(record.fee),
        "caller_fee": yuan(record.caller_fee),
        "end_reason": record.end_reason,
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


def details(record: CallRecord, *, whole: bool) -> dict[str, object]:
    """One record whole, but for what belongs to the operator alone."""
    return {
        **summary(record, whole=whole),
        "plan_version": record.plan_version,
        "early_media_at": _moment(record.early_media_at),
        "destination_answered_at": _moment(record.destination_answered_at),
        "status": record.status,
        "q850": record.q850,
        "route": record.route,
        "keys": record.keys,
        "setup_ms": record.setup_ms,
        "charge_basis": record.charge_basis.value,
        "tariff": record.tariff,
        "arithmetic": record.arithmetic,
        "trace": msgspec.to_builtins(concealed(record, whole=whole)),
        "ladder": msgspec.to_builtins(record.ladder),
        "quality": msgspec.to_builtins(record.quality),
    }


def live_call(call: LiveCall, *, whole: bool) -> dict[str, object]:
    """One call that is up."""
    return {
        "id": call.id,
        "number": call.number,
        "caller": shown(call.caller, private=call.private, whole=whole),
        "state": call.state,
        "since": call.since.isoformat(),
        "destination": call.destination,
    }


def finding(one: Finding) -> dict[str, object]:
    """One thing that is wrong with a plan."""
    return {"line": one.line, "field": one.field, "message": one.message}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
