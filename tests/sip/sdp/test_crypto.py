"""Keys in session descriptions: read, offered, answered, agreed, and never shown."""

import base64
from typing import Any

import pytest
from msgspec.structs import replace

from b2bua.sip.sdp.crypto import SUITES, Crypto, Secrecy, Srtp, parse_crypto
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.negotiation import Agreement, LocalAudio, agree, make_answer, make_offer
from b2bua.sip.sdp.parser import parse_description
from b2bua.sip.sdp.serializer import serialize_description

A, B = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
C, D = "AES_256_CM_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_32"
KEY = base64.b64encode(bytes(range(30))).decode()
LONG = base64.b64encode(bytes(range(46))).decode()


def side(srtp: Srtp, master: bytes = b"m" * 32) -> LocalAudio:
    return LocalAudio(
        address="192.0.2.1",
        rtp_port=20000,
        rtcp_port=20001,
        session_id=1,
        version=1,
        secrecy=Secrecy(srtp, master),
    )


def offered(protocol: str, *lines: str) -> SessionDescription:
    crypto = "".join(f"a=crypto:{line}\r\n" for line in lines)
    text = (
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
        f"m=audio 4000 {protocol} 8\r\n{crypto}"
    )
    return parse_description(text.encode())


@pytest.mark.parametrize(
    ("line", "tag", "suite"),
    [
        (f"1 {A} inline:{KEY}", 1, A),
        (f"2 {B.lower()} INLINE:{KEY}|2^20", 2, B),
        (f"3 {C} inline:{LONG}", 3, C),
        (f"4 {D} inline:{LONG.rstrip('=')}", 4, D),
        (f"5 {A} inline:{KEY} WSH=64 -NEW", 5, A),
    ],
)
def test_lines_that_can_be_used(line: str, tag: int, suite: str) -> None:
    read = parse_crypto(line)
    assert read is not None
    assert (read.tag, read.suite, len(read.octets)) == (tag, suite, SUITES[suite])
    assert parse_crypto(read.line) == read


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1",
        "1 AES_CM_128_HMAC_SHA1_80",
        "x AES_CM_128_HMAC_SHA1_80 inline:" + KEY,
        "1234567890 AES_CM_128_HMAC_SHA1_80 inline:" + KEY,
        "1 F8_128_HMAC_SHA1_80 inline:" + KEY,
        "1 AES_256_CM_HMAC_SHA1_80 inline:" + KEY,
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY[:-1] + "*",
        "1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY[:-4],
        "1 AES_CM_128_HMAC_SHA1_80 uri:https://example.com/key",
        # Keys by a master key identifier, two keys, another way to seal.
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1",
    ],
)
def test_lines_that_say_nothing_to_us(line: str) -> None:
    assert parse_crypto(line) is None
    assert offered("RTP/SAVP", line).media[0].crypto == ()


NEVER, OPTIONAL, REQUIRED = Srtp.NEVER, Srtp.OPTIONAL, Srtp.REQUIRED
GOOD = (f"7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",)


@pytest.mark.parametrize(
    ("policy", "protocol", "lines", "sealed"),
    [
        (NEVER, "RTP/AVP", (), False),
        (NEVER, "RTP/AVP", GOOD, False),
        (NEVER, "RTP/SAVP", GOOD, None),
        (OPTIONAL, "RTP/AVP", (), False),
        (OPTIONAL, "RTP/AVP", GOOD, True),
        (OPTIONAL, "RTP/SAVP", GOOD, True),
        (OPTIONAL, "RTP/SAVPF", GOOD, True),
        (OPTIONAL, "RTP/SAVP", (), None),
        (OPTIONAL, "UDP/TLS/RTP/SAVPF", GOOD, None),
        (REQUIRED, "RTP/AVP", (), None),
        (REQUIRED, "RTP/AVP", GOOD, True),
        (REQUIRED, "RTP/SAVP", GOOD, True),
        (REQUIRED, "RTP/SAVP", (), None),
    ],
)
def test_what_is_offered_and_what_the_policy_makes_of_it(
    policy: Srtp, protocol: str, lines: tuple[str, ...], sealed: bool | None
) -> None:
    """None: 488."""
    offer = offered(protocol, *lines)
    answer = make_answer(offer, side(policy))
    if sealed is None:
        assert answer is None
        return
    assert answer is not None
    (stream,) = answer.media
    assert stream.protocol == protocol
    assert [crypto.tag for crypto in stream.crypto] == ([7] if sealed else [])
    agreed = agree(answer, offer)
    assert agreed is not None
    assert (agreed.opens is not None) == (agreed.seals is not None) == sealed
    if sealed:
        assert agreed.opens is not None
        assert agreed.opens.key == KEY
        assert agreed.seals == stream.crypto[0]


