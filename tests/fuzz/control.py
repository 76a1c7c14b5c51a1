"""The protocol between control and media: whatever comes, messages or a malformed frame."""

import sys
from collections.abc import Hashable
from random import Random
from typing import Any, Final, get_args

import msgspec

from media.control.codec import Decoder, MalformedFrame, encode, fact_decoder, order_decoder
from media.control.messages import Fact, Order
from tests.fuzz.fuzzing import Target, main

KINDS: Final = tuple(
    getattr(kind, "__name__", "").encode() for kind in (*get_args(Order), *get_args(Fact))
)
SEEDS: Final = tuple(
    len(body).to_bytes(4, "big") + body
    for body in (
        *(msgspec.msgpack.encode({"type": kind.decode(), "call": "c"}) for kind in KINDS),
        msgspec.msgpack.encode([[[[{}]]]]),
    )
)


def feed(data: bytes) -> Hashable:
    """Read it as orders and as facts, in pieces."""
    return _decoded(order_decoder(), data), _decoded(fact_decoder(), data)


def _decoded(decoder: Decoder[Any], data: bytes) -> Hashable:
    random = Random(len(data))
    kinds = []
    rest = data
    try:
        while rest:
            size = random.choice((1, 5, 100, 5000))
            for message in decoder.feed(rest[:size]):
                assert encode(message)
                kinds.append(type(message).__name__)
            rest = rest[size:]
    except MalformedFrame as malformed:
        kinds.append(str(malformed)[:60])
    return tuple(kinds)


TARGET: Final = Target(
    name="control",
    feed=feed,
    seeds=SEEDS,
    words=(*KINDS, b"type", b"call", b"\xc0", b"\xdf\xff\xff\xff\xff", b"\x91" * 2000),
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
