"""Streams cut into messages: the same comes out however the stream is cut."""

import sys
from collections.abc import Hashable
from random import Random
from typing import Final

from b2bua.sip.transport.framing import Broken, Framed, Output, Pong, StreamFraming
from tests.fuzz.fuzzing import Target, main
from tests.fuzz.seeds import MESSAGES, SIP_WORDS

BOUND: Final = 65_536 + 2**20


def feed(data: bytes) -> Hashable:
    """Frame the whole, and frame it in pieces."""
    whole = StreamFraming().receive(data, 0.0)
    random = Random(len(data))
    framing = StreamFraming()
    pieces: list[Output] = []
    rest = data
    while rest:
        size = random.choice((1, 2, 3, 50, 1500))
        pieces += framing.receive(rest[:size], 0.0)
        rest = rest[size:]
    assert without_pongs(pieces) == without_pongs(whole)
    assert len(pieces) <= len(data)
    assert all(
        len(output.data) <= BOUND and output.data in data
        for output in whole
        if isinstance(output, Framed)
    )
    broken = [output.reason for output in whole if isinstance(output, Broken)]
    assert len(broken) <= 1
    framing.wake(1000.0)
    return tuple(broken), min(len(whole), 5)


def without_pongs(outputs: list[Output]) -> list[Output]:
    """All but the answers to keep-alives: how many there are depends on when they come."""
    return [output for output in outputs if not isinstance(output, Pong)]


TARGET: Final = Target(
    name="framing",
    feed=feed,
    seeds=(*MESSAGES[::4], b"".join(MESSAGES[:3]), b"\r\n\r\n" + MESSAGES[0]),
    words=SIP_WORDS,
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
