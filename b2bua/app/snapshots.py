"""The last plans read, on disk: what a start without PostgreSQL goes by."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from b2bua.service.plan import Calendar, Snapshot, Tariff
from b2bua.service.planfile import MalformedPlan, plan_from_mapping, plan_to_mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    plans: list[dict[str, Any]]
    tariffs: dict[str, Tariff]
    calendar: Calendar
    phones: dict[str, str] | None = None


def keep(snapshot: Snapshot, path: Path) -> None:
    """Write the snapshot, whole or not at all. Raises OSError."""
    kept = _Kept(
        plans=[plan_to_mapping(plan) for plan in snapshot.plans.values()],
        tariffs=dict(snapshot.tariffs),
        calendar=snapshot.calendar,
        phones=None if snapshot.phones is None else dict(snapshot.phones),
    )
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(msgspec.json.encode(kept))
    unfinished.rename(path)


def recall(path: Path) -> Snapshot | None:
    """The snapshot that was kept, without trunks; None if there is none to be read."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        plans = [plan_from_mapping(plan) for plan in kept.plans]
    except (OSError, msgspec.MsgspecError, MalformedPlan):
        return None
    return Snapshot(
        plans={plan.number: plan for plan in plans},
        tariffs=kept.tariffs,
        calendar=kept.calendar,
        phones=kept.phones,
    )
