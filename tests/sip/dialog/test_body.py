"""Bodies: descriptions, alone or in parts, and keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.dialog.body import (
    Key,
    Unsuitable,
    description_of,
    key_of,
    readable_description,
)
from b2bua.sip.message.message import Request
from b2bua.sip.sdp.serializer import serialize_description
from tests.sip.dialog.test_dialog import request
from tests.sip.party import offer

TEXT = serialize_description(offer())


def carrying(body: bytes, kind: str, *extra: tuple[str, str]) -> Request:
    message = request("INVITE", ("Content-Type", kind), *extra)
    message.body = body
    return message


def test_no_body_is_no_description() -> None:
    assert description_of(carrying(b"", "application/sdp")) is None


def test_a_description_alone_and_in_parts() -> None:
    assert description_of(carrying(TEXT, "Application/SDP ;x=y")) == offer()
    parts = (
        b"--b\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n"
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + TEXT + b"\r\n--b--\r\n"
    )
    assert description_of(carrying(parts, "multipart/mixed;boundary=b")) == offer()


@pytest.mark.parametrize(
    ("body", "kind", "extra", "status"),
    [
        (b"x", "text/plain", (), 415),
        (b"x", "", (), 415),
        (TEXT, "application/sdp", (("Content-Encoding", "gzip"),), 415),
        (b"x", "multipart/mixed", (), 400),
        (b"v=0\r\n", "application/sdp", (), 400),
    ],
)
def test_what_we_cannot_take(
    body: bytes, kind: str, extra: tuple[tuple[str, str], ...], status: int
) -> None:
    with pytest.raises(Unsuitable) as raised:
        description_of(carrying(body, kind, *extra))
    assert raised.value.status == status
    assert readable_description(carrying(body, kind, *extra)) is None


def test_an_optional_body_is_passed_over() -> None:
    disposition = ("Content-Disposition", "signal; handling = optional")
    assert description_of(carrying(b"x", "application/isup", disposition)) is None


@given(st.binary(max_size=200))
def test_any_key_body_gives_a_key_or_nothing(body: bytes) -> None:
    for kind in ("application/dtmf-relay", "application/dtmf"):
        key = key_of(carrying(body, kind))
        assert key is None or (len(key.digit) == 1 and key.duration_ms >= 0)


def test_keys_that_are_none() -> None:
    for body in (b"Signal=\r\n", b"Signal=99\r\n", b"Signal=E\r\n", b"nothing"):
        assert key_of(carrying(body, "application/dtmf-relay")) is None
    assert key_of(carrying(b"#", "application/dtmf")) == Key("#", 250)
