"""A-law and mu-law: ITU-T G.711, as tables.

Linear samples are 16-bit little-endian, whatever the machine. All functions take and give
whole buffers; the laws' codes are one byte a sample.
"""

import array
import sys
from typing import Final

SILENCE_A: Final = 0xD5
"""The A-law code of least magnitude."""
SILENCE_MU: Final = 0xFF
_BIAS: Final = 0x84
_CLIP: Final = 32635


def _alaw_sample(code: int) -> int:
    flipped = code ^ 0x55
    exponent = flipped >> 4 & 7
    magnitude = (flipped & 0x0F) << 4 | 8
    if exponent:
        magnitude = (magnitude | 0x100) << (exponent - 1)
    return magnitude if flipped & 0x80 else -magnitude


def _ulaw_sample(code: int) -> int:
    flipped = ~code & 0xFF
    magnitude = (((flipped & 0x0F) << 3 | _BIAS) << (flipped >> 4 & 7)) - _BIAS
    return -magnitude if flipped & 0x80 else magnitude


def _alaw_code(sample: int) -> int:
    sign, magnitude = (0x80, sample) if sample >= 0 else (0, ~sample)
    exponent = max(0, magnitude.bit_length() - 8)
    mantissa = magnitude >> (exponent + 3 if exponent else 4) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _ulaw_code(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = magnitude >> (exponent + 3) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


ALAW_SAMPLES: Final = tuple(_alaw_sample(code) for code in range(256))
"""The 16-bit sample of each A-law code."""
ULAW_SAMPLES: Final = tuple(_ulaw_sample(code) for code in range(256))
_ALAW_CODES: Final = bytes(_alaw_code(sample) for sample in range(-0x8000, 0x8000))
_ULAW_CODES: Final = bytes(_ulaw_code(sample) for sample in range(-0x8000, 0x8000))
_ALAW_TO_ULAW: Final = bytes(_ulaw_code(sample) for sample in ALAW_SAMPLES)
_ULAW_TO_ALAW: Final = bytes(_alaw_code(sample) for sample in ULAW_SAMPLES)


def alaw_to_ulaw(codes: bytes) -> bytes:
    """Change the law, by way of the linear sample."""
    return codes.translate(_ALAW_TO_ULAW)


def ulaw_to_alaw(codes: bytes) -> bytes:
    """Change the law back."""
    return codes.translate(_ULAW_TO_ALAW)


def decode_alaw(codes: bytes) -> bytes:
    """A-law codes to 16-bit samples."""
    return _little_endian(array.array("h", [ALAW_SAMPLES[code] for code in codes]))


def decode_ulaw(codes: bytes) -> bytes:
    """Mu-law codes to 16-bit samples."""
    return _little_endian(array.array("h", [ULAW_SAMPLES[code] for code in codes]))


def encode_alaw(samples: bytes) -> bytes:
    """16-bit samples to A-law codes.

    Raises:
        ValueError: half a sample is left over.

    """
    return bytes(_ALAW_CODES[sample + 0x8000] for sample in _samples(samples))


def encode_ulaw(samples: bytes) -> bytes:
    """16-bit samples to mu-law codes.

    Raises:
        ValueError: half a sample is left over.

    """
    return bytes(_ULAW_CODES[sample + 0x8000] for sample in _samples(samples))


def _little_endian(samples: "array.array[int]") -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _samples(data: bytes) -> "array.array[int]":
    if len(data) % 2:
        raise ValueError(f"{len(data)} bytes are no whole number of 16-bit samples")
    samples = array.array("h", data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples
