"""A-law WAV files at 8 kHz, one channel: the only kind that is played.

A chunk walk of twenty lines, so that a media process need not load a codec library to
read what :mod:`media.audio.files` has prepared.
"""

from typing import Final

SAMPLE_RATE: Final = 8000
_A_LAW: Final = 6
_RIFF_HEADER: Final = 12
_CHUNK_HEADER: Final = 8


class UnplayableFile(ValueError):
    """These bytes are not an A-law WAV file at 8 kHz with one channel."""


def samples(data: bytes) -> bytes:
    """The A-law samples of a WAV file; raises :class:`UnplayableFile`."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise UnplayableFile("not a WAV file")
    described = False
    at = _RIFF_HEADER
    while at + _CHUNK_HEADER <= len(data):
        name = data[at : at + 4]
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + _CHUNK_HEADER : at + _CHUNK_HEADER + length]
        if name == b"fmt ":
            _check_format(body)
            described = True
        elif name == b"data":
            if not described:
                raise UnplayableFile("samples before their format")
            return body
        at += _CHUNK_HEADER + length + length % 2
    raise UnplayableFile("no samples in it")


def _check_format(body: bytes) -> None:
    if len(body) < 16:
        raise UnplayableFile("a format chunk that is cut short")
    kind = int.from_bytes(body[0:2], "little")
    channels = int.from_bytes(body[2:4], "little")
    rate = int.from_bytes(body[4:8], "little")
    if (kind, channels, rate) != (_A_LAW, 1, SAMPLE_RATE):
        raise UnplayableFile(
            f"format {kind}, {channels} channels, {rate} Hz; "
            "A-law (6), 1 channel, 8000 Hz is needed"
        )


def file_of(alaw: bytes) -> bytes:
    """A WAV file of these A-law samples."""
    header = (
        _A_LAW.to_bytes(2, "little")
        + (1).to_bytes(2, "little")
        + SAMPLE_RATE.to_bytes(4, "little")
        + SAMPLE_RATE.to_bytes(4, "little")
        + (1).to_bytes(2, "little")
        + (8).to_bytes(2, "little")
        + (0).to_bytes(2, "little")
    )
    body = b"WAVE" + _chunk(b"fmt ", header)
    body += _chunk(b"fact", len(alaw).to_bytes(4, "little")) + _chunk(b"data", alaw)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunk(name: bytes, body: bytes) -> bytes:
    padding = bytes(len(body) % 2)
    return name + len(body).to_bytes(4, "little") + body + padding
