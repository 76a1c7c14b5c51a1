"""RFC 3264 §5 to §8 for one audio stream."""

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.sdp.crypto import Secrecy, Srtp
from b2bua.sip.sdp.description import Direction, SessionDescription
from b2bua.sip.sdp.negotiation import (
    Agreement,
    LocalAudio,
    agree,
    family,
    make_answer,
    make_offer,
    obstacle,
)
from b2bua.sip.sdp.parser import parse_description
from b2bua.sip.sdp.serializer import serialize_description

LOCAL = LocalAudio(
    address="127.0.0.2", rtp_port=4000, rtcp_port=4001, session_id=7, version=3
)


def offered(*streams: str, address: str = "127.0.0.9") -> SessionDescription:
    head = f"v=0\no=- 1 1 IN IP4 127.0.0.9\ns=-\nc=IN IP4 {address}\nt=0 0\n"
    return parse_description((head + "\n".join(streams)).encode())


def answered(offer: SessionDescription, local: LocalAudio = LOCAL) -> list[str]:
    """The m= and a= lines of our answer."""
    answer = make_answer(offer, local)
    assert answer is not None
    assert parse_description(serialize_description(answer)).media[0].kind
    lines = serialize_description(answer).decode().split("\r\n")
    return [line for line in lines if line[:2] in ("m=", "a=")]


EVENTS_96 = "a=rtpmap:96 telephone-event/8000"

