"""Records to draw and to count."""

from datetime import UTC, datetime, timedelta

from b2bua.service.record import CallRecord, LadderLine, Outcome

BEGAN = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)


def line(at_ms: int, leg: str, sent: bool, text: str) -> LadderLine:
    return LadderLine(at_ms=at_ms, leg=leg, sent=sent, line=text)


LADDER = (
    line(0, "caller", False, "INVITE sip:4006001234@127.0.0.1 SIP/2.0 (1)"),
    line(1, "caller", True, "SIP/2.0 100 Trying (1 INVITE)"),
    line(5, "sales-1", True, "INVITE sip:02088886001@127.0.0.1:5080 SIP/2.0 (1)"),
    line(40, "sales-1", False, "SIP/2.0 486 Busy Here (1 INVITE)"),
    line(45, "sales-2", True, "INVITE sip:02088886002@127.0.0.1:5081 SIP/2.0 (1)"),
    line(90, "caller", True, "SIP/2.0 180 Ringing (1 INVITE)"),
)


def record(ladder: tuple[LadderLine, ...] = LADDER, talk_ms: int = 4000) -> CallRecord:
    return CallRecord(
        id="20261120-a",
        node="n",
        number="4006001234",
        caller="02088881234",
        trunk="unicom",
        invite_at=BEGAN,
        ended_at=BEGAN + timedelta(seconds=9),
        outcome=Outcome.ANSWERED,
        end_reason="caller hung up",
        talk_ms=talk_ms,
        ladder=ladder,
    )
