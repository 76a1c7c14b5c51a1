"""Matches messages to transactions and keeps their deadlines in one heap: RFC 3261 §17.

One fact to know: a message goes up only if no transaction absorbs it. Who gets
:class:`NewRequest` may be sure that it never saw this request before.

The ACK of a failure is built here. The ACK of a 2xx is the user's and goes past the layer;
the repetitions of a 2xx (§13.3.1.4) are the user's too and come through :meth:`respond`.
"""

from collections.abc import Iterable
from typing import Final, Generic

from b2bua.core.address import Address
from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transaction.alarms import Alarms
from b2bua.sip.transaction.build import ack_of, cancel_of
from b2bua.sip.transaction.client import Client
from b2bua.sip.transaction.invite_client import InviteClient
from b2bua.sip.transaction.invite_client import State as InviteClientState
from b2bua.sip.transaction.invite_server import InviteServer
from b2bua.sip.transaction.key import (
    ClientKey,
    MergeKey,
    ServerKey,
    cancelled_by,
    key_of_request,
    key_of_response,
    merge_key_of,
    sent_by,
)
from b2bua.sip.transaction.outputs import (
    AckMissed,
    Acknowledged,
    Cancelled,
    ClientOutput,
    Deliver,
    Dropped,
    DropReason,
    FlowT,
    GotResponse,
    LayerOutput,
    NewRequest,
    ResponseFailed,
    Send,
    ServerOutput,
    StrayAck,
    StrayResponse,
    Terminated,
    TimedOut,
    TransactionEnded,
    TransactionTimedOut,
    Transmit,
    TransportFailed,
    Unreachable,
    UserT,
)
from b2bua.sip.transaction.server import Server
from b2bua.sip.transaction.sides import ClientSide, ServerSide
from b2bua.sip.transaction.timers import TimerValues


