"""How a request of a session finds its way out: RFC 3261 §8.1.2, RFC 3263, §18.1.

The next hop is resolved, a listener of its transport chosen, the message dressed for it,
and a transaction begun. A far end that came by a WebSocket is reached by that
alone, and one that came by a stream by the same connection as long as it lasts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import compress, count
from typing import Final, TypeAlias
from zlib import crc32

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.dialog.outputs import Failure, SendAck, SendCancel, SendRequest
from b2bua.sip.dialog.reasons import reason_headers
from b2bua.sip.endpoint.dress import dress_request
from b2bua.sip.endpoint.ladder import line_of
from b2bua.sip.endpoint.outputs import Crossed, Resolve, Transmit, WayChanged
from b2bua.sip.endpoint.oversize import Oversize, Sent
from b2bua.sip.endpoint.registry import Registry, User
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.ways import Ways
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request
from b2bua.sip.message.serializer import serialize
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transaction.key import ClientKey, ServerKey
from b2bua.sip.transaction.layer import TransactionLayer
from b2bua.sip.transaction.outputs import LayerOutput
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import (
    Answer,
    Ask,
    FinderOutput,
    Found,
    Share,
    Target,
    TargetFinder,
    arranged,
    question_of,
)


@dataclass(frozen=True, slots=True)
class NoWay:
    """A request could not leave."""

    user: User
    failure: Failure


Departed: TypeAlias = (
    LayerOutput[Flow, User] | Transmit | Crossed | Resolve | NoWay | WayChanged
)
WATCHED: Final = ("INVITE", "OPTIONS")
"""What tells whether somebody is there."""
Waiter: TypeAlias = tuple[SessionId, SendRequest | SendAck]


class Departures:
    """Requests on their way to a transaction."""

    def __init__(
        self,
        settings: EndpointSettings,
        tokens: Tokens,
        layer: TransactionLayer[Flow, User],
        registry: Registry,
        ways: Ways,
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._layer = layer
        self._registry = registry
        self._ways = ways
        self._oversize = Oversize()
        able = tuple(dict.fromkeys(one.transport for one in settings.listeners))
        self._finder: TargetFinder[Waiter] = TargetFinder(able)
        self.flows: Mapping[SessionId, Flow] = {}
        """By which those requests go that are no session's, by their tags."""
        self.proofs: dict[str, tuple[str, ...]] = {}
        """By trunk and by next hop, who must be there over TLS; else the host itself."""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return self._finder.deadline

    def wake(self, now: Instant) -> list[Departed]:
        """Give up on names that nobody resolved."""
        return self._take(self._finder.wake(now), now)

    def resolved(self, answer: Answer, now: Instant) -> list[Departed]:
        """Take what the DNS said."""
        return self._take(self._finder.resolved(answer, now), now)

    def send(
        self, session: SessionId, send: SendRequest | SendAck, now: Instant
    ) -> list[Departed]:
        """Find the way of a request and let it go."""
        entry = self._registry.entries.get(session)
        if entry is not None and isinstance(send, SendRequest):
            entry.waiting.add(send.purpose)
        direct = entry.direct(send.next_hop) if entry else self.flows.get(session)
        if direct is not None:
            if isinstance(send, SendRequest) and send.candidate:
                return self._no_way(session, send)
            return self._leave(session, send, direct, now)
        try:
            uri = parse_uri(send.next_hop)
        except MalformedMessage:
            return self._no_way(session, send)
        if not isinstance(uri, SipUri):
            return self._no_way(session, send)
        return self._take(self._finder.find(question_of(uri), (session, send), now), now)

    def cancel(
        self, session: SessionId, cancel: SendCancel, now: Instant
    ) -> list[Departed]:
        """Cancel a request, on its way or still waiting for one."""
        user = User(session, cancel.purpose)
        entry = self._registry.entries.get(session)
        if entry is not None and cancel.purpose in entry.waiting:
            entry.waiting.discard(cancel.purpose)
            return [NoWay(user, Failure.UNREACHABLE)]
        key = self._registry.key_of(user)
        if key is None:
            return []
        left = self._ways.left(user, now)
        said = self._layer.cancel(key, now, reason_headers(cancel.causes))
        return [*said] if left is None else [*said, left]

    def listener(self, flow: Flow) -> Listener:
        """The listener that a flow belongs to."""
        for listener in self._settings.listeners:
            if (listener.transport, listener.local) == (flow.transport, flow.local):
                return listener
        return Listener(transport=flow.transport, local=flow.local, advertised=flow.local)

    def _take(
        self, outputs: Iterable[FinderOutput[Waiter]], now: Instant
    ) -> list[Departed]:
        departed: list[Departed] = []
        for output in outputs:
            match output:
                case Ask(question):
                    departed.append(Resolve(question))
                case Found((session, send), targets, shares):
                    reached, shares = self._within(targets, shares)
                    departed += self._found(session, send, reached, shares, now)
        return departed

    def _found(
        self,
        session: SessionId,
        send: SendRequest | SendAck,
        targets: tuple[Target, ...],
        shares: tuple[Share, ...],
        now: Instant,
    ) -> list[Departed]:
        index = send.candidate if isinstance(send, SendRequest) else 0
        order = targets
        if shares and session in self._registry.entries:
            order = arranged(targets, shares, _drawn_for(session))
        if index >= len(order):
            return self._no_way(session, send)
        flow = self._flow(session, send, order[index])
        if flow is None:
            return self._no_way(session, send)
        if isinstance(send, SendRequest) and send.request.method in WATCHED:
            return self._set_out(session, send, targets, (order[index], flow), now)
        return self._leave(session, send, flow, now)

    def _within(
        self, targets: tuple[Target, ...], shares: tuple[Share, ...]
    ) -> tuple[tuple[Target, ...], tuple[Share, ...]]:
        """Those that a listener of ours reaches: what is of another IP version is none.

        All of them if it is none: a connection of the far end's may be there.
        """
        if len(targets) < 2:
            return targets, shares
        reached = [self._choose(one, None) is not None for one in targets]
        if all(reached) or not any(reached):
            return targets, shares
        return tuple(compress(targets, reached)), tuple(compress(shares, reached))

    def _set_out(
        self,
        session: SessionId,
        send: SendRequest,
        targets: tuple[Target, ...],
        place: tuple[Target, Flow],
        now: Instant,
    ) -> list[Departed]:
        """Let an INVITE or a probe go; an INVITE only where calls are taken."""
        target, flow = place
        entry = self._registry.entries.get(session)
        if entry is None:
            probed = self._ways.probing(session)
            if probed is not None:
                self._ways.toward(probed.trunk.name, probed.uri, targets, now)
        elif send.purpose not in entry.waiting:
            return []
        elif hop := self._ways.toward(entry.trunk, send.next_hop, targets, now):
            way = hop.way_to(target)
            if not way.usable:
                return self._no_way(session, send, Failure.UNREACHABLE)
            self._ways.begin(User(session, send.purpose), hop, way, now)
        return self._leave(session, send, flow, now)

    def _leave(
        self, session: SessionId, send: SendRequest | SendAck, flow: Flow, now: Instant
    ) -> list[Departed]:
        listener, agent = self.listener(flow), self._settings.user_agent
        if isinstance(send, SendAck):
            ack = dress_request(send.request, listener, send.branch, agent)
            crossed = Crossed(session, True, line_of(ack), flow)
            return [Transmit(serialize(ack), flow, session), crossed]
        if not self._still_wanted(session, send):
            return []
        branch = self._tokens.branch()
        request = dress_request(send.request, listener, branch, agent)
        narrow, wide = flow, self._wide(request, flow, now)
        if wide is not None:
            flow = wide
            request = dress_request(send.request, self.listener(wide), branch, agent)
        entry = self._registry.entries.get(session)
        if entry is not None and (entry.flow is None or send.request.method == "INVITE"):
            entry.flow = flow
        user = User(session, send.purpose)
        key, said = self._layer.send_request(request, flow, now, user)
        self._registry.begin(key, user)
        if wide is not None:
            self._oversize.sent(key, Sent(session, send, narrow))
        if entry is not None and request.method == "INVITE":
            entry.invited.append(key)
            if entry.doors:
                entry.branches[send.purpose] = flow
        return [*said]

    def _wide(self, request: Request, flow: Flow, now: Instant) -> Flow | None:
        """The flow by TCP for a request too large for UDP, if there is one (§18.1.1)."""
        if flow.transport != "udp" or not self._oversize.concerns(request, flow, now):
            return None
        listener = self._choose(Target("tcp", flow.remote), flow.local)
        return None if listener is None else Flow("tcp", listener.local, flow.remote)

    def reached(self, key: ClientKey | ServerKey) -> None:
        """Hear that a request was answered, or is over: its way was no mistake."""
        self._oversize.reached(key)

    def fall_back(self, key: ClientKey, now: Instant) -> list[Departed] | None:
        """Send by UDP what nobody took by TCP; None if it was not large."""
        sent = self._oversize.refused(key, now)
        if sent is None:
            return None
        entry = self._registry.entries.get(sent.session)
        if entry is not None:
            entry.waiting.add(sent.send.purpose)
        return self._leave(sent.session, sent.send, sent.flow, now)

    def _no_way(
        self,
        session: SessionId,
        send: SendRequest | SendAck,
        failure: Failure = Failure.NO_ADDRESS,
    ) -> list[Departed]:
        if isinstance(send, SendAck) or not self._still_wanted(session, send):
            return []
        return [NoWay(User(session, send.purpose), failure)]

    def _still_wanted(self, session: SessionId, send: SendRequest) -> bool:
        """Whether a request was not cancelled while its way was being found.

        What is sent for a session that broke down is nobody's, and always wanted.
        """
        if send.purpose <= 0:
            return True
        entry = self._registry.entries.get(session)
        if entry is None or send.purpose not in entry.waiting:
            return False
        entry.waiting.discard(send.purpose)
        return True

    def _flow(
        self, session: SessionId, send: SendRequest | SendAck, target: Target
    ) -> Flow | None:
        """The flow to a target: the session's connection, or from a listener of ours."""
        entry = self._registry.entries.get(session)
        known = entry.flow if entry is not None else None
        if (
            known is not None
            and known.connection
            and known.transport == target.transport
            and known.remote[0] == target.address[0]
        ):
            return known
        local = known.local if known is not None else None
        listener = self._choose(target, local)
        if listener is None:
            return None
        flow = Flow(target.transport, listener.local, target.address)
        if not flow.secure:
            return flow
        trunk = entry.trunk if entry is not None else ""
        proof = self.proofs.get(trunk) or self.proofs.get(send.next_hop)
        return replace(flow, expects=proof or _host(send.next_hop))

    def _choose(self, target: Target, local: tuple[str, int] | None) -> Listener | None:
        """One of the target's transport and family, the session's own if it fits."""
        fitting = [
            listener
            for listener in self._settings.listeners
            if listener.transport == target.transport
            and (":" in listener.local[0]) == (":" in target.address[0])
        ]
        for listener in fitting:
            if listener.local == local:
                return listener
        return fitting[0] if fitting else None


def _drawn_for(session: SessionId) -> Callable[[], float]:
    """Numbers that are the session's own: its order stays the same, try after try."""
    turns = count()
    return lambda: crc32(f"{session} {next(turns)}".encode()) / 2**32


def _host(hop: str) -> tuple[str, ...]:
    uri = parse_uri(hop)
    return (uri.host,) if isinstance(uri, SipUri) else ()
