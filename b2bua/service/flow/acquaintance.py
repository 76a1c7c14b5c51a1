"""Whom a caller knows (熟客): asked of the store once for each group that wants it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from b2bua.service.flow.arrival import Arrival
from b2bua.service.flow.dossier import Moment
from b2bua.service.plan import Plan, ToDestination, ToGroup
from b2bua.service.talks import LookUpTalk, Talked, TalkFound

ANSWER_LIMIT: Final = 0.3
"""Seconds that a call waits for the answer; after them nobody is preferred."""


class Acquaintance:
    """What one call has been told of its caller."""

    def __init__(self, call: str, arrival: Arrival) -> None:
        self._call = call
        self._arrival = arrival
        self._asked: set[str] = set()
        self._known: dict[str, Talked | None] = {}

    @property
    def known(self) -> Mapping[str, Talked | None]:
        """By group: with which member the caller talked last; what was told in time."""
        return self._known

    def question(
        self, plan: Plan, target: ToDestination | ToGroup, moment: Moment
    ) -> LookUpTalk | None:
        """What must be asked before the target chooses; None: nothing, or no more."""
        if not isinstance(target, ToGroup) or target.name in self._asked:
            return None
        group, caller = plan.groups[target.name], self._arrival.caller
        if group.familiar is None or not caller.number:
            return None
        self._asked.add(target.name)
        return LookUpTalk(
            call=self._call,
            number=plan.number,
            caller=caller.number,
            members=tuple(name for name, _ in group.members),
            since=moment.at - timedelta(days=group.familiar),
        )

    def hear(self, target: ToGroup, found: TalkFound) -> None:
        """Take the answer."""
        if found.known:
            self._known[target.name] = found.talked
