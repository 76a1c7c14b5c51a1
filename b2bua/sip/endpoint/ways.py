"""The ways of every trunk: which addresses there are, which may be used, whom to probe.

A trunk's next hops are tried in their order, or each as often as its weight says; the
addresses of one hop in the order of RFC 3263. What becomes of each INVITE is heard here,
and every address has its own :class:`Way`. A hop whose name was never resolved has one way
without an address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.dialog.outputs import Failure, SendRequest
from b2bua.sip.endpoint.outputs import WayChanged
from b2bua.sip.endpoint.registry import User
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.endpoint.way import NOBODY, Health, Way
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.target import Target, literal_target, question_of

DEAF: Final = 4.0
"""Seconds without any response after which an INVITE that is left counts as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayView:
    """One way, as an operator sees it."""

    trunk: str
    address: str
    health: Health
    since: Instant
    detail: str


@dataclass(slots=True, kw_only=True, eq=False)
class Hop:
    """One next hop of one trunk."""

    trunk: Trunk
    uri: str
    weight: int = 0
    credit: int = 0
    """What smooth weighted rotation owes it."""
    targets: tuple[Target, ...] = ()
    ways: list[Way] = field(default_factory=list)

    def learn(self, targets: tuple[Target, ...], now: Instant) -> None:
        """Know other addresses from now on; what is known of those that stay is kept."""
        known = {way.target: way for way in self.ways}
        blank = known.pop(None, None)
        self.targets, self.ways = targets, []
        for candidate, target in enumerate(targets):
            way = known.get(target) or blank or Way(self.trunk.care, now)
            blank = None
            way.target, way.candidate = target, candidate
            self.ways.append(way)

    def way_to(self, target: Target) -> Way:
        """The way to one of its addresses."""
        return next(way for way in self.ways if way.target == target)


