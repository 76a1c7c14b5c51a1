"""Calls of the process before: taken back from the journal, or released and recorded.

A call in which both sides talk lives in its two dialogs and its media session, and goes on
where those do. One that was not assigned to anybody begins again with its INVITE. Of any
other the answered legs get a BYE, destinations that ring a CANCEL, a caller who still waits
a final response, and the record is written from what the journal knows. Records of images
that cannot be read hold what can.
"""

from typing import Final

from b2bua.call.media import CallId, CloseMedia
from b2bua.core.tokens import Tokens
from b2bua.exchange.calls import Calls
from b2bua.exchange.journal_image import CallImage, Remains, encode
from b2bua.exchange.outlook import Outlook
from b2bua.exchange.outputs import CallFault
from b2bua.exchange.round import Item, Round
from b2bua.service.flow.course import Surroundings
from b2bua.service.flow.dossier import Moment
from b2bua.service.flow.ending import TEMPORARY_FAILURE
from b2bua.service.flow.flow import CallFlow
from b2bua.service.flow.image import broken_off, image_of, restored
from b2bua.service.record import CallRecord, Outcome
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId, SessionImage
from b2bua.sip.endpoint.endpoint import SipEndpoint

SOON: Final = 30.0
"""Seconds after an INVITE in which it may be taken up again: less than 64*T1."""
OURS = (Cause("Q.850", TEMPORARY_FAILURE),)
"""What far ends are told of a call that our own failure ends."""


class Recovery:
    """What an exchange does with the images that it begins with."""

    def __init__(
        self, endpoint: SipEndpoint, outlook: Outlook, calls: Calls, tokens: Tokens
    ) -> None:
        self._endpoint = endpoint
        self._outlook = outlook
        self._calls = calls
        self._tokens = tokens

    def image(self, flow: CallFlow, moment: Moment) -> bytes:
        """What whoever comes after us needs of a call."""
        endpoint, now = self._endpoint, moment.now
        caller, chosen = SessionId(flow.call.caller.leg), flow.call.hunt.legs
        sessions = (endpoint.image(one, now) for one in flow.call.sessions)
        farewell = None
        if flow.dossier.answered is None:
            farewell = endpoint.farewell(caller)
        legs = (SessionId(leg) for leg in chosen)
        withdrawals = (one for leg in legs for one in endpoint.withdrawals(leg, OURS))
        image = CallImage(
            flow=image_of(flow),
            sessions=tuple(session for session in sessions if session is not None),
            farewell=farewell,
            withdrawals=tuple(withdrawals),
            unheeded=None if chosen else endpoint.unheeded(caller),
        )
        return encode(image)

    def resume(
        self, image: CallImage, around: Surroundings, moment: Moment
    ) -> CallFlow | None:
        """Go on with a call, or not if its two sides were not talking."""
        plan = self._outlook.snapshot.plans.get(image.flow.dossier.number)
        flow = restored(image.flow, plan, around, self._tokens, moment)
        if flow is None:
            return None
        if flow.call.sessions != {session.session for session in image.sessions}:
            return None
        for session in image.sessions:
            self._endpoint.restore(session, moment.now)
        self._calls.add(flow)
        if plan is not None and flow.admitted:
            self._outlook.ledger.resume(plan, flow.dossier, moment.now)
        return flow

    def again(self, image: CallImage, moment: Moment) -> Round | None:
        """Begin a call anew with its INVITE; None if too much has become of it.

        It keeps its name, so that there is one image and one record of it, and the moment
        at which it came. Its caller is still there, or about to say CANCEL, which is
        repeated for longer than :data:`SOON`. Its tag is new: what the caller may have
        heard of the old one was an early dialog, of which one INVITE may have several
        (RFC 3261 §12.1), each with numbers of its own for reliable responses.
        """
        heard, dossier = image.unheeded, image.flow.dossier.shifted(moment.now, moment.at)
        if heard is None or moment.now - dossier.invited.now > SOON:
            return None
        taken = self._endpoint.receive(heard.data, heard.flow, moment.now)
        return Round(taken, again=dossier)

    def bury(self, name: CallId, remains: Remains, moment: Moment, fault: str) -> Round:
        """Release and record what cannot go on; ``fault``: why, if it is our own."""
        record = last_record(name, self._outlook.node, remains, moment, fault)
        round_ = Round([CloseMedia(name)])
        for image in remains.sessions:
            round_.backlog += self._release(image, moment)
        for goodbye in remains.goodbyes:
            round_.say(goodbye)
        plan = self._outlook.snapshot.plans.get(record.number)
        if plan is not None:
            self._outlook.ledger.enter(plan, record)
        round_.finish(record)
        if fault:
            round_.add(CallFault(name, fault))
        return round_

    def _release(self, image: SessionImage, moment: Moment) -> list[Item]:
        """Take a dialog back for the sake of its BYE."""
        try:
            taken = self._endpoint.restore(image, moment.now)
        except Exception:
            # A dialog that cannot be taken back cannot be ended: its far end will see.
            return [*self._endpoint.abandon(image.session, moment.now)]
        return [*taken, sip.HangUp(session=image.session, causes=OURS)]


def last_record(
    name: CallId, node: str, remains: Remains, moment: Moment, fault: str
) -> CallRecord:
    """Record as much of a call as can be known."""
    if remains.dossier is not None and remains.dossier.id == name:
        remains.dossier.admitted = remains.admitted
        return broken_off(remains.dossier, remains.phase, moment, fault)
    return CallRecord(
        id=name,
        node=node,
        number="",
        caller="",
        trunk="",
        invite_at=moment.at,
        ended_at=moment.at,
        outcome=Outcome.FAILED,
        end_reason="unreadable image",
        status=480,
        q850=41,
        fault=fault,
    )
