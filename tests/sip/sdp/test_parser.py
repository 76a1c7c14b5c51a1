"""One table of descriptions for parser and serializer: RFC 8866."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.core.errors import InvalidState
from b2bua.sip.sdp.codecs import STATIC
from b2bua.sip.sdp.description import (
    Direction,
    Format,
    MediaDescription,
    SessionDescription,
)
from b2bua.sip.sdp.errors import MalformedDescription
from b2bua.sip.sdp.parser import MAX_LINES, MAX_STREAMS, parse_description
from b2bua.sip.sdp.serializer import serialize_description

PCMA, PCMU = STATIC[8], STATIC[0]
EVENTS = Format(payload_type=101, encoding="telephone-event", parameters="0-15")


def text(*lines: str, end: str = "\r\n") -> bytes:
    return (end.join(lines) + end).encode("utf-8", "surrogateescape")


HEAD = ["v=0", "o=bench 1 2 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
TYPICAL = [
    *HEAD,
    "m=audio 30000 RTP/AVP 8 0 101",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-15",
    "a=ptime:20",
    "a=sendrecv",
]


def session(*media: MediaDescription, address: str = "127.0.0.1") -> SessionDescription:
    return SessionDescription(
        username="bench",
        session_id=1,
        version=2,
        origin_address="127.0.0.1",
        address=address,
        media=media,
    )


AUDIO = MediaDescription(
    kind="audio",
    port=30000,
    formats=(PCMA, PCMU, EVENTS),
    address="127.0.0.1",
    packet_ms=20,
)

BOTH_WAYS: dict[str, tuple[list[str], SessionDescription]] = {
    "a typical one": (TYPICAL, session(AUDIO)),
    "none but the session": (HEAD, session()),
    "a refused stream": (
        [*HEAD, "m=video 0 RTP/AVP 31"],
        session(
            MediaDescription(
                kind="video", port=0, formats=(STATIC[31],), address="127.0.0.1"
            )
        ),
    ),
    "a stream that is not RTP": (
        [*HEAD, "m=image 5000 udptl t38", "a=sendrecv"],
        session(
            MediaDescription(
                kind="image",
                port=5000,
                protocol="udptl",
                raw_formats=("t38",),
                address="127.0.0.1",
            )
        ),
    ),
    "everything that a stream can say": (
        [
            *HEAD,
            "m=audio 4000 RTP/AVP 8 97 98",
            "c=IN IP6 2001:db8::1",
            "b=RS:0",
            "b=RR:0",
            "a=rtpmap:8 PCMA/8000",
            "a=rtpmap:97 opus/48000/2",
            "a=fmtp:97 useinbandfec=1; stereo=0",
            "a=ptime:30",
            "a=rtcp:4011",
            "a=rtcp-mux",
            "a=inactive",
        ],
        session(
            MediaDescription(
                kind="audio",
                port=4000,
                formats=(
                    PCMA,
                    Format(
                        payload_type=97,
                        encoding="opus",
                        clock_rate=48000,
                        channels=2,
                        parameters="useinbandfec=1; stereo=0",
                    ),
                    Format(payload_type=98, encoding=""),
                ),
                address="2001:db8::1",
                direction=Direction.INACTIVE,
                rtcp_port=4011,
                rtcp_mux=True,
                rtcp_off=True,
                packet_ms=30,
            )
        ),
    ),
}


@pytest.mark.parametrize(("lines", "description"), BOTH_WAYS.values(), ids=BOTH_WAYS.keys())
def test_read_and_write(lines: list[str], description: SessionDescription) -> None:
    assert parse_description(text(*lines)) == description
    assert serialize_description(description) == text(*lines)


@pytest.mark.parametrize(
    ("of_session", "of_stream", "off"),
    [
        (["b=RS:0", "b=RR:0"], [], True),
        (["b=RS:0"], ["b=RR: 0"], True),
        (["b=RS:0", "b=RR:0"], ["b=RR:2000"], False),
        ([], ["b=RS:0", "b=RR:2000"], False),
        ([], ["b=RS:0"], False),
        ([], ["b=AS:0"], False),
    ],
)
def test_no_bandwidth_for_rtcp_is_no_rtcp(
    of_session: list[str], of_stream: list[str], off: bool
) -> None:
    """RFC 3556 §2; the stream's own word is what counts (§3)."""
    described = parse_description(
        text(*HEAD, *of_session, "m=audio 4000 RTP/AVP 8", "c=IN IP4 127.0.0.1", *of_stream)
    )
    assert described.media[0].rtcp_off is off


