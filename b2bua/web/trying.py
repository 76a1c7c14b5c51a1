"""A call imagined: the path it would take, as a picture and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from b2bua.service.flow.explain import Explanation, Fate
from b2bua.service.plan import Plan
from b2bua.service.record import Step
from b2bua.web import planning, workbench
from b2bua.web.gate import SignedIn
from b2bua.web.reckoning import reckoned
from b2bua.web.views import page

router = APIRouter()

CHECKS: Final = frozenset(
    (
        *("number", "active", "whitelist", "blacklist", "area", "anonymous"),
        *("frequency", "calls_per_month", "calls_per_week", "spend_per_month"),
    )
)
"""Steps that are shown as one stop: who may call."""
SILENT: Final = frozenset(("day", "recording", "survey"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One station on the way of a call."""

    kind: str
    """``caller``, ``checks``, ``step``, ``destination``, ``end``."""
    title: str
    """The rule, or a name."""
    why: str = ""
    good: bool = True
    number: str = ""


@router.get("/try")
async def try_it(request: Request, visit: SignedIn) -> Response:
    """What would happen to a call, by the plan that is served or by the draft."""
    asked = {
        name: request.query_params.get(name, "").strip()[:64]
        for name in ("caller", "at", "keys", "of")
    }
    bench = await workbench.bench(visit)
    by_draft = asked["of"] == "draft" and bench.drafted
    plan = bench.plan if by_draft else bench.current.plan
    by_month = bench.drafted and "reckon" in request.query_params
    found = None
    if "caller" in request.query_params:
        question = planning.Question(
            caller=asked["caller"],
            at=moment(asked["at"], planning.zone_of(bench.current)),
            keys=[key.strip() for key in asked["keys"].split(",") if key.strip()],
            draft=bench.source if by_draft else "",
        )
        answer = await planning.ask(visit, question)
        found = None if isinstance(answer, list) else answer
    return page(
        request,
        "try",
        visit,
        asked=asked,
        found=found,
        stops=[] if found is None else stops(found, plan),
        drafted=bench.drafted,
        by_draft=by_draft,
        people=plan.destinations,
        examples=examples(datetime.now(planning.zone_of(bench.current))),
        reckoned=await reckoned(visit, bench.plan) if by_month else None,
    )


def examples(now: datetime) -> list[tuple[str, Mapping[str, str]]]:
    """Calls that most want to try, by name, as a form's fields."""
    tonight = now.replace(hour=22, minute=30)
    sunday = (now + timedelta(days=(6 - now.weekday()) % 7)).replace(hour=10, minute=0)
    return [
        ("example_now", {"caller": "02088881234", "at": ""}),
        ("example_night", {"caller": "13700137000", "at": f"{tonight:%Y-%m-%dT%H:%M}"}),
        ("example_sunday", {"caller": "01088886666", "at": f"{sunday:%Y-%m-%dT%H:%M}"}),
        ("example_anonymous", {"caller": "", "at": ""}),
    ]


def stops(found: Explanation, plan: Plan) -> Sequence[Stop]:
    """The way from the caller to who answers, or to the refusal."""
    way = [Stop(kind="caller", title=found.enquiry.caller.number)]
    checks = [step for step in found.trace if step.rule in CHECKS]
    failed = next((step for step in checks if not step.passed and _bars(step)), None)
    refused = found.outcome is Fate.REFUSE
    if refused and failed is not None and failed is found.trace[-1]:
        way.append(Stop(kind="step", title=failed.rule, why=failed.why, good=False))
    else:
        way.append(Stop(kind="checks", title="checks"))
        way += [
            Stop(kind="step", title=step.rule, why=step.why, good=step.passed)
            for step in found.trace
            if step.rule not in CHECKS | SILENT
            and (step.passed or (refused and step is found.trace[-1]))
        ]
    way += [
        Stop(
            kind="destination",
            title=name,
            number=plan.destinations[name].number if name in plan.destinations else "",
        )
        for name in found.destinations
    ]
    if found.outcome is not Fate.DIAL:
        way.append(Stop(kind="end", title=found.outcome.value, good=not refused))
    return way


def _bars(step: Step) -> bool:
    """Whether a check that was not passed ends the call: not being on a list does not."""
    return step.rule != "whitelist"


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """What a form's field says; nothing for what is no time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=zone) if found.tzinfo is None else found
