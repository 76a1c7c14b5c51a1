"""Messages survive the wire in any slices, and rubbish is told as such."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.control.codec import (
    FRAME_CAP,
    FrameTooLong,
    MalformedFrame,
    encode,
    fact_decoder,
    order_decoder,
)
from media.control.messages import (
    Adopt,
    Adopted,
    Close,
    Closed,
    CloseSession,
    Connect,
    Expired,
    Extend,
    Fact,
    Feed,
    FellSilent,
    FromNothing,
    FromPort,
    FromPrompts,
    FromSilence,
    Heard,
    Open,
    Opened,
    OpenFailed,
    Order,
    Played,
    Pressed,
    Record,
    Recorded,
    Refused,
    Remote,
    SendDigits,
    Statistics,
    StopRecording,
)

REMOTE = Remote(
    address="192.0.2.1",
    rtp_port=4000,
    rtcp_port=4001,
    codec="PCMA",
    payload_type=8,
    accepts={8: "PCMA", 0: "PCMU"},
    events_payload_type=101,
    trusted=("192.0.2.0/24",),
)

ORDERS: list[Order] = [
    Open(session="s", port="p", lifetime=3600.0),
    Connect(session="s", port="p", remote=REMOTE),
    Feed(session="s", port="p", source=FromPort("q")),
    Feed(session="s", port="p", source=FromPrompts(prompts=("zh/欢迎",), token="t")),
    Feed(session="s", port="p", source=FromSilence()),
    Feed(session="s", port="p", source=FromNothing()),
    SendDigits(session="s", port="p", digits="1w2#"),
    Record(session="s", port="p", path="/tmp/x.wav", both=True),
    StopRecording(session="s", port="p"),
    Close(session="s", port="p"),
    CloseSession(session="s"),
    Extend(session="s", lifetime=60.0),
    Adopt(("s", "t")),
]

FACTS: list[Fact] = [
    Opened(session="s", port="p", address="127.0.0.1", rtp_port=20000, rtcp_port=20001),
    OpenFailed(session="s", port="p", reason="no pair of ports is free"),
    Heard(session="s", port="p"),
    Pressed(session="s", port="p", digit="5", duration_ms=120),
    Played(session="s", port="p", token="t", completed=False, reason="missing"),
    FellSilent(session="s", port="p", seconds=30.0),
    Recorded(session="s", port="p", path="/tmp/x.wav", milliseconds=1000),
    Closed(session="s", port="p", statistics=Statistics(packets_sent=3, mos=4.1)),
    Expired(session="s"),
    Adopted(sessions={"s": ("p", "q")}),
    Refused(session="s", port="p", reason="unknown port"),
]


@given(st.lists(st.sampled_from(ORDERS)), st.integers(1, 40))
def test_orders_survive_any_slicing(orders: list[Order], slice_length: int) -> None:
    stream = b"".join(map(encode, orders))
    decoder = order_decoder()
    heard: list[Order] = []
    for start in range(0, len(stream), slice_length):
        heard += decoder.feed(stream[start : start + slice_length])
    assert heard == orders


def test_facts_survive_in_one_slice() -> None:
    assert list(fact_decoder().feed(b"".join(map(encode, FACTS)))) == FACTS


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(framed(b""), id="nothing in the frame"),
        pytest.param(framed(b"\xc1"), id="not msgpack"),
        pytest.param(framed(b"\x81\xa4type\xa4Open"), id="fields missing"),
        pytest.param(framed(b"\x81\xa4type\xa6Format"), id="no such order"),
        pytest.param(framed(b"\x91" * 100000), id="nested without end"),
        pytest.param(encode(Heard(session="s", port="p")), id="a fact, not an order"),
        pytest.param(encode(CloseSession(session="s" * 256)), id="too long a name"),
        pytest.param(framed(b"\x81\xa4type\xa4\xff\xff\xff\xff"), id="not UTF-8"),
    ],
)
def test_rubbish_is_malformed(stream: bytes) -> None:
    with pytest.raises(MalformedFrame):
        list(order_decoder().feed(stream))


def test_a_frame_over_the_cap_is_refused_at_its_first_four_octets() -> None:
    with pytest.raises(MalformedFrame, match="is the most"):
        list(order_decoder().feed((FRAME_CAP + 1).to_bytes(4, "big")))


def test_we_do_not_send_what_would_not_be_taken() -> None:
    with pytest.raises(FrameTooLong):
        encode(Adopt(("s" * 255,) * (FRAME_CAP // 255)))


def test_what_came_before_rubbish_is_heard() -> None:
    messages = order_decoder().feed(encode(ORDERS[0]) + framed(b"\xc1"))
    assert next(messages) == ORDERS[0]
    with pytest.raises(MalformedFrame):
        next(messages)


@given(st.binary(max_size=200))
def test_decoding_is_total(body: bytes) -> None:
    try:
        list(order_decoder().feed(framed(body) + body))
    except MalformedFrame as fault:
        assert str(fault)  # noqa: PT017
