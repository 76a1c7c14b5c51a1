"""The first page: calls now up, who is on duty, what the day came to; and the wallboard.

Both show one *board*, and go on showing it: a stream sends it again whenever calls change.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from b2bua.service.duty import on_duty
from b2bua.service.plan import Destination, Mode, Plan
from b2bua.service.record import Outcome
from b2bua.service.schedule import Clock, clock, time_mismatch
from b2bua.store.errors import StoreError
from b2bua.store.live import LiveCall
from b2bua.store.tenant import MISSED, Search
from b2bua.store.trunks import TrunkBoard
from b2bua.web import planning
from b2bua.web.alerts import alerts
from b2bua.web.feed import NoRoom, Watch
from b2bua.web.gate import SignedIn, session_of
from b2bua.web.portal import Visit
from b2bua.web.views import brief, fragment, local, page

router = APIRouter()

LATEST: Final = 8
SOON: Final = 2.0
"""Seconds after a change at which the record of a call that ended is there too."""
STILL: Final = 15.0
"""Seconds after which a board is made again though no call changed."""
OTHER: Final = (Outcome.REFUSED, Outcome.FAILED)
BOARDS: Final = {"today": "board", "wall": "wall-board"}
"""The template of what a page goes on showing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One destination as it stands now."""

    destination: Destination
    calls: int
    """Of those now up."""
    closed: str
    """Why it takes no calls at this time; empty: it does."""
    duty: bool | None
    """Whether a roster has it on duty; None: it is in no roster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What one hour of the day came to."""

    hour: int
    answered: int
    missed: int
    other: int
    """Refused, failed."""
    now: bool

    @property
    def total(self) -> int:
        """All of its calls."""
        return self.answered + self.missed + self.other


@router.get("/")
async def today(request: Request, visit: SignedIn) -> Response:
    """What is going on, and what the day came to."""
    return page(request, "today", visit, **await board(visit))


@router.get("/wall")
async def wall(request: Request, visit: SignedIn) -> Response:
    """The same in figures that can be read across a room."""
    shown = await board(visit)
    return page(request, "wall", visit, place="today", **shown)


@router.get("/live")
async def live(request: Request, visit: SignedIn) -> Response:
    """The board alone, for a page whose stream has no room."""
    text = fragment(request, BOARDS[_form(request)], visit, **await board(visit))
    return Response(text, media_type="text/html")


@router.get("/live/stream")
async def stream(request: Request, visit: SignedIn) -> Response:
    """The board whenever it changes, as events."""
    form = _form(request)
    feed = visit.portal.feed

    async def look() -> tuple[LiveCall, ...]:
        return tuple(await visit.tenant.live())

    async def events() -> AsyncIterator[str]:
        try:
            async with feed.watching(visit.tenant.number, look) as watch:
                async for text in _boards(request, visit, form, watch):
                    yield text
        except NoRoom:
            yield _event("", name="full")

    return StreamingResponse(events(), media_type="text/event-stream")


async def _boards(
    request: Request, visit: Visit, form: str, watch: Watch
) -> AsyncIterator[str]:
    """Events until the visit, or the stream, is over; the first at once."""
    shown, wait = "", 0.0
    tick, feed = visit.portal.clock, visit.portal.feed
    end = tick() + feed.longest
    while (left := end - tick()) > 0:
        changed = await watch.change(min(wait, left))
        wait = SOON if changed else STILL
        try:
            if await session_of(request) is None:
                yield _event("", name="over")
                return
            text = fragment(request, BOARDS[form], visit, **await board(visit))
        except StoreError:
            yield _event("", name="away")
            continue
        yield ": still here\n\n" if text == shown else _event(text)
        shown = text


async def board(visit: Visit) -> dict[str, Any]:
    """All that a board shows."""
    current = await visit.tenant.plan()
    zone = planning.zone_of(current)
    now = datetime.now(UTC)
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    counted = await visit.tenant.by_hour(midnight, str(zone))
    outcomes = {
        one: sum(count for (_, found), count in counted.items() if found is one)
        for one in Outcome
    }
    up = await visit.tenant.live()
    shown: dict[str, Any] = {
        "live": up,
        "waiting": sum(one.state == "queue" for one in up),
        "total": sum(outcomes.values()),
        "outcomes": {outcome.value: count for outcome, count in outcomes.items()},
        "missed": sum(outcomes[one] for one in MISSED),
        "latest": await visit.tenant.calls(Search(limit=LATEST)),
        "plan": None if current is None else current.plan,
        "now": now,
        "since": f"{midnight:%Y-%m-%dT%H:%M}",
        "hours": hours(counted, now.astimezone(zone).hour),
        "people": {} if current is None else current.plan.destinations,
        "stamp": lambda at: local(at, zone),
        "brief": lambda at: brief(at, zone, now),
        "caps": [],
        "alerts": [],
        "posts": [],
    }
    if current is not None:
        shown |= await _service(visit, current.plan, now, up)
    return shown


async def _service(
    visit: Visit, plan: Plan, now: datetime, up: list[LiveCall]
) -> dict[str, Any]:
    usage = await visit.tenant.usage(now, plan.timezone)
    calendar = (await visit.tenant.surroundings()).calendar
    trunks = await TrunkBoard(visit.portal.database).all()
    moment = clock(plan, now, calendar)
    pairs = (
        ("calls_month", usage.calls_this_month, plan.caps.calls_per_month),
        ("calls_week", usage.calls_this_week, plan.caps.calls_per_week),
        ("spend_month", usage.spent_this_month, plan.caps.spend_per_month),
    )
    return {
        "caps": [
            {"name": name, "used": used, "cap": cap, "money": name == "spend_month"}
            for name, used, cap in pairs
        ],
        "alerts": alerts(plan, usage, moment, trunks),
        "posts": posts(plan, moment, up),
    }


def hours(counted: Mapping[tuple[int, Outcome], int], now: int) -> list[Hour]:
    """The hours of the day, those that are still to come without calls."""
    return [
        Hour(
            hour=hour,
            answered=counted.get((hour, Outcome.ANSWERED), 0),
            missed=sum(counted.get((hour, one), 0) for one in MISSED),
            other=sum(counted.get((hour, one), 0) for one in Outcome if one in OTHER),
            now=hour == now,
        )
        for hour in range(24)
    ]


def posts(plan: Plan, moment: Clock, up: list[LiveCall]) -> list[Post]:
    """Every destination as it stands now, those on duty first."""
    rosters = [group for group in plan.groups.values() if group.mode is Mode.ROSTER]
    named = {name for group in rosters for name, _ in group.members}
    on = {name for group in rosters for name in on_duty(group, moment)}
    found = [
        Post(
            destination=one,
            calls=sum(call.destination == name for call in up),
            closed="" if one.when is None else time_mismatch(one.when, moment),
            duty=name in on if name in named else None,
        )
        for name, one in plan.destinations.items()
    ]
    return sorted(found, key=lambda post: (post.duty is not True, bool(post.closed)))


def _form(request: Request) -> str:
    form = request.query_params.get("form", "today")
    if form not in BOARDS:
        raise HTTPException(404, "no such board")
    return form


def _event(text: str, name: str = "message") -> str:
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
