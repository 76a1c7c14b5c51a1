r"""The calling side of a session: RFC 3261 §13.2, with PRACK (RFC 3262 §4).

One order to invite becomes attempts, one after the other: the next hop of the trunk, or the
next address of a hop, is tried when nothing came in time (RFC 3263 §4.3). The contacts of a
phone ring at once, best first (RFC 3261 §16.6). An attempt that was left is cancelled as
soon as that is allowed. An INVITE forks beyond us: every tag in a
response is an early dialog. The first 2xx wins; every other one is acknowledged and
released, even when call control has long forgotten the session::

    we                     far end
    CANCEL -------\ /----- 200 (INVITE)
                   X
    ACK    -------/ \-----> 481 or 200 (CANCEL)
    BYE    ---------------> 200 (BYE)

3xx is a refusal: numbers are dialled from plans, never from messages.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.attempts import Attempt, Attempts
from b2bua.sip.dialog.body import readable_description
from b2bua.sip.dialog.conversation import Conversation
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.dialog import calling_dialog
from b2bua.sip.dialog.early import authorization
from b2bua.sip.dialog.events import (
    Accepted,
    Cause,
    Ended,
    EndReason,
    HangUp,
    Invite,
    Offer,
    Order,
    Progressed,
    Refused,
)
from b2bua.sip.dialog.modify import Initial
from b2bua.sip.dialog.outputs import Answer, Failure, Output, SendCancel, SendRequest
from b2bua.sip.dialog.reasons import causes_of
from b2bua.sip.dialog.requests import Task
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.transaction.key import ServerKey

ELSEWHERE: Final = (Cause("SIP", 200, "Call completed elsewhere"),)
"""Why those are cancelled that rang beside who answered (RFC 3326 §3.1)."""
MOST_FORKS: Final = 32
"""Early dialogs of one session; what rings beyond them only rings."""

SILENT: Final = (100, 199)
"""What says nothing of a callee: 199 is of a fork that has ended (RFC 6228)."""


@dataclass(slots=True)
class Fork:
    """One early dialog."""

    conversation: Conversation
    attempt: int
    """The purpose of the INVITE that made it."""
    rseq: int | None = None
    """The last reliable provisional response taken (RFC 3262 §4)."""
    preview: SessionDescription | None = None
    """What an unreliable provisional response described."""


class Calling:
    """One session that we began."""

    def __init__(self, order: Invite, *, terms: Terms, tokens: Tokens) -> None:
        self.session = order.session
        self._order = order
        self._terms = terms
        self._tokens = tokens
        self._purposes: Iterator[int] = count(1)
        self._attempts = Attempts(order, terms, tokens, self._purposes)
        self.call_id = self._attempts.call_id
        self._forks: dict[str, Fork] = {}
        self._winner: Fork | None = None
        self._closed = False
        self._wanted: SessionDescription | None = None
        self._give_up_at: Instant | None = None
        self._refusal: Refused | None = None

    @property
    def over(self) -> bool:
        """It has ended and nothing of it can come any more."""
        return (
            self._closed
            and not len(self._attempts)
            and all(fork.conversation.over for fork in self._forks.values())
        )

    @property
    def standing(self) -> Conversation | None:
        """The dialog that goes on, once there is one."""
        winner = self._winner
        return None if self._closed or winner is None else winner.conversation

    @property
    def conversations(self) -> list[Conversation]:
        """Every dialog, early ones too."""
        return [fork.conversation for fork in self._forks.values()]

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        impatient = not self._closed and self._winner is None
        return earliest(
            self._attempts.deadline if impatient else None,
            self._give_up_at,
            *(fork.conversation.deadline for fork in self._forks.values()),
        )

    def start(self, now: Instant) -> list[Output]:
        """Send the first INVITE, or the first few."""
        self._give_up_at = now + self._terms.longest_ringing
        return self._go_on(self._attempts.start(), now)

    def _go_on(self, requests: list[SendRequest], now: Instant) -> list[Output]:
        """Send what is tried next, or conclude that nobody is left."""
        for request in requests:
            self._attempts[request.purpose].patience = now + self._order.patience
        if not self._attempts.under_way:
            refused = Refused(session=self.session, status=503, local=True)
            return self._close(self._refusal or refused)
        return [*requests]

    def receive_response(
        self, purpose: int, response: Response, now: Instant
    ) -> list[Output]:
        """Take a response to a request of ours."""
        if purpose not in self._attempts:
            for fork in self._forks.values():
                if purpose in fork.conversation.requests:
                    return self._follow(
                        fork.conversation.receive_response(purpose, response, now)
                    )
            return self.receive_stray(response)
        attempt = self._attempts[purpose]
        match response.status // 100:
            case 1:
                return self._progressed(purpose, attempt, response)
            case 2:
                return self._accepted(purpose, attempt, response, now)
            case _:
                return self._refused(purpose, response, now)

    def receive_stray(self, response: Response) -> list[Output]:
        """Acknowledge a 2xx that comes once more, after its transaction."""
        fork = self._forks.get(response.to.tag)
        return fork.conversation.receive_stray(response) if fork else []

    def _progressed(
        self, purpose: int, attempt: Attempt, response: Response
    ) -> list[Output]:
        attempt.patience = None
        if self._closed or attempt.left or self._winner or response.status in SILENT:
            return []
        tag = response.to.tag
        if not tag or (tag not in self._forks and len(self._forks) >= MOST_FORKS):
            return [self._progress(response, None)]
        fork = self._fork(purpose, attempt, response)
        outputs: list[Output] = []
        if "100rel" in response.require and response.rseq is not None:
            if fork.rseq is not None and response.rseq != fork.rseq + 1:
                return []
            fork.rseq = response.rseq
            rack = ("RAck", f"{response.rseq} {response.cseq.number} INVITE")
            outputs.append(fork.conversation.requests.send(Task.PRACK, "PRACK", rack))
        description = self._describe(fork, response, reliable=bool(outputs))
        return [*outputs, self._progress(response, description)]

    def _progress(
        self, response: Response, description: SessionDescription | None
    ) -> Progressed:
        return Progressed(
            session=self.session,
            status=response.status,
            description=description,
            fork=response.to.tag,
            causes=causes_of(response),
            authorized=authorization(response) if self._terms.trusted else None,
        )

    def _describe(
        self, fork: Fork, response: Response, *, reliable: bool
    ) -> SessionDescription | None:
        """Take an answer: a reliable one counts, another announces what the 2xx says.

        After one that counts, further descriptions are none (RFC 6337 §3.1.1).
        """
        modification = fork.conversation.modification
        description = readable_description(response)
        if description is None or modification.initial is not Initial.OURS:
            return None
        if reliable:
            modification.initial = Initial.SETTLED
            modification.local, modification.remote = self._order.offer, description
        else:
            fork.preview = description
        return description

    def _fork(self, purpose: int, attempt: Attempt, response: Response) -> Fork:
        """The early dialog of a response, made by the first with its tag (§12.1.2)."""
        fork = self._forks.get(response.to.tag)
        if fork is None:
            conversation = Conversation(
                session=self.session,
                dialog=calling_dialog(attempt.request, response),
                terms=self._terms,
                tokens=self._tokens,
                purposes=self._purposes,
                calling=True,
                initial=Initial.OURS,
            )
            conversation.refresh.least = self._attempts.least
            fork = self._forks[response.to.tag] = Fork(conversation, purpose)
        fork.conversation.modification.hear_allow(response)
        return fork

    def _accepted(
        self, purpose: int, attempt: Attempt, response: Response, now: Instant
    ) -> list[Output]:
        """Acknowledge a 2xx, whosever it is (§13.2.2.4)."""
        attempt.answered = True
        fork = self._fork(purpose, attempt, response)
        conversation = fork.conversation
        if conversation.modification.established:
            return [conversation.requests.acknowledge(attempt.request)]
        self._confirm(fork, attempt, response)
        ack = conversation.requests.acknowledge(attempt.request)
        if self._closed or attempt.left or self._winner is not None:
            conversation.end(EndReason.RELEASED, now)
            return [ack, conversation.bye()]
        described = conversation.modification.remote
        answer = None if described else readable_description(response) or fork.preview
        if described is None and answer is None:
            conversation.end(EndReason.FAILED, now)
            refused = Refused(session=self.session, status=488, local=True)
            return [ack, conversation.bye(), *self._close(refused)]
        self._win(fork, answer, response, now)
        left = [SendCancel(other, ELSEWHERE) for other, _ in self._attempts.leave()]
        accepted = Accepted(session=self.session, description=answer, fork=response.to.tag)
        return [ack, *left, accepted, *self._offer_wanted(now)]

    def _confirm(self, fork: Fork, attempt: Attempt, response: Response) -> None:
        """Make an early dialog a confirmed one: its route set is the 2xx's (§13.2.2.4)."""
        dialog = fork.conversation.dialog
        fresh = calling_dialog(attempt.request, response)
        dialog.remote_target, dialog.route_set = fresh.remote_target, fresh.route_set
        fork.conversation.establish()

    def _win(
        self,
        fork: Fork,
        answer: SessionDescription | None,
        response: Response,
        now: Instant,
    ) -> None:
        self._winner = fork
        self._give_up_at = None
        conversation = fork.conversation
        if answer is not None:
            modification = conversation.modification
            modification.local, modification.remote = self._order.offer, answer
        conversation.refresh.take_response(response, now)
        conversation.establish()
        self._forks = {
            tag: other
            for tag, other in self._forks.items()
            if other.conversation.modification.established
        }

    def _offer_wanted(self, now: Instant) -> list[Output]:
        if self._wanted is None or self._winner is None:
            return []
        order = Offer(self.session, self._wanted)
        self._wanted = None
        return self._winner.conversation.order(order, now)

    def _refused(self, purpose: int, response: Response, now: Instant) -> list[Output]:
        attempt = self._attempts.close(purpose)
        self._drop_forks(purpose)
        if attempt is None or self._closed or attempt.left or self._winner is not None:
            return []
        again = self._attempts.again(attempt, response)
        if again is not None:
            return self._go_on([again], now)
        refused = Refused(
            session=self.session, status=response.status, causes=causes_of(response)
        )
        self._refusal = self._attempts.preferred(self._refusal, refused)
        if self._attempts.settles(response.status):
            return self._close(self._refusal)
        return self._go_on(self._attempts.after(attempt), now)

    def _missed(self) -> None:
        """Note that somebody said nothing."""
        refused = Refused(session=self.session, status=408, local=True)
        self._refusal = self._attempts.preferred(self._refusal, refused)

    def failed(self, purpose: int, failure: Failure, now: Instant) -> list[Output]:
        """A request of ours found no answer, or no way."""
        if purpose not in self._attempts:
            for fork in list(self._forks.values()):
                if purpose in fork.conversation.requests:
                    return self._follow(fork.conversation.failed(purpose, now))
            return []
        attempt = self._attempts.close(purpose)
        self._drop_forks(purpose)
        if attempt is None or self._closed or attempt.left or self._winner is not None:
            return []
        if failure is Failure.TIMED_OUT:
            self._missed()
        return self._go_on(self._attempts.after(attempt, failure), now)

    def transaction_ended(self, purpose: int) -> None:
        """No response to the request for ``purpose`` can come any more."""
        self._attempts.close(purpose)

    def _drop_forks(self, purpose: int) -> None:
        """Early dialogs die with the INVITE that made them (§13.2.2.3)."""
        self._forks = {
            tag: fork
            for tag, fork in self._forks.items()
            if fork.attempt != purpose or fork.conversation.modification.established
        }

    def receive(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        """Take a request in one of the dialogs, other than ACK and CANCEL."""
        fork = self._forks.get(request.from_.tag)
        if fork is None or not fork.conversation.dialog.matches(request):
            return [Answer(key, response_to(request, 481))]
        return self._follow(fork.conversation.receive(key, request, now))

    def acknowledge(self, ack: Request, now: Instant) -> list[Output]:
        """Take the ACK of a 2xx to a re-INVITE."""
        fork = self._forks.get(ack.from_.tag)
        if fork is None:
            return []
        return self._follow(fork.conversation.acknowledge(ack, now))

    def cancel(self, key: ServerKey, cancel: Request, now: Instant) -> list[Output]:
        """A re-INVITE of the far end was cancelled."""
        fork = self._forks.get(cancel.from_.tag)
        return fork.conversation.cancel(key, now) if fork else []

    def order(self, order: Order, now: Instant) -> list[Output]:
        """Do what call control asks, if the session still can."""
        if self._closed:
            return []
        if self._winner is not None:
            return self._follow(self._winner.conversation.order(order, now))
        match order:
            case HangUp(causes=causes):
                ended = Ended(session=self.session, reason=EndReason.RELEASED)
                return self._close(ended, causes)
            case Offer(description=description):
                self._wanted = description
                return []
            case _:
                outputs: list[Output] = []
                for fork in self._forks.values():
                    outputs += fork.conversation.order(order, now)
                return outputs

    def _close(
        self, last: Refused | Ended, because: tuple[Cause, ...] = ()
    ) -> list[Output]:
        """Say the last word and cancel what is still under way."""
        self._closed = True
        self._give_up_at = None
        return [*self._cancel_all(because), last]

    def _cancel_all(self, because: tuple[Cause, ...] = ()) -> list[Output]:
        for fork in self._forks.values():
            if not fork.conversation.modification.established:
                fork.conversation.ended = True
                fork.conversation.requests.forget()
        return [SendCancel(purpose, because) for purpose in self._attempts.under_way]

    def _follow(self, outputs: list[Output]) -> list[Output]:
        """Close the session when one of its dialogs has ended it.

        Another early dialog may be answered yet (RFC 5407 appendix A).
        """
        if self._closed or not any(isinstance(output, Ended) for output in outputs):
            return outputs
        others = any(not fork.conversation.ended for fork in self._forks.values())
        if self._winner is None and others:
            return [output for output in outputs if not isinstance(output, Ended)]
        self._closed = True
        self._give_up_at = None
        return [*self._cancel_all(), *outputs]

    def wake(self, now: Instant) -> list[Output]:
        """Fire what is due."""
        outputs: list[Output] = []
        for fork in list(self._forks.values()):
            outputs += self._follow(fork.conversation.wake(now))
        if self._give_up_at is not None and self._give_up_at <= now:
            refused = Refused(session=self.session, status=408, local=True)
            return outputs + self._close(refused)
        if not self._closed and self._winner is None:
            outputs += self._lose_patience(now)
        return outputs

    def _lose_patience(self, now: Instant) -> list[Output]:
        """Leave the addresses that say nothing, and try the next."""
        outputs: list[Output] = []
        left = self._attempts.leave(now)
        for purpose, _ in left:
            self._missed()
            outputs.append(SendCancel(purpose))
        return outputs + self._go_on(self._attempts.after(left[-1][1]), now) if left else []