LENIENT: dict[str, list[str]] = {
    "another order, and lines that we do not read": [
        *HEAD[:2],
        "c=IN IP4 127.0.0.1",
        "b=AS:64",
        "i=a\udcff",
        "a=tool:x",
        "m=audio 30000/1 RTP/AVP 8 0 101",
        "b=AS:64",
        "a=fmtp:101 0-15",
        "a=rtpmap:101 TELEPHONE-EVENT/8000",
        "a=rtpmap:8 pcma/8000/1",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
        "a=ptime:20.0",
        "a=maxptime:150",
        "a=silenceSupp:off - - - -",
    ],
    "an address of the stream alone": [
        *HEAD[:3],
        "m=audio 30000 RTP/AVP 8 0 101",
        "c=IN IP4 127.0.0.1/127",
        *TYPICAL[6:],
    ],
    "direction and ptime of the session": [
        *HEAD,
        "a=sendrecv",
        "a=ptime:20",
        *[line for line in TYPICAL[5:] if line not in ("a=sendrecv", "a=ptime:20")],
    ],
    "white space": [
        *HEAD[:3],
        "c= IN  IP4  127.0.0.1 ",
        "m= audio  30000  RTP/AVP  8 0 101 ",
        "a=rtpmap:101  telephone-event/8000 ",
        "a=fmtp:101   0-15 ",
        "a=ptime: 20",
    ],
}


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("lines", LENIENT.values(), ids=LENIENT.keys())
def test_what_others_write_is_read(lines: list[str], end: str) -> None:
    assert parse_description(text(*lines, end=end)).media == (AUDIO,)


def test_what_the_session_says_holds_where_the_stream_is_silent() -> None:
    streams = [M, "a=recvonly", "a=ptime:30", M]
    one, other = parse_description(text(*HEAD, "a=inactive", "a=ptime:10", *streams)).media
    assert (one.direction, one.packet_ms) == (Direction.RECVONLY, 30)
    assert (other.direction, other.packet_ms) == (Direction.INACTIVE, 10)


def test_ptime_that_says_nothing() -> None:
    for value in ("0", "soon", "99999", ""):
        (media,) = parse_description(text(*TYPICAL[:6], f"a=ptime:{value}")).media
        assert media.packet_ms is None


M = "m=audio 30000 RTP/AVP 8"
MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "another version": text("v=1", *HEAD[1:]),
    "no origin": text("v=0", "s=-"),
    "a short origin": text("v=0", "o=- 1 1"),
    "an origin that is no number": text("v=0", "o=- x 1 IN IP4 h"),
    "an origin beyond 64 bits": text("v=0", f"o=- {2**64} 1 IN IP4 h"),
    "an origin of a thousand digits": text("v=0", f"o=- {'1' * 5000} 1 IN IP4 h"),
    "another network": text("v=0", "o=- 1 1 ATM IP4 h"),
    "an address with a quote": text(*HEAD[:3], 'c=IN IP4 "h"', M),
    "no address": text(*HEAD[:3], M),
    "a port beyond 65535": text(*HEAD, "m=audio 65536 RTP/AVP 8"),
    "a negative port": text(*HEAD, "m=audio -1 RTP/AVP 8"),
    "a payload type beyond 127": text(*HEAD, "m=audio 1 RTP/AVP 128"),
    "a payload type that is no number": text(*HEAD, "m=audio 1 RTP/AVP x"),
    "no format": text(*HEAD, "m=audio 1 RTP/AVP"),
    "too many formats": text(*HEAD, "m=audio 1 RTP/AVP" + " 8" * 65),
    "too many streams": text(*HEAD, *[M] * (MAX_STREAMS + 1)),
    "too many lines": text(*HEAD, *["a=x"] * MAX_LINES),
    "a long line": text(*HEAD, M, "a=fmtp:8 " + "x" * 2048),
    "too large": text(*HEAD, "a=" + "x" * 65536),
    "an rtpmap without a rate": text(*HEAD, M, "a=rtpmap:8 PCMA"),
    "an rtpmap of a thousand digits": text(*HEAD, M, f"a=rtpmap:8 PCMA/{'8' * 5000}"),
    "an rtpmap with a strange name": text(*HEAD, M, "a=rtpmap:8 P(A/8000"),
    "an rtcp port beyond 65535": text(*HEAD, M, "a=rtcp:65536"),
    "a NUL in fmtp (AST-2018-002)": text(*HEAD, M, "a=fmtp:8 \0"),
    "a CR in a line": text(*HEAD, M, "a=x\ry"),
    "a line that is none": text(*HEAD, "nonsense"),
    "an empty line": text(*HEAD, "", M),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_wrong_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedDescription) as caught:
        parse_description(data)
    assert caught.value.status == 400


