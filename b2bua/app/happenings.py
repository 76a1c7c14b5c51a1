"""What enterprises are told of while it happens, before any record tells of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from b2bua.exchange.outlook import LiveCall
from b2bua.exchange.outputs import CapNearing
from b2bua.service.callevent import CallEvent, answered, cap_reached
from b2bua.service.limits import CapState
from b2bua.service.plan import Plan
from b2bua.service.webhook import WebhookEvent


class Happenings:
    """Looks at the calls that are up, and names each that was answered once.

    A call that is over before anybody looked is told of with its record.
    """

    def __init__(
        self,
        calls: Callable[[], Iterable[LiveCall]],
        plans: Callable[[], Mapping[str, Plan]],
    ) -> None:
        self._calls = calls
        self._plans = plans
        self._told: set[str] = set()
        self._noted: list[CallEvent] = []

    def cap_nears(self, nearing: CapNearing) -> None:
        """A period holds so much of a cap."""
        state = CapState(nearing.cap, nearing.used, nearing.limit)
        at = datetime.now(UTC)
        self._noted.append(
            cap_reached(nearing.number, state, nearing.percent, nearing.starts, at)
        )

    def fresh(self) -> list[CallEvent]:
        """What happened since the last look."""
        events, self._noted = self._noted, []
        wanted = {
            number
            for number, plan in self._plans().items()
            if any(WebhookEvent.ANSWERED in hook.events for hook in plan.webhooks)
        }
        talking = {
            call.id: _told(call, at)
            for call in (self._calls() if wanted else ())
            if call.number in wanted and (at := call.answered_at) is not None
        }
        events += [event for name, event in talking.items() if name not in self._told]
        self._told = set(talking)
        return events


def _told(call: LiveCall, answered_at: datetime) -> CallEvent:
    return answered(
        call=call.id,
        number=call.number,
        caller="" if call.private else call.caller,
        area=call.area,
        invite_at=call.since,
        answered_at=answered_at,
        destination=call.destination,
    )
