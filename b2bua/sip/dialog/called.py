"""The called side of a session: RFC 3261 §13.3, with reliable responses (RFC 3262 §3).

An INVITE is answered by call control's orders. A reliable provisional response is repeated
until its PRACK and holds back whatever follows it; a 2xx is repeated until its ACK. What
ends the session before that is told to the far end as soon as the protocol lets us::

    far end                we
    INVITE ---------------->
       <------------------ 200        call control hangs up: said at once,
    ACK ------------------->          but a BYE must wait for the ACK (§15)
       <------------------ BYE
"""

from collections.abc import Iterator
from itertools import count

from b2bua.core.clock import Instant
from b2bua.core.errors import InvalidState
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.body import Unsuitable, description_of, readable_description
from b2bua.sip.dialog.conversation import Conversation
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.dialog import called_dialog
from b2bua.sip.dialog.early import ANNOUNCES, asks
from b2bua.sip.dialog.events import (
    Accept,
    Cause,
    Confirmed,
    Described,
    Ended,
    EndReason,
    HangUp,
    Invitation,
    Invited,
    Offer,
    Order,
    Refuse,
    Ring,
    SessionId,
)
from b2bua.sip.dialog.modify import SDP, Initial, unsuitable_response
from b2bua.sip.dialog.outputs import Answer, Failure, Output
from b2bua.sip.dialog.reasons import causes_of, reason_headers
from b2bua.sip.dialog.reliable import Reliable, is_reliable
from b2bua.sip.dialog.repeat import Repeater
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.serializer import serialize_description
from b2bua.sip.transaction.key import ServerKey

PROGRESS_INTERVAL = 60.0
"""Seconds after which a provisional response is said again (§13.3.1.1)."""


