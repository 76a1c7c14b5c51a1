"""Whether phones are still where they said: OPTIONS to every place, by its own flow.

It keeps open what address translation and firewalls would close between two calls (what
RFC 5626 §5 asks of the far end we do ourselves, as most desk phones do not). A place that
used to answer and says nothing ``losses`` times in a row is away: it is not rung, until it
answers or registers again. A place that never answered is left alone.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.dialog.outputs import SendRequest
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request
from b2bua.sip.message.uri import SipUri
from b2bua.sip.transport.flow import Flow

PURPOSE: Final = -1
"""Of requests that are no session's."""


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """One contact of one phone, and what is thought of it."""

    extension: str
    contact: str
    flow: Flow
    answered: bool = False
    """It has ever answered."""
    lost: int = 0
    """OPTIONS in a row that it did not answer."""
    gone: bool = False
    """Nobody is registered there any more."""


class Attendance:
    """Asks the phones of one endpoint how they are."""

    def __init__(self, probe: float, losses: int, domain: str, tokens: Tokens) -> None:
        """``probe`` in seconds, 0: nobody is asked; ``domain`` is where we live."""
        self.flows: dict[SessionId, Flow] = {}
        """Of every OPTIONS under way, by its tag."""
        self._probe = probe
        self._losses = losses
        self._domain = domain
        self._tokens = tokens
        self._places: dict[str, dict[str, Place]] = {}
        self._due: list[tuple[Instant, int, Place]] = []
        self._order = count()
        self._asked: dict[SessionId, Place] = {}

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        while self._due and self._due[0][2].gone:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def away(self, extension: str, contact: str) -> bool:
        """Whether nobody is there, as far as we know."""
        place = self._places.get(extension, {}).get(contact)
        return place is not None and place.answered and place.lost >= self._losses

    def watch(self, extension: str, flows: Mapping[str, Flow], now: Instant) -> None:
        """Know where a phone is: the flow of each of its contacts, and no others."""
        if not self._probe:
            return
        before = self._places.pop(extension, {})
        for contact, place in before.items():
            place.gone = contact not in flows
        if flows:
            self._places[extension] = {
                contact: before.get(contact) or self._begin(extension, contact, flow, now)
                for contact, flow in flows.items()
            }
        for contact, flow in flows.items():
            place = self._places[extension][contact]
            if place.flow != flow:
                place.flow, place.lost = flow, 0

    def registered(self, extension: str, flow: Flow) -> None:
        """Hear that it has just registered by this flow: it is there."""
        for place in self._places.get(extension, {}).values():
            if place.flow == flow:
                place.lost = 0

    def wake(self, now: Instant) -> list[tuple[SessionId, SendRequest]]:
        """Ask those whose turn it is."""
        sends = []
        while (due := self.deadline) is not None and due <= now:
            _, _, place = heapq.heappop(self._due)
            sends.append(self._ask(place))
        return sends

    def answered(self, tag: SessionId, status: int, now: Instant) -> bool:
        """Take an answer, whatever it says; False if it is to none of our questions."""
        if tag not in self._asked:
            return False
        if status >= 200:
            place = self._close(tag, now)
            place.answered, place.lost = True, 0
        return True

    def failed(self, tag: SessionId, now: Instant) -> None:
        """Hear that nobody answered."""
        if tag in self._asked:
            self._close(tag, now).lost += 1

    def _begin(self, extension: str, contact: str, flow: Flow, now: Instant) -> Place:
        place = Place(extension=extension, contact=contact, flow=flow)
        self._arm(place, now)
        return place

    def _arm(self, place: Place, now: Instant) -> None:
        heapq.heappush(self._due, (now + self._probe, next(self._order), place))

    def _close(self, tag: SessionId, now: Instant) -> Place:
        place = self._asked.pop(tag)
        self.flows.pop(tag, None)
        if not place.gone:
            self._arm(place, now)
        return place

    def _ask(self, place: Place) -> tuple[SessionId, SendRequest]:
        tag = SessionId(self._tokens.tag())
        self._asked[tag], self.flows[tag] = place, place.flow
        headers = Headers.of_canonical(
            [
                ("Max-Forwards", "70"),
                ("From", f"<{SipUri(host=self._domain)}>;tag={tag}"),
                ("To", f"<{place.contact}>"),
                ("Call-ID", self._tokens.call_id()),
                ("CSeq", "1 OPTIONS"),
                ("Accept", "application/sdp"),
            ]
        )
        request = Request("OPTIONS", place.contact, headers)
        return tag, SendRequest(purpose=PURPOSE, request=request, next_hop=place.contact)
