"""The compiled engine: datagrams to the ports of a call that is relayed and recorded.

Most telling in a build with sanitizers: ``.ci/sanitize -m tests.fuzz.engine --seconds N``.
"""

import atexit
import os
import sys
from collections.abc import Hashable
from functools import cache
from itertools import count
from tempfile import TemporaryFile
from typing import Final

from media.engine.plan import Codec, PortPlan, Sending
from tests.fuzz.fuzzing import Target, main
from tests.fuzz.rtp import SEEDS as PACKETS
from tests.media.engine.rigs import LoopbackRig, audio

EVERY: Final = 64
"""Inputs between two looks whether the call is still relayed."""
EVENTS: Final = 101


class Talk:
    """Two ports joined, one of them in the other law and without events; both recorded."""

    def __init__(self) -> None:
        self.rig = LoopbackRig()
        self.far, self.stranger = self.rig.far(), self.rig.far("127.0.0.9")
        self.called = self.rig.far()
        self.one, self.other = self.rig.open(), self.rig.open()
        self.numbers = count(1)
        self.fed = 0
        accepts = ((0, Codec.PCMU), (8, Codec.PCMA))
        self.rig.arrange(
            self.one,
            PortPlan(
                remote=self.far.address,
                remote_rtcp=self.far.address,
                accepts=accepts,
                events_payload_type=EVENTS,
            ),
        )
        self.rig.arrange(
            self.other,
            PortPlan(
                remote=self.called.address,
                codec=Codec.PCMU,
                payload_type=0,
                sending=Sending.PEER,
                peer=self.one,
            ),
        )
        with TemporaryFile() as kept:
            self.rig.engine.record(self.one, os.dup(kept.fileno()), True)

    def take(self, data: bytes) -> None:
        """Send it to both sockets of the port, as its far end and as a stranger."""
        for rtcp in (False, True):
            self.rig.send(self.far, self.one, data, rtcp=rtcp)
            self.rig.send(self.stranger, self.one, data, rtcp=rtcp)
        self.fed += 1
        if self.fed % EVERY == 0:
            self.look()

    def look(self) -> None:
        """See that the engine lives and relays."""
        before = len(self.called.packets)

        def heard() -> bool:
            self.rig.send(self.far, self.one, audio(next(self.numbers), ssrc=9))
            return len(self.called.packets) > before

        self.rig.until(heard)
        self.called.packets.clear()
        self.rig.events.clear()


@cache
def talk() -> Talk:
    """The one call of this process."""
    began = Talk()
    atexit.register(began.rig.stop)
    return began


def feed(data: bytes) -> Hashable:
    """Send a datagram; its kind and its size."""
    talk().take(data)
    return data[:2], len(data) // 32


TARGET: Final = Target(
    name="engine", feed=feed, seeds=(*PACKETS, audio(1, ssrc=9), audio(2, ssrc=9))
)

if __name__ == "__main__":
    sys.exit(main(TARGET))