class Called:
    """One session that we were invited to."""

    def __init__(
        self,
        session: SessionId,
        key: ServerKey,
        invite: Request,
        *,
        terms: Terms,
        tokens: Tokens,
    ) -> None:
        self.session = session
        self.call_id = invite.call_id
        self._key = key
        self._invite = invite
        self._terms = terms
        purposes: Iterator[int] = count(1)
        self.conversation = Conversation(
            session=session,
            dialog=called_dialog(invite, session),
            terms=terms,
            tokens=tokens,
            purposes=purposes,
            calling=False,
            initial=Initial.THEIRS,
        )
        self._offer: SessionDescription | None = None
        self._ours: SessionDescription | None = None
        """What an unreliable provisional response said of us, for the 2xx."""
        self._rseq = 1 + int(tokens.fraction() * 2**30)
        self._reliable: Reliable | None = None
        self._overtaken: Reliable | None = None
        """One whose PRACK had not come when the final response left."""
        self._waiting: list[Ring | Accept] = []
        self._ringing: Ring | None = None
        self._ring_at: Instant | None = None
        self._give_up_at: Instant | None = None
        self._expires_at: Instant | None = None
        """When the invitation is worth nothing any more (§13.3.1)."""
        self._repeater: Repeater | None = None
        """Of our 2xx, until its ACK."""
        self._answered = False
        """A final response was sent."""
        self._goodbye: tuple[Cause, ...] | None = None
        """A BYE is owed as soon as the ACK is here."""

    @property
    def over(self) -> bool:
        """It has ended and nothing of it can come any more."""
        return self.conversation.over and self._repeater is None

    @property
    def standing(self) -> Conversation | None:
        """The dialog that goes on, once our 2xx has made one."""
        alive = self._answered and not self.conversation.ended
        return self.conversation if alive else None

    @property
    def conversations(self) -> list[Conversation]:
        """Every dialog."""
        return [self.conversation]

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return earliest(
            self.conversation.deadline,
            self._reliable.repeater.deadline if self._reliable is not None else None,
            self._repeater.deadline if self._repeater is not None else None,
            self._ring_at,
            self._give_up_at,
            self._expires_at,
        )

    def start(self, invitation: Invitation, now: Instant) -> list[Output]:
        """Say 100 and tell call control."""
        self._offer = invitation.offer
        self.conversation.modification.hear_allow(self._invite)
        self._give_up_at = now + self._terms.longest_early
        if (lifetime := self._invite.lifetime) is not None:
            self._expires_at = now + lifetime
        trying = Answer(self._key, response_to(self._invite, 100))
        return [trying, Invited(self.session, invitation)]

    def order(self, order: Order, now: Instant) -> list[Output]:
        """Do what call control asks, if the session still can."""
        if self.conversation.ended:
            return []
        match order:
            case Ring() | Accept() if self._answered:
                return []
            case Ring():
                return self._progress(order, now)
            case Accept():
                return self._accept(order, now)
            case Refuse(status=status, causes=causes, retry_after=after):
                extra = list(reason_headers(causes))
                if after is not None:
                    extra.append(("Retry-After", str(after)))
                return self._refuse(status, EndReason.RELEASED, now, *extra)
            case HangUp(causes=causes):
                return self._hang_up(causes, now)
            case _:
                return self._follow(self.conversation.order(order, now), now)

    def _progress(self, order: Ring, now: Instant) -> list[Output]:
        """Send a provisional response, or let it wait for the PRACK of the last."""
        if self._reliable is not None:
            self._waiting.append(order)
            return []
        self._ringing, self._ring_at = order, now + PROGRESS_INTERVAL
        reliable = is_reliable(self._invite, self._terms.reliability, order)
        description = self._say(order.description, reliable=reliable)
        extra: list[tuple[str, str]] = []
        if description is not None and self._terms.trusted and asks(self._invite):
            extra.append(ANNOUNCES)
        if reliable:
            self._rseq += 1
            extra += [("Require", "100rel"), ("RSeq", str(self._rseq))]
        answer = self._respond(order.status, extra, description)
        if reliable:
            repeater = Repeater(answer, self._terms.timers, now, capped=False)
            self._reliable = Reliable(self._rseq, description is not None, repeater)
        return [answer]

    def _say(
        self, description: SessionDescription | None, *, reliable: bool
    ) -> SessionDescription | None:
        """What of a description may be said now (§13.2.1, RFC 6337 §2.2).

        An answer may be announced unreliably, an offer may not.
        """
        modification = self.conversation.modification
        if description is None or modification.initial is not Initial.THEIRS:
            return None
        self._ours = description
        if reliable:
            self._settle(description)
            return description
        return description if self._offer is not None else None

    def _settle(self, description: SessionDescription) -> None:
        """Our description counts: it answers their offer, or it is an offer."""
        modification = self.conversation.modification
        if self._offer is None:
            modification.initial = Initial.OURS
            self._ours = description
        else:
            modification.initial = Initial.SETTLED
            modification.local, modification.remote = description, self._offer

    def _respond(
        self,
        status: int,
        extra: list[tuple[str, str]],
        description: SessionDescription | None = None,
    ) -> Answer:
        body = b""
        if description is not None:
            extra, body = [*extra, SDP], serialize_description(description)
        response = response_to(
            self._invite, status, to_tag=self.session, extra=extra, body=body
        )
        return Answer(self._key, response)

    def _accept(self, order: Accept, now: Instant) -> list[Output]:
        """Answer with 200, but not before the PRACK of a description (RFC 3262 §3)."""
        if self._reliable is not None and self._reliable.described:
            self._waiting = [order]
            return []
        modification = self.conversation.modification
        outputs: list[Output] = []
        description = order.description or self._ours
        if description is None and modification.initial is Initial.THEIRS:
            raise InvalidState("A 200 needs a description")
        said: SessionDescription | None = None
        if modification.initial is Initial.THEIRS and description is not None:
            said = description
            self._settle(description)
        elif order.description not in (None, modification.local):
            later = Offer(self.session, order.description)
            outputs += self.conversation.order(later, now)
        timer = self.conversation.refresh.take_request(
            self._invite, self._terms.session_interval, now
        )
        answer = self._respond(200, list(timer), said)
        self._final()
        self._repeater = Repeater(answer, self._terms.timers, now, capped=True)
        return [answer, *outputs]

    def _final(self) -> None:
        """Whatever was provisional is so no more."""
        self._answered = True
        self.conversation.modification.inviting = False
        self._overtaken = self._reliable
        self._reliable = self._ringing = None
        self._ring_at = self._give_up_at = self._expires_at = None
        self._waiting.clear()

    def _refuse(
        self,
        status: int,
        reason: EndReason,
        now: Instant,
        *extra: tuple[str, str],
        heard: tuple[Cause, ...] = (),
    ) -> list[Output]:
        """End an invitation with a final response other than 2xx."""
        if self._answered:
            return []
        self._final()
        answer = self._respond(status, [*extra])
        return [*self.conversation.end(reason, now, heard), answer]

    def _hang_up(self, causes: tuple[Cause, ...], now: Instant) -> list[Output]:
        if not self._answered:
            return self._refuse(487, EndReason.RELEASED, now, *reason_headers(causes))
        if self._repeater is None:
            return self.conversation.order(HangUp(session=self.session, causes=causes), now)
        self._goodbye = causes
        return self.conversation.end(EndReason.RELEASED, now)

    def receive(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        """Take a request in the dialog, other than ACK and CANCEL."""
        if not self.conversation.dialog.matches(request):
            return [Answer(key, response_to(request, 481))]
        if request.method == "PRACK" and not self.conversation.ended:
            return self._prack(key, request, now)
        return self._follow(self.conversation.receive(key, request, now), now)

    def _prack(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        """Take the PRACK of a reliable response, an overtaken one too (RFC 3262 §3)."""
        reliable = self._reliable or self._overtaken
        if reliable is None or not reliable.acknowledged_by(request, self._invite):
            return [Answer(key, response_to(request, 481))]
        try:
            description = description_of(request)
        except Unsuitable as error:
            return [Answer(key, unsuitable_response(request, error))]
        if not self.conversation.dialog.in_order(request):
            return [Answer(key, response_to(request, 500))]
        self._reliable = self._overtaken = None
        modification = self.conversation.modification
        outputs: list[Output] = []
        if modification.initial is Initial.OURS and description is not None:
            outputs += self._described(description)
            outputs.insert(0, Answer(key, response_to(request, 200)))
        elif description is not None:
            outputs += modification.receive(key, request, now)
        else:
            outputs.append(Answer(key, response_to(request, 200)))
        return [*outputs, *self._next(now)]

    def _described(self, description: SessionDescription) -> list[Output]:
        """The far end has answered our first offer."""
        modification = self.conversation.modification
        modification.initial = Initial.SETTLED
        modification.local, modification.remote = self._ours, description
        return [Described(self.session, description)]

    def _next(self, now: Instant) -> list[Output]:
        """Send what waited for a PRACK."""
        outputs: list[Output] = []
        while self._waiting and self._reliable is None:
            outputs += self.order(self._waiting.pop(0), now)
        return outputs

    def cancel(self, key: ServerKey, cancel: Request, now: Instant) -> list[Output]:
        """A CANCEL came; it means nothing once a final response is out (§9.2)."""
        if key != self._key:
            return self.conversation.cancel(key, now)
        return self._refuse(487, EndReason.CANCELLED, now, heard=causes_of(cancel))

    def acknowledge(self, ack: Request, now: Instant) -> list[Output]:
        """Take the ACK of a 2xx."""
        if not self.conversation.dialog.matches(ack):
            return []
        if ack.cseq.number != self._invite.cseq.number:
            return self._follow(self.conversation.acknowledge(ack, now), now)
        if self._repeater is None:
            return []
        self._repeater = None
        if self._goodbye is not None:
            return [self.conversation.bye(self._goodbye)]
        if self.conversation.ended:
            return []
        outputs: list[Output] = []
        if self.conversation.modification.initial is not Initial.SETTLED:
            outputs = self._take_answer(ack)
            if not outputs:
                return self.conversation.end(EndReason.FAILED, now, bye=True)
        self.conversation.establish()
        waiting = self.conversation.modification.proceed(now)
        return [*outputs, Confirmed(self.session), *waiting]

    def _take_answer(self, ack: Request) -> list[Output]:
        """The answer that an ACK must bring to the offer in our 2xx (§13.2.1)."""
        description = readable_description(ack)
        return [] if description is None else self._described(description)

    def receive_response(
        self, purpose: int, response: Response, now: Instant
    ) -> list[Output]:
        """Take a response to a request of ours."""
        return self._follow(self.conversation.receive_response(purpose, response, now), now)

    def receive_stray(self, response: Response) -> list[Output]:
        """Acknowledge a 2xx that comes once more, after its transaction."""
        return self.conversation.receive_stray(response)

    def failed(self, purpose: int, failure: Failure, now: Instant) -> list[Output]:
        """A request of ours found no answer, or no way."""
        return self._follow(self.conversation.failed(purpose, now), now)

    def transaction_ended(self, purpose: int) -> None:
        """No response to the request for ``purpose`` can come any more."""

    def _follow(self, outputs: list[Output], now: Instant) -> list[Output]:
        """Finish the INVITE when the dialog has ended beneath it."""
        if not any(isinstance(output, Ended) for output in outputs):
            return outputs
        self._repeater = None
        if self._answered:
            return outputs
        self._final()
        return [*outputs[:-1], self._respond(487, []), outputs[-1]]

    def wake(self, now: Instant) -> list[Output]:
        """Fire what is due."""
        outputs = self._follow(self.conversation.wake(now), now)
        if self._reliable is not None:
            outputs += self._reliable.repeater.wake(now)
            if self._reliable.repeater.expired(now):
                return outputs + self._refuse(500, EndReason.FAILED, now)
        if self._repeater is not None:
            outputs += self._repeater.wake(now)
            if self._repeater.expired(now):
                return outputs + self._unacknowledged(now)
        if self._expires_at is not None and self._expires_at <= now:
            return outputs + self._refuse(487, EndReason.CANCELLED, now)
        if self._give_up_at is not None and self._give_up_at <= now:
            return outputs + self._refuse(480, EndReason.FAILED, now)
        if self._ring_at is not None and self._ring_at <= now and self._ringing:
            outputs += self._progress(self._ringing, now)
        return outputs

    def _unacknowledged(self, now: Instant) -> list[Output]:
        """Nobody acknowledged our 2xx: the session is over (§13.3.1.4)."""
        self._repeater = None
        if self.conversation.ended:
            return [self.conversation.bye(self._goodbye or ())]
        return self.conversation.end(EndReason.NO_ACK, now, bye=True)