class TransactionLayer(Generic[FlowT, UserT]):
    """Every transaction of one endpoint."""

    def __init__(self, timers: TimerValues = TimerValues()) -> None:
        self._timers = timers
        self._clients: dict[ClientKey, ClientSide[FlowT, UserT]] = {}
        self._servers: dict[ServerKey, ServerSide[FlowT]] = {}
        self._merges: dict[MergeKey, ServerKey] = {}
        self._peers: dict[Address, set[ClientSide[FlowT, UserT] | ServerSide[FlowT]]] = {}
        """Whom a failed flow concerns: requests that wait, and responses by a stream."""
        self._alarms: Alarms[ClientSide[FlowT, UserT] | ServerSide[FlowT]] = Alarms()

    def __len__(self) -> int:
        """How many transactions live."""
        return len(self._clients) + len(self._servers)

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called, or None to wait for input alone."""
        return self._alarms.deadline

    def wake(self, now: Instant) -> list[LayerOutput[FlowT, UserT]]:
        """Fire every timer that is due, earliest first, whosever it is."""
        said: list[LayerOutput[FlowT, UserT]] = []
        while (alarm := self._alarms.pop(now)) is not None:
            due, side = alarm
            match side:
                case ClientSide():
                    said += self._settle_client(side, side.machine.wake(due))
                case ServerSide():
                    said += self._settle_server(side, side.machine.wake(due))
        return said

    def send_request(
        self, request: Request, flow: FlowT, now: Instant, user: UserT
    ) -> tuple[ClientKey, list[LayerOutput[FlowT, UserT]]]:
        """Begin a transaction for anything but an ACK; its top Via has a fresh branch.

        What comes of it names ``user``.
        """
        key = ClientKey(request.via.branch, request.method)
        if request.method == "ACK" or key in self._clients:
            raise InvalidState(f"No transaction can begin with {request!r}")
        client = ClientSide(
            key=key,
            machine=self._client_machine(key, request, flow),
            request=request,
            flow=flow,
            user=user,
        )
        self._clients[key] = client
        self._peers.setdefault(flow.remote, set()).add(client)
        return key, self._settle_client(client, client.machine.start(now))

    def cancel(
        self, key: ClientKey, now: Instant, extra: Iterable[tuple[str, str]] = ()
    ) -> list[LayerOutput[FlowT, UserT]]:
        """Send CANCEL for an INVITE as soon as §9.1 allows it: after its first 1xx.

        ``extra`` headers go into it (Reason). An INVITE that has its final response, or
        was cancelled before, is left alone. It then ends within 64*T1 with a final response
        or :class:`TransactionTimedOut`; the CANCEL is a transaction of the same user.
        """
        client = self._clients.get(key)
        if client is None or client.cancelled:
            return []
        if client.machine.state is InviteClientState.PROCEEDING:
            return self._send_cancel(client, cancel_of(client.request, extra), now)
        if client.machine.state is InviteClientState.CALLING:
            client.cancel = cancel_of(client.request, extra)
        return []

    def withdrawal(
        self, key: ClientKey, extra: Iterable[tuple[str, str]] = ()
    ) -> tuple[bytes, FlowT] | None:
        """The CANCEL of an INVITE that has no final response yet, and the way it goes.

        For who comes after us: here nothing changes.
        """
        client = self._clients.get(key)
        if client is None or client.cancelled:
            return None
        if client.machine.state not in _UNANSWERED:
            return None
        return serialize(cancel_of(client.request, extra)), client.flow

    def respond(
        self, key: ServerKey, response: Response, now: Instant
    ) -> list[LayerOutput[FlowT, UserT]]:
        """Answer a request. What has ended already sends nothing."""
        server = self._servers.get(key)
        if server is None:
            return []
        outputs = server.machine.respond(response.status, serialize(response), now)
        return self._settle_server(server, outputs)

    def refuse_statelessly(
        self, key: ServerKey, response: Response
    ) -> list[LayerOutput[FlowT, UserT]]:
        """Answer once and forget the request at once, as an overloaded server must.

        Its retransmission will be a new request, its ACK a :class:`StrayAck`.
        """
        server = self._servers.get(key)
        if server is None:
            return []
        self._forget_server(server)
        self._alarms.watch(server)
        return [Transmit(serialize(response), server.flow, key), TransactionEnded(key)]

    def receive_response(
        self, response: Response, flow: FlowT, now: Instant
    ) -> list[LayerOutput[FlowT, UserT]]:
        """Take a response that came by ``flow``."""
        client = self._clients.get(key_of_response(response))
        if client is None:
            return [StrayResponse(response, flow)]
        if sent_by(response.via) != sent_by(client.request.via):
            return [Dropped(DropReason.FOREIGN, flow)]
        if flow.remote[0] != client.flow.remote[0]:
            return [Dropped(DropReason.STRANGER, flow)]
        client.response = response
        if response.status >= 200:
            self._detach(client)
        said = self._settle_client(client, client.machine.receive(response.status, now))
        if client.cancel is not None:
            cancel, client.cancel = client.cancel, None
            if client.machine.state is InviteClientState.PROCEEDING:
                said += self._send_cancel(client, cancel, now)
        return said

    def receive_request(
        self,
        request: Request,
        flow: FlowT,
        now: Instant,
        *,
        reply_by: FlowT | None = None,
        spare: FlowT | None = None,
    ) -> list[LayerOutput[FlowT, UserT]]:
        """Take a request that came by ``flow``.

        Responses go back by it, or by ``reply_by`` if that is given; and by ``spare`` once
        it has failed (§18.2.2).
        """
        key = key_of_request(request)
        server = self._servers.get(key)
        if request.method == "ACK":
            return self._receive_ack(server, StrayAck(request, flow), now)
        if server is not None:
            return self._settle_server(server, server.machine.receive(now))
        server = self._begin(key, request, reply_by or flow, spare, now)
        if request.method == "CANCEL":
            invite = self._servers.get(cancelled_by(request))
            if invite is not None and invite.flow.remote[0] == server.flow.remote[0]:
                return [
                    Cancelled(invite=invite.key, key=server.key, request=request, flow=flow)
                ]
        merged = server.merge_key is not None and (
            self._merges.setdefault(server.merge_key, server.key) != server.key
        )
        return [NewRequest(key=server.key, request=request, flow=flow, merged=merged)]

    def flow_failed(self, flow: FlowT, now: Instant) -> list[LayerOutput[FlowT, UserT]]:
        """Hear that what was sent by ``flow`` did not arrive, or its connection is gone.

        Departs from §17.2.4: of a response over UDP nobody is told. The transaction lives
        all the same (RFC 6026 §7.1), and who has left a thousand calls behind sends an ICMP
        error for every repetition of each of their responses.
        """
        said: list[LayerOutput[FlowT, UserT]] = []
        for side in tuple(self._peers.get(flow.remote, ())):
            if not _same_way(side.flow, flow):
                continue
            match side:
                case ClientSide():
                    said += self._settle_client(side, side.machine.transport_failed(now))
                case ServerSide() if side.spare is not None:
                    self._detach(side)
                    side.flow, side.spare = side.spare, None
                    self._peers.setdefault(side.flow.remote, set()).add(side)
                case ServerSide():
                    said += self._settle_server(side, side.machine.transport_failed(now))
        return said

    def _client_machine(
        self, key: ClientKey, request: Request, flow: FlowT
    ) -> InviteClient | Client:
        data = serialize(request)
        if request.method != "INVITE":
            return Client(data, reliable=flow.reliable, timers=self._timers)
        return InviteClient(
            data,
            reliable=flow.reliable,
            build_ack=lambda: self._ack(key),
            timers=self._timers,
        )

    def _ack(self, key: ClientKey) -> bytes:
        client = self._clients[key]
        if client.response is None:
            raise InvalidState(f"Nothing to acknowledge in {key}")
        return serialize(ack_of(client.request, client.response))

    def _begin(
        self,
        key: ServerKey,
        request: Request,
        flow: FlowT,
        spare: FlowT | None,
        now: Instant,
    ) -> ServerSide[FlowT]:
        machine = (
            InviteServer(
                reliable=flow.reliable,
                build_trying=lambda: serialize(response_to(request, 100)),
                timers=self._timers,
            )
            if request.method == "INVITE"
            else Server(reliable=flow.reliable, timers=self._timers)
        )
        server = ServerSide(
            key=key,
            machine=machine,
            merge_key=merge_key_of(request),
            flow=flow,
            spare=spare,
        )
        self._servers[server.key] = server
        if flow.reliable:
            self._peers.setdefault(flow.remote, set()).add(server)
        self._settle_server(server, machine.start(now))
        return server

    def _receive_ack(
        self, server: ServerSide[FlowT] | None, ack: StrayAck[FlowT], now: Instant
    ) -> list[LayerOutput[FlowT, UserT]]:
        if server is None or not isinstance(server.machine, InviteServer):
            return [ack]
        server.ack = ack
        return self._settle_server(server, server.machine.acknowledged(now))

    def _send_cancel(
        self, invite: ClientSide[FlowT, UserT], cancel: Request, now: Instant
    ) -> list[LayerOutput[FlowT, UserT]]:
        if not isinstance(invite.machine, InviteClient):
            raise InvalidState(f"{invite.key} is not an INVITE")
        invite.cancelled = True
        _, said = self.send_request(cancel, invite.flow, now, invite.user)
        return said + self._settle_client(invite, invite.machine.cancelled(now))

    def _settle_client(
        self, client: ClientSide[FlowT, UserT], outputs: list[ClientOutput]
    ) -> list[LayerOutput[FlowT, UserT]]:
        said: list[LayerOutput[FlowT, UserT]] = []
        for output in outputs:
            match output:
                case Send(data):
                    said.append(Transmit(data, client.flow, client.key))
                case Deliver():
                    if client.response is None:
                        raise InvalidState(f"Nothing to deliver in {client.key}")
                    said.append(GotResponse(client.user, client.key, client.response))
                case TimedOut():
                    said.append(TransactionTimedOut(client.user, client.key))
                case Unreachable():
                    said.append(TransportFailed(client.user, client.key))
                case Terminated():
                    del self._clients[client.key]
                    self._leave(client)
                    said.append(TransactionEnded(client.key))
        self._alarms.watch(client)
        return said

    def _settle_server(
        self, server: ServerSide[FlowT], outputs: list[ServerOutput]
    ) -> list[LayerOutput[FlowT, UserT]]:
        said: list[LayerOutput[FlowT, UserT]] = []
        for output in outputs:
            match output:
                case Send(data):
                    said.append(Transmit(data, server.flow, server.key))
                case Acknowledged():
                    if server.ack is None:
                        raise InvalidState(f"Nothing acknowledged {server.key}")
                    said.append(server.ack)
                case TimedOut():
                    said.append(AckMissed(server.key))
                case Unreachable():
                    said.append(ResponseFailed(server.key))
                case Terminated():
                    self._forget_server(server)
                    said.append(TransactionEnded(server.key))
        self._alarms.watch(server)
        return said

    def _forget_server(self, server: ServerSide[FlowT]) -> None:
        del self._servers[server.key]
        if server.merge_key is not None and (
            self._merges.get(server.merge_key) == server.key
        ):
            del self._merges[server.merge_key]
        self._leave(server)

    def _leave(self, side: ClientSide[FlowT, UserT] | ServerSide[FlowT]) -> None:
        side.ended = True
        self._detach(side)

    def _detach(self, side: ClientSide[FlowT, UserT] | ServerSide[FlowT]) -> None:
        peers = self._peers.get(side.flow.remote)
        if peers is not None:
            peers.discard(side)
            if not peers:
                del self._peers[side.flow.remote]


_UNANSWERED: Final = (InviteClientState.CALLING, InviteClientState.PROCEEDING)


def _same_way(one: FlowT, other: FlowT) -> bool:
    """Whether both are one flow; a connection that was still to be opened fits any."""
    return one.transport == other.transport and (
        one.connection == other.connection or 0 in {one.connection, other.connection}
    )
