"""RFC 3261 §18.3 and RFC 5626 §3.5.1: a stream in any pieces, and what may not be in it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.message.message import Response
from b2bua.sip.message.parser import parse
from b2bua.sip.transport.framing import (
    MAX_BODY,
    MAX_HEAD,
    Broken,
    Framed,
    Output,
    Pong,
    StreamFraming,
)

HEAD = (
    b"INFO sip:b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"To: <sip:b>\r\nCall-ID: c\r\nCSeq: 1 INFO\r\n"
)


def message(body: bytes = b"", length: str | None = None) -> bytes:
    size = f"Content-Length: {len(body)}" if length is None else length
    return HEAD + size.encode() + b"\r\n\r\n" + body


def frame(data: bytes) -> list[Output]:
    return StreamFraming().receive(data, 0.0)


stream = [
    b"\r\n\r\n",
    message(),
    message(b"1234\r\n\r\nINFO"),
    b"\r\n",
    message(b"\r\n"),
    b"\r\n\r\n",
    b"\r\n\r\n",
    message(b"x" * 100),
]
EXPECTED = [
    Pong(),
    Framed(stream[1]),
    Framed(stream[2]),
    Framed(stream[4]),
    Pong(),
    Pong(),
    Framed(stream[7]),
]


def test_messages_and_keep_alives_come_out_in_order() -> None:
    assert frame(b"".join(stream)) == EXPECTED


@given(st.lists(st.integers(0, sum(map(len, stream)))))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int]) -> None:
    data = b"".join(stream)
    edges = [0, *sorted(cuts), len(data)]
    framing = StreamFraming()
    outputs: list[Output] = []
    for start, end in itertools.pairwise(edges):
        outputs += framing.receive(data[start:end], 0.0)
    assert outputs == EXPECTED
    assert framing.deadline is None


def test_a_short_message_behind_a_long_one_is_found() -> None:
    framing = StreamFraming()
    long = message(length="X: " + "x" * 500 + "\r\nl: 0")
    framing.receive(long[:-1], 0.0)
    assert framing.receive(long[-1:] + message(), 0.0) == [Framed(long), Framed(message())]


@pytest.mark.parametrize(
    "line",
    ["l: 3", "L :3", "content-LENGTH:   3  ", "Content-Length:\r\n 3", "l: 3\r\nl:3"],
)
def test_every_spelling_of_the_length_counts(line: str) -> None:
    data = message(b"abc", line)
    assert frame(data + message()) == [Framed(data), Framed(message())]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("X: 1", "Content-Length Missing"),
        ("Content-Length: -1", "Bad Content-Length"),
        ("Content-Length: 0x10", "Bad Content-Length"),
        ("Content-Length: ", "Bad Content-Length"),
        ("Content-Length: 5, 6", "Bad Content-Length"),
        ("Content-Length: " + "9" * 5000, "Bad Content-Length"),
        (f"Content-Length: {MAX_BODY + 1}", "Body Too Large"),
        ("Content-Length: 5\r\nl: 6", "Two Content-Lengths"),
    ],
)
def test_a_bad_length_is_answered_with_400_and_ends_the_stream(
    line: str, reason: str
) -> None:
    framing = StreamFraming()
    [broken] = framing.receive(message(length=line) + message(), 0.0)
    assert isinstance(broken, Broken)
    assert broken.reason == reason
    answer = parse(broken.answer)
    assert isinstance(answer, Response)
    assert (answer.status, answer.reason) == (400, reason)
    assert answer.to.tag
    assert answer.call_id == "c"
    assert framing.receive(message(), 1.0) == []
    assert framing.deadline is None


@pytest.mark.parametrize("start", [b"ACK sip:b SIP/2.0", b"SIP/2.0 200 OK", b"GET / HTTP"])
def test_what_is_no_request_is_not_answered(start: bytes) -> None:
    data = message(length="l: x").replace(b"INFO sip:b SIP/2.0", start, 1)
    if start.startswith(b"ACK"):
        data = data.replace(b"1 INFO", b"1 ACK")
    assert frame(data) == [Broken("Bad Content-Length")]


def test_a_head_without_an_end_is_bounded() -> None:
    framing = StreamFraming()
    outputs: list[Output] = []
    for _ in range(MAX_HEAD // 1000 + 2):
        outputs += framing.receive(b"x" * 1000, 0.0)
    assert outputs == [Broken("Header Too Large")]


def test_a_head_that_comes_whole_is_bounded_too() -> None:
    assert frame(b"x" * (MAX_HEAD + 1) + b"\r\n\r\n") == [Broken("Header Too Large")]


def test_a_begun_message_has_30_seconds() -> None:
    framing = StreamFraming()
    assert framing.receive(b"INFO", 1.0) == []
    assert framing.receive(b" sip:", 20.0) == []
    assert framing.deadline == 31.0
    assert framing.wake(30.9) == []
    assert framing.wake(31.0) == [Broken("Message Not Finished In Time")]
    assert framing.deadline is None


def test_the_next_message_has_its_own_30_seconds() -> None:
    framing = StreamFraming()
    framing.receive(message()[:10], 1.0)
    assert framing.receive(message()[10:] + b"INFO", 20.0) == [Framed(message())]
    assert framing.deadline == 50.0


def test_keep_alives_alone_have_no_deadline() -> None:
    framing = StreamFraming()
    assert framing.receive(b"\r\n", 1.0) == []
    assert framing.deadline is None
    assert framing.receive(b"\r\n", 1.0) == [Pong()]


@given(
    st.lists(st.binary(max_size=50) | st.sampled_from([b"\r\n", b"\r\n\r\n", message()]))
)
def test_any_bytes_end_somewhere(pieces: list[bytes]) -> None:
    framing = StreamFraming()
    outputs: list[Output] = []
    for piece in pieces:
        outputs += framing.receive(piece, 0.0)
    broken = [output for output in outputs if isinstance(output, Broken)]
    assert not broken or outputs.index(broken[0]) == len(outputs) - 1
