"""Replies of name servers: records, or a malformed reply."""

import struct
import sys
from collections.abc import Hashable
from typing import Final

from b2bua.net.dns import MalformedReply, parse_reply
from tests.fuzz.fuzzing import Target, main

_QUESTION: Final = b"\x04_sip\x04_udp\x07example\x00" + struct.pack("!HH", 33, 1)


def _reply(kind: int, data: bytes) -> bytes:
    head = struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0)
    return (
        head + _QUESTION + b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    )


SEEDS: Final = (
    _reply(33, struct.pack("!HHH", 10, 5, 5060) + b"\x01h\xc0\x16"),
    _reply(35, struct.pack("!HH", 10, 50) + b"\x01s\x07SIP+D2U\x00\xc0\x0c"),
    _reply(33, struct.pack("!HHH", 0, 0, 0) + b"\xc0\x0c"),
    _reply(5, b"\x01a\xc0\x00"),
)


def feed(data: bytes) -> Hashable:
    """Read a reply."""
    try:
        reply = parse_reply(data)
    except MalformedReply as malformed:
        return str(malformed)
    return len(reply.records), tuple(type(one).__name__ for one in reply.records[:3])


TARGET: Final = Target(name="dns", feed=feed, seeds=SEEDS)

if __name__ == "__main__":
    sys.exit(main(TARGET))
