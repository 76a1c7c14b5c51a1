"""Reliable provisional responses: RFC 3262 §3."""

from dataclasses import dataclass

from b2bua.sip.dialog.events import Ring
from b2bua.sip.dialog.repeat import Repeater
from b2bua.sip.dialog.terms import Reliability
from b2bua.sip.message.message import Request


@dataclass(slots=True)
class Reliable:
    """A reliable provisional response that waits for its PRACK."""

    rseq: int
    described: bool
    repeater: Repeater

    def acknowledged_by(self, prack: Request, invite: Request) -> bool:
        """Whether a PRACK names this response to ``invite``."""
        rack = prack.rack
        return (
            rack is not None
            and rack.rseq == self.rseq
            and (rack.cseq, rack.method) == (invite.cseq.number, "INVITE")
        )


def is_reliable(invite: Request, reliability: Reliability, order: Ring) -> bool:
    """Whether a provisional response is to be sent reliably."""
    if "100rel" in invite.require:
        return True
    if "100rel" not in invite.supported:
        return False
    if order.description is not None and not invite.body:
        # The first offer is ours, and none but a reliable response may carry it (§5).
        return True
    match reliability:
        case Reliability.REQUIRED:
            return False
        case Reliability.DESCRIBED:
            return order.description is not None
        case Reliability.SUPPORTED:
            return True