@pytest.mark.parametrize(
    ("ours", "theirs", "sealed"),
    [
        (NEVER, NEVER, False),
        (NEVER, OPTIONAL, False),
        (NEVER, REQUIRED, None),
        (OPTIONAL, NEVER, False),
        (OPTIONAL, OPTIONAL, True),
        (OPTIONAL, REQUIRED, True),
        (REQUIRED, NEVER, None),
        (REQUIRED, OPTIONAL, True),
        (REQUIRED, REQUIRED, True),
    ],
)
def test_both_ends_agree(ours: Srtp, theirs: Srtp, sealed: bool | None) -> None:
    offer = parse_description(serialize_description(make_offer(side(ours, b"a" * 32))))
    made = make_answer(offer, side(theirs, b"b" * 32))
    if sealed is None:
        assert made is None
        return
    assert made is not None
    answer = parse_description(serialize_description(made))
    here, there = agree(offer, answer), agree(answer, offer)
    assert here is not None
    assert there is not None
    assert (here.seals, here.opens) == (there.opens, there.seals)
    assert (here.seals is not None) == sealed
    if sealed:
        assert here.seals != here.opens


def test_an_answer_in_the_clear_to_an_offer_that_insists_leaves_no_audio() -> None:
    offer = make_offer(side(REQUIRED))
    assert agree(offer, offered("RTP/AVP")) is None
    assert agree(offer, offered("RTP/SAVP")) is None
    assert agree(offer, offered("RTP/SAVP", GOOD[0])) is None, "a tag that was not offered"


def test_a_sealed_stream_is_taken_before_one_in_the_clear() -> None:
    clear, sealed = offered("RTP/AVP"), offered("RTP/SAVP", *GOOD)
    both = replace(clear, media=clear.media + sealed.media)
    answer = make_answer(both, side(OPTIONAL))
    assert answer is not None
    assert [stream.port for stream in answer.media] == [0, 20000]


def test_a_new_key_of_theirs_leaves_ours_as_it_was() -> None:
    """What we send goes on under its key, so its counter must go on too (RFC 3711 §9.1)."""
    here = side(OPTIONAL)

    def agreed(key: bytes) -> Agreement:
        line = f"1 AES_CM_128_HMAC_SHA1_80 inline:{base64.b64encode(key).decode()}"
        offer = offered("RTP/SAVP", line)
        answer = make_answer(offer, here)
        assert answer is not None
        found = agree(answer, offer)
        assert found is not None
        return found

    first, second = agreed(bytes(30)), agreed(bytes([1] * 30))
    assert first.seals == second.seals
    assert first.opens != second.opens


def test_each_suite_has_a_key_of_its_own() -> None:
    crypto = make_offer(side(OPTIONAL)).media[0].crypto
    assert len({one.octets[:16] for one in crypto}) == len(crypto)


@pytest.mark.parametrize(
    "shown",
    [
        Crypto(tag=1, suite="AES_CM_128_HMAC_SHA1_80", key=KEY),
        offered("RTP/SAVP", *GOOD),
        agree(offered("RTP/SAVP", *GOOD), offered("RTP/SAVP", *GOOD)),
        Secrecy(REQUIRED, KEY.encode()),
    ],
)
def test_keys_are_not_shown(shown: Any) -> None:
    assert KEY not in repr(shown)
