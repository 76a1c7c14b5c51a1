"""Calls that take their time by the rules, begun before any other test runs.

They have a node of their own, so that nobody else's call is in the way.
"""

import socket
from contextlib import ExitStack
from dataclasses import dataclass, field

from b2bua.service.record import CallRecord
from tests.support.node import Node
from tests.support.sipp import Sipp, Stage
from tests.wire.numbers import LINES, PATIENT, Line

LONG = 70
"""Seconds in which the longest of them must be over."""


@dataclass(slots=True)
class Slow:
    """One call that is under way."""

    node: Node
    number: str
    peers: list[Sipp] = field(default_factory=list)

    def record(self) -> CallRecord:
        """Once every peer has played its part."""
        for peer in self.peers:
            peer.ended(LONG)
        record = self.node.record(self.number)
        assert record.fault == ""
        return record


class Cast:
    """Begins calls."""

    def __init__(self, node: Node, stage: Stage) -> None:
        self._node, self._stage = node, stage

    def direct(self, caller: str, called: str, **values: object) -> Slow:
        line = next(LINES)
        values = {"timeout": LONG, **values}
        far = self._stage.destination(called, line.first, **values)
        return self._call(line, line.direct, caller, [far], values)

    def forwarded(self, called: str) -> Slow:
        """The second destination answers."""
        line = next(LINES)
        far = [self._stage.destination("talks", line.second, timeout=LONG)]
        far.append(self._stage.destination(called, line.first, timeout=LONG))
        return self._call(line, line.forwarded, "talks", far, {"timeout": LONG})

    def deaf(self, stack: ExitStack) -> Slow:
        """The only destination is a socket that nobody reads."""
        line = next(LINES)
        _deafen(line.first, stack)
        values = {"timeout": LONG, "status": 480, "reason": "cause=41"}
        return self._call(line, line.direct, "refused", [], values)

    def deaf_forwarded(self, stack: ExitStack) -> Slow:
        """The first destination is a socket that nobody reads, the second answers."""
        line = next(LINES)
        _deafen(line.first, stack)
        far = [self._stage.destination("talks", line.second, timeout=LONG)]
        return self._call(line, line.forwarded, "talks", far, {"timeout": LONG})

    def _call(
        self,
        line: Line,
        number: str,
        caller: str,
        far: list[Sipp],
        values: dict[str, object],
    ) -> Slow:
        near = self._stage.caller(
            caller, PATIENT, line.address, number, line.caller, **values
        )
        return Slow(self._node, number, [near, *far])


def _deafen(address: str, stack: ExitStack) -> None:
    nobody = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    nobody.bind((address, 5060))


def begin(node: Node, stage: Stage, stack: ExitStack) -> dict[str, Slow]:
    """Every such call, by a name for it."""
    cast = Cast(node, stage)
    return {
        "nobody there": cast.deaf(stack),
        "refresh": cast.direct("refreshes", "talks"),
        "silence": cast.direct("waits", "talks"),
        "lost ack": cast.direct("never-acknowledges", "talks"),
        "rings": cast.direct("refused", "rings", status=480, reason="cause=19"),
        "crosses": cast.direct("refused", "crosses", status=480, reason="cause=19"),
        "rings, next": cast.forwarded("rings"),
        "deaf, next": cast.deaf_forwarded(stack),
    }