ANSWERS: dict[str, tuple[SessionDescription, list[str]]] = {
    "the order and the payload types are the offer's": (
        offered("m=audio 5000 RTP/AVP 18 0 3 8 96", EVENTS_96),
        [
            "m=audio 4000 RTP/AVP 0 8 96",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:8 PCMA/8000",
            EVENTS_96,
            "a=fmtp:96 0-15",
            "a=ptime:20",
            "a=sendrecv",
        ],
    ),
    "no telephone-event offered, none answered": (
        offered("m=audio 5000 RTP/AVP 8"),
        ["m=audio 4000 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "a=sendrecv"],
    ),
    "telephone-event of another clock is not ours": (
        offered("m=audio 5000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/48000"),
        ["m=audio 4000 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=ptime:20", "a=sendrecv"],
    ),
    "a codec under a dynamic payload type": (
        offered("m=audio 5000 RTP/AVP 98", "a=rtpmap:98 pcma/8000"),
        ["m=audio 4000 RTP/AVP 98", "a=rtpmap:98 PCMA/8000", "a=ptime:20", "a=sendrecv"],
    ),
    "other streams are refused in kind": (
        offered(
            "m=video 6000 RTP/AVP 31 99",
            "m=audio 5000 RTP/SAVP 8",
            "m=audio 5002 RTP/AVP 8",
            "m=audio 5004 RTP/AVP 8",
            "m=image 5006 udptl t38",
        ),
        [
            "m=video 0 RTP/AVP 31 99",
            "m=audio 0 RTP/SAVP 8",
            "m=audio 4000 RTP/AVP 8",
            "a=rtpmap:8 PCMA/8000",
            "a=ptime:20",
            "a=sendrecv",
            "m=audio 0 RTP/AVP 8",
            "m=image 0 udptl t38",
        ],
    ),
}


@pytest.mark.parametrize(("offer", "lines"), ANSWERS.values(), ids=ANSWERS.keys())
def test_answers(offer: SessionDescription, lines: list[str]) -> None:
    assert answered(offer) == lines


@pytest.mark.parametrize(
    "offer",
    [
        offered(),
        offered("m=audio 5000 RTP/AVP 18"),
        offered("m=audio 0 RTP/AVP 8"),
        offered("m=audio 5000 RTP/SAVP 8"),
        offered("m=video 5000 RTP/AVP 8"),
        offered("m=audio 5000 RTP/AVP 98", "a=rtpmap:98 PCMA/16000"),
        offered("m=audio 5000 RTP/AVP 98", "a=rtpmap:98 PCMA/8000/2"),
        offered("m=audio 5000 RTP/AVP 8", address="224.2.1.1"),
        offered("m=audio 5000 RTP/AVP 8", address="255.255.255.255"),
        offered("m=audio 5000 RTP/AVP 8", address="media.example"),
    ],
)
def test_nothing_in_common(offer: SessionDescription) -> None:
    assert make_answer(offer, LOCAL) is None
    assert agree(make_offer(LOCAL), offer) is None


@pytest.mark.parametrize(
    ("direction", "address", "ours", "answer"),
    [
        ("sendrecv", "127.0.0.9", Direction.SENDRECV, "sendrecv"),
        ("sendonly", "127.0.0.9", Direction.SENDRECV, "recvonly"),
        ("recvonly", "127.0.0.9", Direction.SENDRECV, "sendonly"),
        ("inactive", "127.0.0.9", Direction.SENDRECV, "inactive"),
        ("sendrecv", "0.0.0.0", Direction.SENDRECV, "recvonly"),
        ("recvonly", "0.0.0.0", Direction.SENDRECV, "inactive"),
        ("sendrecv", "::", Direction.SENDRECV, "recvonly"),
        ("sendrecv", "127.0.0.9", Direction.SENDONLY, "sendonly"),
        ("sendonly", "127.0.0.9", Direction.SENDONLY, "inactive"),
    ],
)
def test_direction(direction: str, address: str, ours: Direction, answer: str) -> None:
    """§6.1, and §8.4: the address 0.0.0.0 is a hold."""
    offer = offered("m=audio 5000 RTP/AVP 8", f"a={direction}", address=address)
    local = dataclasses.replace(LOCAL, direction=ours)
    assert answered(offer, local)[-1] == f"a={answer}"


def test_telephone_event_is_not_answered_when_we_do_not_want_it() -> None:
    local = dataclasses.replace(LOCAL, events_payload_type=None)
    lines = answered(offered("m=audio 5000 RTP/AVP 8 96", EVENTS_96), local)
    assert lines[0] == "m=audio 4000 RTP/AVP 8"


def test_the_offer() -> None:
    assert serialize_description(make_offer(LOCAL)).decode().split("\r\n") == [
        "v=0",
        "o=- 7 3 IN IP4 127.0.0.2",
        "s=-",
        "c=IN IP4 127.0.0.2",
        "t=0 0",
        "m=audio 4000 RTP/AVP 8 0 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


def test_an_rtcp_port_of_its_own_is_said() -> None:
    local = dataclasses.replace(LOCAL, rtcp_port=4711, events_payload_type=None)
    lines = serialize_description(make_offer(local)).decode().split("\r\n")
    assert "a=rtcp:4711" in lines
    assert not [line for line in lines if "telephone-event" in line]


def test_what_is_agreed() -> None:
    offer = offered("m=audio 5000 RTP/AVP 18 0 8 96", EVENTS_96, "a=rtcp:5009")
    answer = make_answer(offer, LOCAL)
    assert answer is not None
    expected = Agreement(
        address="127.0.0.9",
        rtp_port=5000,
        rtcp_port=5009,
        codec="PCMU",
        payload_type=0,
        accepts=((0, "PCMU"), (8, "PCMA")),
        events_payload_type=96,
        sending=True,
        receiving=True,
    )
    assert agree(answer, offer) == expected
    assert agree(offer, answer) == dataclasses.replace(
        expected, address="127.0.0.2", rtp_port=4000, rtcp_port=4001
    )


@pytest.mark.parametrize(
    ("direction", "sending", "receiving"),
    [
        ("sendrecv", True, True),
        ("sendonly", False, True),
        ("recvonly", True, False),
        ("inactive", False, False),
    ],
)
def test_who_speaks(direction: str, sending: bool, receiving: bool) -> None:
    """From the view of the far end's description, whoever offered."""
    theirs = offered("m=audio 5000 RTP/AVP 8", f"a={direction}")
    for ours in (make_offer(LOCAL), make_answer(theirs, LOCAL)):
        assert ours is not None
        agreement = agree(ours, theirs)
        assert agreement is not None
        assert (agreement.sending, agreement.receiving) == (sending, receiving)


def test_a_held_stream_is_not_sent_to() -> None:
    theirs = offered("m=audio 5000 RTP/AVP 8", address="0.0.0.0")
    agreement = agree(make_offer(LOCAL), theirs)
    assert agreement is not None
    assert not agreement.sending
    assert agreement.receiving


SIX = replace(LOCAL, address="2001:db8::2")


@pytest.mark.parametrize(
    ("here", "there"), [(LOCAL, "2001:db8::9"), (SIX, "192.0.2.9")], ids=["four", "six"]
)
def test_a_stream_of_the_other_ip_version_is_not_carried(
    here: LocalAudio, there: str
) -> None:
    theirs = offered("m=audio 5000 RTP/AVP 8", address=there)
    assert make_answer(theirs, here) is None
    assert agree(make_offer(here), theirs) is None


def test_of_two_streams_that_of_our_ip_version_is_taken() -> None:
    """As who is dual-stack may write them (RFC 4091 §3), to who knows no grouping."""
    both = offered(
        "m=audio 5000 RTP/AVP 8",
        "c=IN IP6 2001:db8::9",
        "m=audio 5002 RTP/AVP 8",
        "c=IN IP4 192.0.2.9",
        address="192.0.2.1",
    )
    assert family(both) == 6
    for local, taken in ((SIX, [4000, 0]), (LOCAL, [0, 4000])):
        answer = make_answer(both, local)
        assert answer is not None
        assert [stream.port for stream in answer.media] == taken
        agreement = agree(answer, both)
        assert agreement is not None
        assert agreement.rtp_port == (5000 if local is SIX else 5002)


@pytest.mark.parametrize(
    ("address", "version"),
    [("192.0.2.1", 4), ("2001:db8::1", 6), ("0.0.0.0", 0), ("::", 0), ("a.example", 0)],
)
def test_the_ip_version_of_a_description(address: str, version: int) -> None:
    assert family(offered("m=audio 5000 RTP/AVP 8", address=address)) == version
    assert family(offered("m=video 5000 RTP/AVP 34", address=address)) == 0


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_hold_in_the_old_way_is_of_no_ip_version(address: str) -> None:
    theirs = offered("m=audio 5000 RTP/AVP 8", address=address)
    for local in (LOCAL, SIX):
        agreement = agree(make_offer(local), theirs)
        assert agreement is not None
        assert not agreement.sending


def test_the_far_end_chooses_what_we_send() -> None:
    theirs = offered("m=audio 65535 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")
    agreement = agree(make_offer(LOCAL), theirs)
    assert agreement is not None
    assert (agreement.codec, agreement.payload_type) == ("PCMU", 0)
    assert agreement.accepts == ((8, "PCMA"), (0, "PCMU"))
    assert agreement.events_payload_type == 101
    assert agreement.rtcp_port == 65535


def test_rtcp_goes_with_rtp_only_if_both_want_it_so() -> None:
    """RFC 5761 §5.1.1: we answer such an offer in kind, and make none ourselves."""
    theirs = offered("m=audio 5000 RTP/AVP 8", "a=rtcp:5009", "a=rtcp-mux")
    answer = make_answer(theirs, LOCAL)
    assert answer is not None
    assert "a=rtcp-mux" in answered(theirs)
    agreement = agree(answer, theirs)
    assert agreement is not None
    assert agreement.rtcp_port == 5000
    offer = make_offer(LOCAL)
    assert not offer.media[0].rtcp_mux
    unasked = agree(offer, theirs)
    assert unasked is not None
    assert unasked.rtcp_port == 5009


def test_who_wants_no_rtcp_gets_none() -> None:
    theirs = offered("m=audio 5000 RTP/AVP 8", "b=RS:0", "b=RR:0", "a=rtcp-mux")
    for ours in (make_offer(LOCAL), make_answer(theirs, LOCAL)):
        assert ours is not None
        agreement = agree(ours, theirs)
        assert agreement is not None
        assert agreement.rtcp_port == 0


INLINE = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40


@pytest.mark.parametrize(
    ("lines", "srtp", "why"),
    [
        (["m=video 5000 RTP/AVP 34"], Srtp.NEVER, "no audio"),
        (["m=audio 5000 RTP/AVP 8", "c=IN IP6 ::9"], Srtp.NEVER, "IP version"),
        (["m=audio 5000 RTP/AVP 18"], Srtp.NEVER, "no codec in common"),
        (["m=audio 5000 RTP/SAVP 8", INLINE], Srtp.NEVER, "not allowed here"),
        (["m=audio 5000 RTP/SAVP 8", f"{INLINE}|2^20|1:4"], Srtp.OPTIONAL, "MKI"),
        (["m=audio 5000 RTP/SAVP 8"], Srtp.REQUIRED, "without a key"),
        (["m=audio 5000 RTP/AVP 8"], Srtp.REQUIRED, "no SRTP is offered"),
    ],
)
def test_why_an_offer_cannot_be_answered(lines: list[str], srtp: Srtp, why: str) -> None:
    local = replace(LOCAL, secrecy=Secrecy(srtp, b"m"))
    assert make_answer(offered(*lines), local) is None
    assert why in obstacle(offered(*lines), local)


codecs = st.lists(st.sampled_from(["PCMA", "PCMU"]), min_size=1, max_size=2, unique=True)
sides = st.builds(
    LocalAudio,
    address=st.sampled_from(["127.0.0.1", "::1"]),
    rtp_port=st.integers(1, 65534),
    rtcp_port=st.integers(1, 65535),
    session_id=st.integers(0, 9),
    version=st.integers(0, 9),
    direction=st.sampled_from(Direction),
    codecs=codecs.map(tuple),
    events_payload_type=st.none() | st.integers(96, 127),
)


@given(sides, sides)
def test_both_sides_agree_on_the_same(caller: LocalAudio, called: LocalAudio) -> None:
    offer = make_offer(caller)
    answer = make_answer(offer, called)
    if answer is None:
        one_family = (":" in caller.address) == (":" in called.address)
        assert not (one_family and set(caller.codecs) & set(called.codecs))
        return
    mine, theirs = agree(offer, answer), agree(answer, offer)
    assert mine is not None
    assert theirs is not None
    assert (mine.codec, mine.payload_type) == (theirs.codec, theirs.payload_type)
    assert mine.events_payload_type == theirs.events_payload_type
    assert (mine.sending, mine.receiving) == (theirs.receiving, theirs.sending)
    assert (theirs.address, theirs.rtp_port) == (caller.address, caller.rtp_port)
    assert theirs.rtcp_port == caller.rtcp_port