@pytest.mark.parametrize("evil", ["a\r\nb", "a\nb", "a\rb", "a\0b"])
def test_no_value_makes_a_line(evil: str) -> None:
    bad = Format(payload_type=97, encoding="x", parameters=evil)
    with pytest.raises(InvalidState):
        serialize_description(
            session(MediaDescription(kind="audio", port=1, formats=(bad,)))
        )


fragments = st.sampled_from(
    [line.encode() + b"\r\n" for line in TYPICAL]
) | st.sampled_from(
    [
        b"m=",
        b"c=",
        b"o=",
        b"a=rtpmap:",
        b"a=fmtp:",
        b"\0",
        b"\n",
        b"=",
        b"9" * 30,
        b"/",
        b" ",
    ]
)


@given(st.lists(fragments | st.binary(max_size=4)).map(b"".join))
def test_the_parser_is_total(junk: bytes) -> None:
    for data in (junk, text(*TYPICAL) + junk, text(*TYPICAL[:6]) + junk):
        try:
            description = parse_description(data)
        except MalformedDescription:
            continue
        again = parse_description(serialize_description(description))
        assert len(again.media) == len(description.media)


formats = st.builds(
    Format,
    payload_type=st.integers(96, 127),
    encoding=st.sampled_from(["PCMA", "L16", "telephone-event", "opus"]),
    clock_rate=st.sampled_from([8000, 16000, 48000]),
    channels=st.integers(1, 2),
    parameters=st.from_regex(r"([a-z0-9=;-]{1,9}( [a-z0-9=;]{1,9})?)?", fullmatch=True),
) | st.sampled_from([*STATIC.values()])
addresses = st.sampled_from(["127.0.0.1", "10.0.0.1", "2001:db8::1", "media.example"])
streams = st.builds(
    MediaDescription,
    kind=st.sampled_from(["audio", "video"]),
    port=st.integers(1, 65535),
    protocol=st.sampled_from(["RTP/AVP", "RTP/SAVPF"]),
    formats=st.lists(
        formats, min_size=1, max_size=4, unique_by=lambda format_: format_.payload_type
    ).map(tuple),
    address=addresses,
    direction=st.sampled_from(Direction),
    rtcp_port=st.none() | st.integers(1, 65535),
    rtcp_mux=st.booleans(),
    rtcp_off=st.booleans(),
    packet_ms=st.none() | st.integers(1, 200),
)


@given(
    st.builds(
        SessionDescription,
        session_id=st.integers(0, 2**64 - 1),
        version=st.integers(0, 2**64 - 1),
        origin_address=addresses,
        address=addresses | st.just(""),
        media=st.lists(streams, max_size=3).map(tuple),
    )
)
def test_any_description_survives_the_wire(description: SessionDescription) -> None:
    assert parse_description(serialize_description(description)) == description
