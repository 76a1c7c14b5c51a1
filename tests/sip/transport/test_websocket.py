"""SIP in WebSocket frames, against wsproto's client."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from b2bua.sip.transport.framing import Broken, Framed
from b2bua.sip.transport.websocket import LARGEST, Output, Reply, WebSocketFraming

MESSAGE = "OPTIONS sip:b2bua SIP/2.0\r\nVia: SIP/2.0/WS df7.invalid;branch=z9hG4bK1\r\n\r\n"


class Browser:
    """The client of one connection."""

    def __init__(
        self, *subprotocols: str, origin: str = "", origins: tuple[str, ...] = ()
    ) -> None:
        self.framing = WebSocketFraming(30.0, origins)
        self._connection = WSConnection(ConnectionType.CLIENT)
        self.heard: list[Event] = []
        hello = Request(
            host="b2bua:8080",
            target="/",
            subprotocols=list(subprotocols),
            extra_headers=[(b"Origin", origin.encode())] if origin else [],
        )
        self.opening = self.send(hello)

    def send(self, event: Event, now: float = 0.0) -> list[Output]:
        return self.receive(self._connection.send(event), now)

    def receive(self, data: bytes, now: float = 0.0) -> list[Output]:
        outputs = self.framing.receive(data, now)
        for output in outputs:
            if isinstance(output, Reply):
                self.take(output.data)
            elif isinstance(output, Broken) and output.answer:
                self.take(output.answer)
        return outputs

    def take(self, data: bytes) -> None:
        self._connection.receive_data(data)
        self.heard += self._connection.events()


@pytest.fixture
def browser() -> Browser:
    return Browser("sip")


def deadline(browser: Browser) -> float | None:
    return browser.framing.deadline


def framed(outputs: Sequence[Output]) -> list[bytes]:
    return [output.data for output in outputs if isinstance(output, Framed)]


def test_the_subprotocol_is_agreed(browser: Browser) -> None:
    assert browser.heard == [AcceptConnection(subprotocol="sip")]
    assert browser.framing.deadline is None


def test_who_does_not_ask_for_sip_is_refused() -> None:
    browser = Browser("mqtt")
    (broken,) = browser.opening
    assert isinstance(broken, Broken)
    assert isinstance(browser.heard[0], RejectConnection)
    assert browser.framing.receive(b"more", 1.0) == []


@pytest.mark.parametrize(
    ("origin", "origins", "let"),
    [
        ("", (), True),
        ("https://b2bua", (), True),
        ("http://B2BUA:8443", (), True),
        ("https://evil.example", (), False),
        ("https://b2bua.evil.example", (), False),
        ("https://evil.example:8080", (), False),
        ("null", (), False),
        ("https://phones.example", ("https://phones.example",), True),
        ("http://phones.example", ("https://phones.example",), False),
        ("https://anywhere.example", ("*",), True),
    ],
)
def test_whose_page_may_connect(origin: str, origins: tuple[str, ...], let: bool) -> None:
    browser = Browser("sip", origin=origin, origins=origins)
    if let:
        assert browser.heard == [AcceptConnection(subprotocol="sip")]
    else:
        (broken,) = browser.opening
        assert isinstance(broken, Broken)
        refused = browser.heard[0]
        assert isinstance(refused, RejectConnection)
        assert refused.status_code == 403


def test_a_message_in_many_fragments_is_one(browser: Browser) -> None:
    halves = MESSAGE[:30], MESSAGE[30:50], MESSAGE[50:]
    outputs: list[Output] = []
    for number, part in enumerate(halves):
        last = number == len(halves) - 1
        outputs += browser.send(TextMessage(data=part, message_finished=last))
        outputs += browser.send(Ping(payload=b"between"))
    assert framed(outputs) == [MESSAGE.encode()]
    assert sum(isinstance(one, Pong) for one in browser.heard) == 3


def test_a_message_a_frame_both_ways(browser: Browser) -> None:
    assert framed(browser.send(TextMessage(data=MESSAGE))) == [MESSAGE.encode()]
    assert framed(browser.send(BytesMessage(data=b"\xff"))) == [b"\xff"]
    browser.take(browser.framing.wrap(MESSAGE.encode()))
    browser.take(browser.framing.wrap(b"\xff"))
    said = browser.heard[1:]
    assert said == [TextMessage(data=MESSAGE), BytesMessage(data=b"\xff")]


def test_a_message_in_pieces_must_come_in_time(browser: Browser) -> None:
    begun = TextMessage(data=MESSAGE[:20], message_finished=False)
    assert browser.send(begun, 1.0) == []
    assert deadline(browser) == 31.0
    rest = TextMessage(data=MESSAGE[20:], message_finished=True)
    assert framed(browser.send(rest, 2.0)) == [MESSAGE.encode()]
    assert deadline(browser) is None
    browser.send(begun, 3.0)
    (broken,) = browser.framing.wake(33.0)
    assert isinstance(broken, Broken)


def test_a_handshake_must_come_in_time() -> None:
    framing = WebSocketFraming(30.0)
    assert framing.receive(b"GET / HTTP/1.1\r\n", 1.0) == []
    assert framing.deadline == 31.0


def test_keep_alives_of_both_kinds_are_answered(browser: Browser) -> None:
    browser.send(Ping(payload=b"x"))
    browser.send(TextMessage(data="\r\n\r\n"))
    assert browser.send(TextMessage(data="\r\n")) == []
    assert browser.heard[1:] == [Pong(payload=b"x"), TextMessage(data="\r\n")]


def test_a_close_is_answered(browser: Browser) -> None:
    (broken,) = browser.send(CloseConnection(code=1000))
    assert isinstance(broken, Broken)
    assert isinstance(browser.heard[-1], CloseConnection)


def test_too_large_a_message_ends_it(browser: Browser) -> None:
    outputs = browser.send(TextMessage(data="x" * (LARGEST + 1)))
    assert isinstance(outputs[-1], Broken)
    assert framed(outputs) == []


@given(st.lists(st.binary(max_size=200), max_size=5), st.booleans())
def test_any_bytes_give_messages_or_an_end(pieces: list[bytes], opened: bool) -> None:
    framing = Browser("sip").framing if opened else WebSocketFraming(30.0)
    for piece in pieces:
        framing.receive(piece, 0.0)
