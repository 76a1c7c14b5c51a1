"""What is known of one call so far, from which its one record is made.

A dossier is a plain value that grows: it goes into the journal with every change, so that
whoever finds it after a crash can still write the record, and charge what was used.
Stamps are wall clock and only label. Durations come from the monotonic clock; after a
restart on the wall clock's difference, the only clock that both processes share.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from b2bua.call.media import Quality
from b2bua.core.clock import Instant
from b2bua.service.number import Caller
from b2bua.service.plan import Tariff
from b2bua.service.record import (
    Attempt,
    CallRecord,
    ChargeBasis,
    LadderLine,
    LegQuality,
    Outcome,
    Step,
)
from b2bua.service.tariff import charge, fee

LADDER_LINES = 200
"""A call's ladder keeps so many messages; a flood of re-INVITEs must not fill a record."""


class Moment(msgspec.Struct, frozen=True):
    """One moment on both clocks."""

    now: Instant
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How a call ended."""

    ended: Moment
    outcome: Outcome
    end_reason: str
    status: int
    """Final status of a call that was not answered."""
    q850: int
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class Dossier:
    """One call so far. Mutable, and owned by one call's flow."""

    id: str
    node: str
    number: str
    caller: Caller
    private: bool
    trunk: str
    plan_version: int
    tariff: Tariff
    invited: Moment
    admitted: bool = False
    """It passed screening, and so counts towards the caps."""
    early: Moment | None = None
    answered: Moment | None = None
    destination_answered: Moment | None = None
    talk_ended: Moment | None = None
    """When the destination hung up, if the call went on without it."""
    survey: str = ""
    destination: str = ""
    route: str = ""
    keys: str = ""
    trace: list[Step] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    recording: str = ""
    """File of the talk, from the moment it is asked for."""
    recording_ms: int = 0
    """Its length; 0 until it is complete."""
    voicemail: str = ""
    voicemail_ms: int = 0
    ladder: list[LadderLine] = field(default_factory=list)
    quality: list[LegQuality] = field(default_factory=list)

    def note(self, leg: str, sent: bool, line: str, now: Instant) -> None:
        """Add a SIP message to the ladder."""
        if len(self.ladder) < LADDER_LINES:
            at_ms = round((now - self.invited.now) * 1000)
            self.ladder.append(LadderLine(at_ms=at_ms, leg=leg, sent=sent, line=line))

    def shifted(self, now: Instant, at: datetime) -> "Dossier":
        """The same on the clock of another process, in which it is ``now`` and ``at``."""
        return replace(
            self,
            invited=_shifted(self.invited, now, at),
            early=self.early and _shifted(self.early, now, at),
            answered=self.answered and _shifted(self.answered, now, at),
            destination_answered=self.destination_answered
            and _shifted(self.destination_answered, now, at),
            talk_ended=self.talk_ended and _shifted(self.talk_ended, now, at),
        )

    @property
    def basis(self) -> ChargeBasis:
        """From when the enterprise pays: our answer, if before a destination's.

        Also when the call outlasts the talk: a survey is time in which it is answered.
        """
        if self.answered is None:
            return ChargeBasis.NONE
        if self.destination_answered is None or self.talk_ended is not None:
            return ChargeBasis.ANSWER
        if self.answered.now < self.destination_answered.now:
            return ChargeBasis.ANSWER
        return ChargeBasis.DESTINATION_ANSWER

    def accrued(self, now: Instant) -> int:
        """The enterprise's share if the call ended now, 厘."""
        match self.basis:
            case ChargeBasis.NONE:
                return 0
            case ChargeBasis.ANSWER:
                return fee(self.tariff, _between(self.answered, now))
            case ChargeBasis.DESTINATION_ANSWER:
                return fee(self.tariff, _between(self.destination_answered, now))

    def uncharged(self, conclusion: Conclusion) -> CallRecord:
        """Close the dossier when its own price cannot be applied: nothing is charged."""
        free = Tariff(name=self.tariff.name, version=self.tariff.version, unit_price=0)
        return replace(self, tariff=free).record(conclusion)

    def record(self, conclusion: Conclusion) -> CallRecord:
        """Close the dossier: the call's one record."""
        ended = conclusion.ended
        talk_ms = _between(self.destination_answered, (self.talk_ended or ended).now)
        bill = charge(
            basis=self.basis,
            answered_ms=_between(self.answered, ended.now),
            talk_ms=talk_ms,
            tariff=self.tariff,
            caller=self.caller,
        )
        setup_end = self.destination_answered or ended
        return CallRecord(
            id=self.id,
            node=self.node,
            number=self.number,
            caller=self.caller.number,
            caller_private=self.private,
            area=self.caller.area,
            trunk=self.trunk,
            plan_version=self.plan_version,
            invite_at=self.invited.at,
            early_media_at=_stamp(self.early),
            answered_at=_stamp(self.answered),
            destination_answered_at=_stamp(self.destination_answered),
            ended_at=ended.at,
            outcome=conclusion.outcome,
            admitted=self.admitted,
            end_reason=conclusion.end_reason,
            status=200 if self.answered else conclusion.status,
            q850=conclusion.q850,
            destination=self.destination,
            route=self.route,
            keys=self.keys,
            setup_ms=_between(self.invited, setup_end.now),
            talk_ms=talk_ms,
            charge_basis=self.basis,
            charged_ms=bill.charged_ms,
            fee=bill.fee,
            caller_fee=bill.caller_fee,
            tariff=bill.tariff,
            tariff_version=bill.tariff_version,
            arithmetic=bill.arithmetic,
            attempts=tuple(self.attempts),
            trace=tuple(self.trace),
            ladder=tuple(self.ladder),
            quality=tuple(self.quality),
            recording=self.recording,
            recording_ms=self.recording_ms,
            voicemail=self.voicemail,
            voicemail_ms=self.voicemail_ms,
            survey=self.survey,
            fault=conclusion.fault,
        )


def _stamp(moment: Moment | None) -> datetime | None:
    return None if moment is None else moment.at


def _between(start: Moment | None, end: Instant) -> int:
    """Milliseconds, rounded up: 0.2 ms of talk is talk."""
    if start is None:
        return 0
    elapsed_us = round((end - start.now) * 1_000_000)
    return max(0, -(-elapsed_us // 1000))


def _shifted(moment: Moment, now: Instant, at: datetime) -> Moment:
    elapsed = max(0.0, (at - moment.at).total_seconds())
    return Moment(now - elapsed, moment.at)


def quality_of(leg: str, quality: Quality) -> LegQuality:
    """What a leg's audio was like, as the record tells it."""
    return LegQuality(
        leg=leg,
        packets_received=quality.packets_received,
        packets_sent=quality.packets_sent,
        packets_lost=quality.packets_lost,
        packets_dropped=quality.packets_dropped,
        jitter_ms=quality.jitter_ms,
        remote_lost=quality.remote_lost,
        remote_jitter_ms=quality.remote_jitter_ms,
        round_trip_ms=quality.round_trip_ms,
        mos=quality.mos,
    )
