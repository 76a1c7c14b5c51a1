"""A far end written out by hand: it says what a test wants it to say."""

from dataclasses import dataclass, field

from b2bua.core.address import Address
from b2bua.sip.dialog.events import Event, Order
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.outputs import (
    Crossed,
    Dropped,
    Output,
    Resolve,
    SaveBindings,
    Transmit,
    WayChanged,
)
from b2bua.sip.message.build import response_to
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Message, Request, Response
from b2bua.sip.message.parser import Refusal, parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.serializer import serialize_description
from b2bua.sip.transport.flow import Flow
from tests.sip.party import CALLED, CALLER, endpoint

SDP = ("Content-Type", "application/sdp")
CONTACT = ("Contact", "<sip:far@127.0.1.1:5060>")


@dataclass
class Peer:
    """The far end at CALLER, and the endpoint at CALLED under test."""

    endpoint: SipEndpoint = field(default_factory=lambda: endpoint(CALLED, CALLER, 9))
    now: float = 1000.0
    source: Address = CALLER
    heard: list[Message] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    questions: list[Resolve] = field(default_factory=list)
    targets: list[Address] = field(default_factory=list)
    echoes: list[bytes] = field(default_factory=list)
    """Refusals of what could not be read, and so cannot be read either."""
    branch: int = 0
    changes: list[WayChanged] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    """Where phones are, as the journal has it."""

    def send(self, message: Message | bytes, source: Address | None = None) -> None:
        data = message if isinstance(message, bytes) else serialize(message)
        flow = Flow("udp", CALLED, source or self.source)
        self.take(self.endpoint.receive(data, flow, self.now))

    def order(self, order: Order) -> None:
        self.take(self.endpoint.order(order, self.now))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (at := self.endpoint.deadline) is not None and at <= end:
            self.now = max(at, self.now)
            self.take(self.endpoint.wake(self.now))
        self.now = end

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Transmit(data, flow):
                    message = parse(data)
                    if isinstance(message, Refusal):
                        assert data[8:9] in b"45", data
                        self.echoes.append(data)
                    else:
                        self.heard.append(message)
                    self.targets.append(flow.remote)
                case Dropped(reason):
                    self.dropped.append(reason)
                case Resolve():
                    self.questions.append(output)
                case Crossed():
                    pass
                case WayChanged():
                    self.changes.append(output)
                case SaveBindings(extension, state):
                    self.kept[extension] = state
                case _:
                    self.events.append(output)

    def next_branch(self) -> str:
        self.branch += 1
        return f"z9hG4bKpeer{self.branch}"

    def request(
        self,
        method: str,
        *extra: tuple[str, str],
        uri: str = "sip:4006001234@127.0.2.1",
        to_tag: str = "",
        cseq: int = 1,
        body: bytes = b"",
        branch: str = "",
        call_id: str = "call-1",
    ) -> Request:
        tag = f";tag={to_tag}" if to_tag else ""
        headers = Headers(
            [
                (
                    "Via",
                    f"SIP/2.0/UDP 127.0.1.1:5060;branch={branch or self.next_branch()}",
                ),
                ("Max-Forwards", "70"),
                ("From", "<sip:13800138000@127.0.1.1>;tag=far"),
                ("To", f"<sip:4006001234@127.0.2.1>{tag}"),
                ("Call-ID", call_id),
                ("CSeq", f"{cseq} {method}"),
                CONTACT,
            ]
        )
        for name, value in extra:
            headers.set(name, value)
        return Request(method, uri, headers, body)

    def invite(
        self,
        *extra: tuple[str, str],
        offer: SessionDescription | None = None,
        **changes: str | int,
    ) -> Request:
        if offer is not None:
            extra = (SDP, *extra)
        body = serialize_description(offer) if offer is not None else b""
        return self.request("INVITE", *extra, body=body, **changes)  # type: ignore[arg-type]

    def ack_of(
        self, response: Response, *extra: tuple[str, str], body: bytes = b""
    ) -> Request:
        return self.request(
            "ACK",
            *extra,
            to_tag=response.to.tag,
            cseq=response.cseq.number,
            body=body,
        )

    def requests(self, method: str) -> list[Request]:
        return [
            message
            for message in self.heard
            if isinstance(message, Request) and message.method == method
        ]

    def responses(self, method: str) -> list[Response]:
        return [
            message
            for message in self.heard
            if isinstance(message, Response) and message.cseq.method == method
        ]

    def statuses(self, method: str) -> list[int]:
        return [response.status for response in self.responses(method)]

    def answer(
        self,
        request: Request,
        status: int,
        *extra: tuple[str, str],
        tag: str = "far",
        description: SessionDescription | None = None,
    ) -> None:
        body = b""
        if description is not None:
            extra, body = (*extra, SDP), serialize_description(description)
        if request.method == "INVITE" and 100 < status < 300:
            extra = (*extra, CONTACT)
        self.send(response_to(request, status, to_tag=tag, extra=extra, body=body))


def only(items: list[Request]) -> Request:
    (item,) = items
    return item