class Ways:
    """Every way of one endpoint."""

    def __init__(self, settings: EndpointSettings, tokens: Tokens) -> None:
        self.deadline: Instant | None = None
        """When :meth:`wake` must next be called."""
        self._settings = settings
        self._tokens = tokens
        self._hops: dict[tuple[str, str], Hop] = {}
        self._weighted: dict[str, list[Hop]] = {}
        self._calling: dict[User, tuple[Hop, Way, Instant]] = {}
        self._probes: dict[SessionId, tuple[Hop, Way]] = {}
        """Those under way, by their tags."""

    def __len__(self) -> int:
        """How many INVITEs wait for their first response."""
        return len(self._calling)

    @property
    def views(self) -> list[WayView]:
        """Every way, by trunk in the order of the settings."""
        return [
            WayView(
                trunk=hop.trunk.name,
                address=_written(hop, way),
                health=way.health,
                since=way.since,
                detail=way.detail,
            )
            for hop in self._hops.values()
            for way in hop.ways
        ]

    def know(self, trunks: Iterable[Trunk], now: Instant) -> None:
        """Watch the hops of these trunks, and no other; those that stay as they are."""
        before, self._hops, self._weighted = self._hops, {}, {}
        for trunk in trunks:
            weights = trunk.weights or (0,) * len(trunk.next_hops)
            for uri, weight in zip(trunk.next_hops, weights, strict=True):
                kept = before.get((trunk.name, uri))
                if kept is None or kept.trunk.care != trunk.care:
                    kept = Hop(trunk=trunk, uri=uri, ways=[Way(trunk.care, now)])
                    literal = _literal(uri)
                    if literal is not None:
                        kept.learn((literal,), now)
                kept.trunk, kept.weight = trunk, weight
                self._hops[trunk.name, uri] = kept
                if trunk.weights:
                    self._weighted.setdefault(trunk.name, []).append(kept)
        self._reckon()

    def order(self, trunk: Trunk) -> tuple[str, ...]:
        """The hops for one call: as they are written, or by smooth weighted rotation.

        Who has the greatest credit is first; the others stand by, heavy ones before light.
        """
        hops = self._weighted.get(trunk.name)
        if hops is None:
            return trunk.next_hops
        able = [hop for hop in hops if any(way.usable for way in hop.ways)] or hops
        for hop in able:
            hop.credit += hop.weight
        first = max(able, key=lambda hop: hop.credit)
        first.credit -= sum(hop.weight for hop in able)
        others = sorted((hop for hop in hops if hop is not first), key=lambda h: -h.weight)
        return (first.uri, *(hop.uri for hop in others))

    def family(self, trunk: Trunk) -> int:
        """IP version of the address that a call goes to first; 0 while none is known."""
        known = (self._hops.get((trunk.name, uri)) for uri in trunk.next_hops)
        ways = [way for hop in known if hop is not None for way in hop.ways]
        from_here = {
            (one.transport, ":" in one.local[0]) for one in self._settings.listeners
        }
        for way in sorted(ways, key=lambda way: not way.usable):
            if way.target is None:
                continue
            is_six = ":" in way.target.address[0]
            if (way.target.transport, is_six) in from_here:
                return 6 if is_six else 4
        return 0

    def toward(
        self, trunk: str, hop: str, targets: tuple[Target, ...], now: Instant
    ) -> Hop | None:
        """The hop that these addresses are of, None for one that nobody watches."""
        found = self._hops.get((trunk, hop))
        if found is not None and found.targets != targets:
            found.learn(targets, now)
            self._reckon()
        return found

    def begin(self, user: User, hop: Hop, way: Way, now: Instant) -> None:
        """An INVITE leaves by ``way``."""
        self._calling[user] = (hop, way, now)

    def heard(self, user: User, status: int, now: Instant) -> WayChanged | None:
        """A response came; the first tells whether anybody is there."""
        asked = self._calling.pop(user, None)
        if asked is None:
            return None
        hop, way, _ = asked
        if status in NOBODY:
            return self._changed(hop, way, way.call_failed(str(status), now))
        return self._changed(hop, way, way.call_answered(now))

    def failed(self, user: User, failure: Failure, now: Instant) -> WayChanged | None:
        """No response came, or there was no way to send."""
        asked = self._calling.pop(user, None)
        if asked is None or failure is Failure.NO_ADDRESS:
            return None
        hop, way, _ = asked
        return self._changed(hop, way, way.call_failed(failure.value, now))

    def left(self, user: User, now: Instant) -> WayChanged | None:
        """Nobody waits for a response any more; a long wait in vain is a failure."""
        asked = self._calling.pop(user, None)
        if asked is None or now - asked[2] < DEAF:
            return None
        return self._changed(asked[0], asked[1], asked[1].call_failed("no answer", now))

    def forget(self, user: User) -> None:
        """The transaction is over."""
        self._calling.pop(user, None)

    def wake(
        self, now: Instant
    ) -> tuple[list[tuple[SessionId, SendRequest]], list[WayChanged]]:
        """Send the probes that are due, and give up those that nobody answers."""
        sends: list[tuple[SessionId, SendRequest]] = []
        changes: list[WayChanged] = []
        for hop in self._hops.values():
            for way in hop.ways:
                if way.deadline is None or way.deadline > now:
                    continue
                due, lost = way.wake(now)
                if lost and (change := self._lost(hop, way, "no answer to OPTIONS", now)):
                    changes.append(change)
                if due:
                    sends.append(self._probe(hop, way))
        self._reckon()
        return sends, changes

    def probing(self, tag: SessionId) -> Hop | None:
        """The hop that a probe with this tag goes to."""
        probed = self._probes.get(tag)
        return None if probed is None else probed[0]

    def probe_answered(
        self, tag: SessionId, status: int, now: Instant
    ) -> WayChanged | None:
        """Take an answer to a probe; one that comes too late tells nothing."""
        if status < 200:
            return None
        probed = self._probes.pop(tag, None)
        if probed is None:
            return None
        hop, way = probed
        changed = way.probe_answered(status, now)
        self._reckon()
        return self._changed(hop, way, changed)

    def probe_failed(
        self, tag: SessionId, failure: Failure, now: Instant
    ) -> WayChanged | None:
        """A probe could not be sent, or found no answer."""
        probed = self._probes.pop(tag, None)
        if probed is None:
            return None
        changed = self._lost(*probed, failure.value, now)
        self._reckon()
        return changed

    def _probe(self, hop: Hop, way: Way) -> tuple[SessionId, SendRequest]:
        tag = SessionId(self._tokens.tag())
        self._probes[tag] = (hop, way)
        terms = self._settings.terms(hop.trunk)
        uri = parse_uri(hop.uri)
        ours = SipUri(host=terms.domain)
        headers = Headers.of_canonical(
            [
                ("Max-Forwards", "70"),
                ("From", f"<{ours}>;tag={tag}"),
                ("To", f"<{uri}>"),
                ("Call-ID", self._tokens.call_id()),
                ("CSeq", "1 OPTIONS"),
                ("Accept", "application/sdp"),
            ]
        )
        request = Request("OPTIONS", str(uri), headers)
        return tag, SendRequest(
            purpose=-1, request=request, next_hop=hop.uri, candidate=way.candidate
        )

    def _lost(self, hop: Hop, way: Way, why: str, now: Instant) -> WayChanged | None:
        self._probes = {
            tag: probed for tag, probed in self._probes.items() if probed[1] is not way
        }
        return self._changed(hop, way, way.probe_lost(why, now))

    def _changed(self, hop: Hop, way: Way, changed: bool) -> WayChanged | None:
        if not changed:
            return None
        self._reckon()
        return WayChanged(
            trunk=hop.trunk.name,
            address=_written(hop, way),
            state=way.health.value,
            detail=way.detail,
        )

    def _reckon(self) -> None:
        self.deadline = earliest(
            *(way.deadline for hop in self._hops.values() for way in hop.ways)
        )


def _literal(uri: str) -> Target | None:
    parsed = parse_uri(uri)
    return literal_target(question_of(parsed)) if isinstance(parsed, SipUri) else None


def _written(hop: Hop, way: Way) -> str:
    if way.target is None:
        return hop.uri
    transport, (host, port) = way.target.transport, way.target.address
    return f"{transport}:[{host}]:{port}" if ":" in host else f"{transport}:{host}:{port}"
