"""ITU-T G.711: both laws against what the recommendation says of them."""

import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.audio import g711

ALL = bytes(range(256))
sample = st.integers(-0x8000, 0x7FFF)


def linear(value: int) -> bytes:
    return value.to_bytes(2, "little", signed=True)


@pytest.mark.parametrize(
    ("code", "value"),
    [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0x80, 5504), (0xC5, 264)],
)
def test_alaw_by_hand(code: int, value: int) -> None:
    assert g711.decode_alaw(bytes((code,))) == linear(value)
    assert g711.encode_alaw(linear(value)) == bytes((code,))


@pytest.mark.parametrize(
    ("code", "value"), [(0xFF, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8)]
)
def test_ulaw_by_hand(code: int, value: int) -> None:
    assert g711.decode_ulaw(bytes((code,))) == linear(value)
    assert g711.encode_ulaw(linear(value)) == bytes((code,))


def test_codes_survive_their_samples() -> None:
    assert g711.encode_alaw(g711.decode_alaw(ALL)) == ALL
    # Mu-law has two zeros.
    assert g711.encode_ulaw(g711.decode_ulaw(ALL)) == ALL.replace(b"\x7f", b"\xff")


@given(sample)
def test_the_error_is_half_a_step(value: int) -> None:
    for encode, decode in (
        (g711.encode_alaw, g711.decode_alaw),
        (g711.encode_ulaw, g711.decode_ulaw),
    ):
        again = int.from_bytes(decode(encode(linear(value))), "little", signed=True)
        assert abs(again - value) <= max(8, abs(value) // 16, abs(value) - 32124)


def test_changing_the_law_is_going_by_the_sample() -> None:
    assert g711.alaw_to_ulaw(ALL) == g711.encode_ulaw(g711.decode_alaw(ALL))
    assert g711.ulaw_to_alaw(ALL) == g711.encode_alaw(g711.decode_ulaw(ALL))


def test_greater_samples_have_greater_codes() -> None:
    ramp = array.array("h", range(-0x8000, 0x8000, 16)).tobytes()
    for encode, decode in (
        (g711.encode_alaw, g711.decode_alaw),
        (g711.encode_ulaw, g711.decode_ulaw),
    ):
        decoded = array.array("h", decode(encode(ramp)))
        assert list(decoded) == sorted(decoded)


def test_silence_is_the_least_code() -> None:
    assert g711.encode_alaw(bytes(2)) == bytes((g711.SILENCE_A,))
    assert g711.encode_ulaw(bytes(2)) == bytes((g711.SILENCE_MU,))


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        g711.encode_alaw(b"abc")
