"""Messages to length-prefixed msgpack, and back from a stream of bytes.

A frame is four bytes, big-endian, that count what follows, then one msgpack map. The
decoder takes bytes as they come and is total: whatever arrives, it gives messages or
raises :class:`MalformedFrame`, after which the stream is lost and must be closed.
"""

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import msgspec

from media.control.messages import Fact, Order

MessageT = TypeVar("MessageT")

FRAME_CAP: Final = 8 << 20
"""Octets of the longest frame that is sent or taken: an :class:`Adopt` of all there is."""

_PREFIX: Final = 4
_ENCODER: Final = msgspec.msgpack.Encoder()


class MalformedFrame(ValueError):
    """The far side sent what is not a message of the protocol."""


class FrameTooLong(ValueError):
    """We were asked to send a message that the far side would not take."""


def encode(message: Order | Fact) -> bytes:
    """One frame. Raises :class:`FrameTooLong`."""
    body = _ENCODER.encode(message)
    if len(body) > FRAME_CAP:
        raise FrameTooLong(f"{type(message).__name__} of {len(body)} octets")
    return len(body).to_bytes(_PREFIX, "big") + body


class Decoder(Generic[MessageT]):
    """Cuts one direction of one connection into messages."""

    def __init__(self, decode: "msgspec.msgpack.Decoder[MessageT]") -> None:
        self._decode = decode
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[MessageT]:
        """Yield the messages that ``data`` completes; raises :class:`MalformedFrame`."""
        self._buffer += data
        start = 0
        try:
            while (body := self._frame_at(start)) is not None:
                start += _PREFIX + len(body)
                yield self._message(body)
        finally:
            del self._buffer[:start]

    def _frame_at(self, start: int) -> bytes | None:
        body_start = start + _PREFIX
        if len(self._buffer) < body_start:
            return None
        length = int.from_bytes(self._buffer[start:body_start], "big")
        if length > FRAME_CAP:
            raise MalformedFrame(f"a frame of {length} octets; {FRAME_CAP} is the most")
        if len(self._buffer) < body_start + length:
            return None
        return bytes(self._buffer[body_start : body_start + length])

    def _message(self, body: bytes) -> MessageT:
        try:
            return self._decode.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise MalformedFrame(f"not a message: {fault}") from fault


def order_decoder() -> Decoder[Order]:
    """Decode what a media process hears."""
    return Decoder(_ORDERS)


def fact_decoder() -> Decoder[Fact]:
    """Decode what call control hears."""
    return Decoder(_FACTS)


_ORDERS: Final["msgspec.msgpack.Decoder[Order]"] = msgspec.msgpack.Decoder(Order)
_FACTS: Final["msgspec.msgpack.Decoder[Fact]"] = msgspec.msgpack.Decoder(Fact)
