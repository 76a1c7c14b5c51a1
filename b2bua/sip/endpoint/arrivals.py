"""How bytes find their transaction: RFC 3261 §§18.1.2 and 18.2.1, RFC 3581."""

from typing import TypeAlias

from b2bua.core.clock import Instant
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.endpoint.doorway import BANNED, Doorway, read_through
from b2bua.sip.endpoint.ladder import line_of
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Transmit
from b2bua.sip.endpoint.registry import Registry, User
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import Refusal, parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.message.via import parse_via
from b2bua.sip.transaction.layer import TransactionLayer
from b2bua.sip.transaction.outputs import LayerOutput
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.response_path import reopened_flow, response_flow, stamp

Arrived: TypeAlias = LayerOutput[Flow, User] | Transmit | Dropped | Crossed


class Arrivals:
    """Bytes on their way to a transaction."""

    def __init__(
        self,
        doorway: Doorway,
        layer: TransactionLayer[Flow, User],
        registry: Registry,
    ) -> None:
        self._doorway = doorway
        self._layer = layer
        self._registry = registry

    def receive(self, data: bytes, flow: Flow, now: Instant) -> list[Arrived]:
        """Read one message and hand it to the transaction layer."""
        if not data.strip(b"\r\n\0 "):
            return [Dropped("keep-alive", flow)]
        if reason := self._doorway.turned_off(flow, now):
            return [Dropped(reason, flow)]
        match parse(data):
            case Refusal() as refusal:
                return self._refuse(refusal, len(data), flow, now)
            case Response() as response:
                return self._respond(response, flow, now)
            case Request() as request:
                return self._request(request, flow, now)

    def _refuse(
        self, refusal: Refusal, size: int, flow: Flow, now: Instant
    ) -> list[Arrived]:
        """Answer what cannot be read but says where it came from, without a transaction."""
        banned = self._doorway.offended(flow, now)
        response = self._doorway.refuse_bytes(refusal, size, flow, now)
        if banned or response is None:
            return [Dropped(BANNED if banned else refusal.reason, flow)]
        via = parse_via(response.headers.values("Via")[0])
        response.headers.replace_top("Via", str(stamp(via, flow.remote)))
        return [Transmit(serialize(response), response_flow(flow, via))]

    def _respond(self, response: Response, flow: Flow, now: Instant) -> list[Arrived]:
        try:
            read_through(response)
        except MalformedMessage as error:
            return [Dropped(error.reason, flow)]
        if len(response.headers.values("Via")) > 1:
            return [Dropped("response with a Via that is not ours", flow)]
        session = SessionId(response.from_.tag)
        arrived: list[Arrived] = []
        if session in self._registry.entries:
            arrived.append(Crossed(session, False, line_of(response), flow))
        return [*arrived, *self._layer.receive_response(response, flow, now)]

    def _request(self, request: Request, flow: Flow, now: Instant) -> list[Arrived]:
        if request.method == "ACK":
            try:
                read_through(request)
            except MalformedMessage as error:
                return [Dropped(error.reason, flow)]
        via = request.via
        stamped = stamp(via, flow.remote)
        if stamped is not via:
            request.headers.replace_top("Via", str(stamped))
        said = self._layer.receive_request(
            request,
            flow,
            now,
            reply_by=response_flow(flow, via),
            spare=reopened_flow(flow, via),
        )
        return [*said]
