"""One dialog of a session, from its first response to its end: RFC 3261 §§12, 14 and 15.

Both sides of a session, and a session taken back after a restart, talk through this
machine once their dialog exists. What only an INVITE in progress knows is in ``calling``
and ``called``. It says :class:`Ended` once, and nothing after it; what remains then are
answers to its last requests, until :attr:`Conversation.over`.
"""

from collections.abc import Iterator

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.body import Unsuitable, key_of
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.dialog import Dialog
from b2bua.sip.dialog.events import (
    AnswerOffer,
    Cause,
    DialogChanged,
    Ended,
    EndReason,
    HangUp,
    Offer,
    Order,
    Pressed,
    RefuseOffer,
    SessionId,
)
from b2bua.sip.dialog.modify import Initial, Modification, unsuitable_response
from b2bua.sip.dialog.outputs import Answer, Output, SendCancel
from b2bua.sip.dialog.reasons import causes_of, reason_headers
from b2bua.sip.dialog.refresh import Due, Refresh
from b2bua.sip.dialog.requests import Pending, Requests, Task
from b2bua.sip.dialog.terms import ACCEPTED_BODIES, EXTENSIONS, Terms
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transaction.key import ServerKey


class Conversation:
    """One dialog and everything that is said in it."""

    def __init__(  # noqa: PLR0913 (what both sides of a session give it)
        self,
        *,
        session: SessionId,
        dialog: Dialog,
        terms: Terms,
        tokens: Tokens,
        purposes: Iterator[int],
        calling: bool,
        initial: Initial,
    ) -> None:
        self.session = session
        self.dialog = dialog
        self.calling = calling
        self.ended = False
        self.refresh = Refresh()
        self._terms = terms
        self.requests = Requests(
            dialog, terms=terms, tokens=tokens, purposes=purposes, calling=calling
        )
        self.modification = Modification(
            session=session,
            dialog=dialog,
            requests=self.requests,
            refresh=self.refresh,
            terms=terms,
            tokens=tokens,
            calling=calling,
            initial=initial,
        )
        self._seen = self._stamp()

    @property
    def over(self) -> bool:
        """It has ended and waits for nothing more."""
        return self.ended and not len(self.requests)

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return earliest(self.modification.deadline, self.refresh.deadline)

    def establish(self) -> None:
        """The dialog is confirmed: ACK was sent or received, or it was restored."""
        self.modification.established = True
        self.modification.inviting = False
        self.modification.initial = Initial.SETTLED
        self._seen = self._stamp()

    def receive(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        """Take a request in the dialog, other than ACK and CANCEL."""
        if request.method not in self._terms.methods:
            allow = ("Allow", ", ".join(self._terms.methods))
            return [Answer(key, response_to(request, 405, extra=[allow]))]
        if self.ended and request.method != "BYE":
            return [Answer(key, response_to(request, 481))]
        if not self.dialog.in_order(request):
            return [Answer(key, response_to(request, 500))]
        return self._changed(self._serve(key, request, now))

    def _serve(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        match request.method:
            case "BYE":
                return self._hung_up(key, request, now)
            case "INVITE" | "UPDATE":
                return self.modification.receive(key, request, now)
            case "INFO":
                return self._press(key, request)
            case "OPTIONS":
                return [Answer(key, capabilities(request, self._terms))]
            case _:
                return [Answer(key, response_to(request, 481))]

    def _hung_up(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        answer = Answer(key, response_to(request, 200))
        if self.ended:
            return [answer]
        return [answer, *self.end(EndReason.HUNG_UP, now, causes_of(request))]

    def _press(self, key: ServerKey, request: Request) -> list[Output]:
        try:
            pressed = key_of(request)
        except Unsuitable as error:
            return [Answer(key, unsuitable_response(request, error))]
        answer = Answer(key, response_to(request, 200))
        if pressed is None:
            return [answer]
        event = Pressed(
            session=self.session, digit=pressed.digit, duration_ms=pressed.duration_ms
        )
        return [answer, event]

    def acknowledge(self, ack: Request, now: Instant) -> list[Output]:
        """Take the ACK of a 2xx to a re-INVITE."""
        return [] if self.ended else self._changed(self.modification.acknowledged(ack, now))

    def cancel(self, key: ServerKey, now: Instant) -> list[Output]:
        """A re-INVITE of the far end was cancelled."""
        return self._changed(self.modification.cancelled(key, now))

    def receive_response(
        self, purpose: int, response: Response, now: Instant
    ) -> list[Output]:
        """Take a response to a request of ours in the dialog."""
        if purpose not in self.requests:
            return self.receive_stray(response)
        if response.status < 200:
            return []
        return self._changed(self._conclude(purpose, response, now))

    def receive_stray(self, response: Response) -> list[Output]:
        """Acknowledge a repeated 2xx once more."""
        if response.cseq.method != "INVITE" or not 200 <= response.status < 300:
            return []
        ack = self.requests.acknowledged(response.cseq.number)
        return [ack] if ack else []

    def _conclude(self, purpose: int, response: Response, now: Instant) -> list[Output]:
        if response.status in (401, 407):
            again = self.requests.challenged(purpose, response)
            if again is not None:
                return [again]
        pending = self.requests.close(purpose)
        outputs: list[Output] = []
        if response.status < 300 and pending.request.method == "INVITE":
            # The ACK goes where the 2xx says (§12.2.1.2), which may be somewhere new.
            self.dialog.retarget(response)
            outputs.append(self.requests.acknowledge(pending.request))
        if self.ended:
            return outputs
        match pending.task:
            case Task.BYE | Task.PRACK:
                return outputs
            case Task.OFFER | Task.REINVITE | Task.UPDATE:
                return [*outputs, *self._modified(pending, response, now)]

    def _modified(self, pending: Pending, response: Response, now: Instant) -> list[Output]:
        if response.status < 300:
            return self.modification.succeeded(pending, response, now)
        if response.status in (408, 481):
            return self.end(EndReason.LOST, now, bye=True)
        return self.modification.failed(pending, response, now)

    def failed(self, purpose: int, now: Instant) -> list[Output]:
        """A request of ours got no answer or could not be sent (§12.2.1.2)."""
        if purpose not in self.requests:
            return []
        pending = self.requests.close(purpose)
        if self.ended or pending.task in (Task.BYE, Task.PRACK):
            return []
        return self.end(EndReason.LOST, now, bye=True)

    def order(self, order: Order, now: Instant) -> list[Output]:
        """Do what call control asks, if the session still can."""
        if self.ended:
            return []
        match order:
            case HangUp(causes=causes):
                return self.end(EndReason.RELEASED, now, bye=True, because=causes)
            case Offer(description=description):
                return self._changed(self.modification.offer(description, now))
            case AnswerOffer(description=description):
                return self._changed(self.modification.answer(description, now))
            case RefuseOffer(status=status):
                return self._changed(self.modification.refuse(status, now))
            case _:
                return []

    def end(
        self,
        reason: EndReason,
        now: Instant,
        causes: tuple[Cause, ...] = (),
        *,
        bye: bool = False,
        because: tuple[Cause, ...] = (),
    ) -> list[Output]:
        """End the session, with a BYE if the far end does not know; say it once."""
        if self.ended:
            return []
        self.ended = True
        self.refresh.stop()
        outputs = self.modification.stop()
        invite = self.requests.waits_for(Task.OFFER, Task.REINVITE)
        if invite is not None:
            outputs.append(SendCancel(invite))
        if bye:
            outputs.append(self.bye(because))
        return [*outputs, Ended(session=self.session, reason=reason, causes=causes)]

    def bye(self, because: tuple[Cause, ...] = ()) -> Output:
        """Tell the far end, whatever state this machine is in."""
        return self.requests.send(Task.BYE, "BYE", *reason_headers(because))

    def wake(self, now: Instant) -> list[Output]:
        """Fire what is due."""
        if self.ended:
            return []
        if self.modification.unacknowledged(now):
            return self.end(EndReason.NO_ACK, now, bye=True)
        outputs = self.modification.wake(now)
        match self.refresh.wake(now):
            case Due.REFRESH:
                outputs += self.modification.refresh(now)
            case Due.EXPIRY:
                cause = (Cause("SIP", 408, "Session Expired"),)
                outputs += self.end(EndReason.EXPIRED, now, bye=True, because=cause)
            case None:
                pass
        return self._changed(outputs)

    def _stamp(self) -> tuple[object, ...]:
        dialog, modification = self.dialog, self.modification
        return (
            dialog.local_cseq,
            dialog.remote_cseq,
            dialog.remote_target,
            modification.local,
            modification.remote,
            self.refresh.interval,
            self.refresh.we_refresh,
        )

    def _changed(self, outputs: list[Output]) -> list[Output]:
        """Add that the image is stale, if it is."""
        if self.ended or not self.modification.established:
            return outputs
        stamp = self._stamp()
        if stamp == self._seen:
            return outputs
        self._seen = stamp
        return [*outputs, DialogChanged(self.session)]


def capabilities(request: Request, terms: Terms, to_tag: str | None = None) -> Response:
    """What an OPTIONS is told (§11.2)."""
    return response_to(
        request,
        200,
        to_tag=to_tag,
        extra=[
            ("Allow", ", ".join(terms.methods)),
            ("Accept", ACCEPTED_BODIES),
            ("Accept-Encoding", "identity"),
            ("Accept-Language", "zh, en"),
            ("Supported", ", ".join(EXTENSIONS)),
        ],
    )
