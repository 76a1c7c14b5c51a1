r"""Changing a session while it goes on: re-INVITE and UPDATE, both ways.

RFC 3261 §14 and RFC 3311, with the offer/answer rules of RFC 3264 §4 and RFC 6337: at most
one offer is open at a time, whoever made it. When both sides make one at once each
answers 491 and waits, the owner of the Call-ID longer (§14.1)::

    we                     far end
    INVITE(offer) --\ /-- INVITE(offer)
                     X
    491 -----------/ \--- 491
    ACK ...                ACK ...
    wait 2.1 to 4 s        wait 0 to 2 s    (we own the Call-ID)
"""

import enum
from dataclasses import dataclass
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.body import Unsuitable, description_of, readable_description
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.dialog import Dialog
from b2bua.sip.dialog.events import Described, Offered, OfferFailed, SessionId
from b2bua.sip.dialog.outputs import Answer, Output, SendCancel
from b2bua.sip.dialog.refresh import Refresh, too_brief
from b2bua.sip.dialog.repeat import Repeater
from b2bua.sip.dialog.requests import Pending, Requests, Task
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.build import response_to
from b2bua.sip.message.message import Request, Response
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.serializer import serialize_description
from b2bua.sip.transaction.key import ServerKey

SDP: Final = ("Content-Type", "application/sdp")

MOST_DELAYS: Final = 5
"""How often an offer of ours that comes too early for the far end is made again."""

PATIENCE: Final = {"INVITE": 60.0, "UPDATE": 16.0, "PRACK": 16.0}
"""Seconds that call control has for the answer to an offer."""


class Initial(enum.Enum):
    """How far the first offer/answer exchange of the dialog has come."""

    OURS = "we offered"
    THEIRS = "they offered"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the far end that waits for call control."""

    key: ServerKey
    request: Request
    description: SessionDescription | None
    deadline: Instant


class Modification:
    """Offers and answers in one dialog after the first; refreshes share their way."""

    def __init__(  # noqa: PLR0913 (what both sides of a dialog share)
        self,
        *,
        session: SessionId,
        dialog: Dialog,
        requests: Requests,
        refresh: Refresh,
        terms: Terms,
        tokens: Tokens,
        calling: bool,
        initial: Initial,
    ) -> None:
        self._session = session
        self._dialog = dialog
        self._requests = requests
        self._refresh = refresh
        self._terms = terms
        self._tokens = tokens
        self._calling = calling
        self.initial = initial
        self.established = False
        """The dialog is confirmed, so re-INVITEs are allowed."""
        self.inviting = True
        """The INVITE that made the dialog has no final response."""
        self.local: SessionDescription | None = None
        self.remote: SessionDescription | None = None
        self.updates = False
        """The far end takes UPDATE."""
        self._asked: Asked | None = None
        self._repeater: Repeater | None = None
        self._open: SessionDescription | None = None
        """Our offer in a 2xx, which the ACK is to answer."""
        self._wanted: SessionDescription | None = None
        self._wait: Instant | None = None
        self._delays = 0
        self._limit: Instant | None = None

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        return earliest(
            self._repeater.deadline if self._repeater is not None else None,
            self._asked.deadline if self._asked is not None else None,
            self._wait,
            self._limit,
        )

    def receive(self, key: ServerKey, request: Request, now: Instant) -> list[Output]:
        """Take a re-INVITE, an UPDATE, or a PRACK with an offer."""
        if refusal := self._conflict(request):
            return [Answer(key, refusal)]
        if too_brief(request, self._terms.min_session_interval):
            least = ("Min-SE", str(self._terms.min_session_interval))
            return [Answer(key, response_to(request, 422, extra=[least]))]
        try:
            description = description_of(request)
        except Unsuitable as error:
            return [Answer(key, unsuitable_response(request, error))]
        if request.method != "PRACK":
            self._dialog.retarget(request)
            self.hear_allow(request)
        if description is None and request.method != "INVITE":
            return [Answer(key, self._accepting(request, None, now))]
        if description is not None and description == self.remote and self.local:
            return self._agree(key, request, self.local, now)
        limit = now + PATIENCE[request.method]
        self._asked = Asked(key, request, description, limit)
        trying = [Answer(key, response_to(request, 100))]
        asks = Offered(self._session, description)
        return [*trying, asks] if request.method == "INVITE" else [asks]

    def _conflict(self, request: Request) -> Response | None:
        """Why an offer cannot be taken now (§14.2, RFC 3311 §5.2), if it cannot."""
        if not request.body and request.method != "INVITE":
            return None
        later = ("Retry-After", str(1 + int(9 * self._tokens.fraction())))
        crossing = self.inviting and request.method == "INVITE"
        if crossing and self._calling:
            return response_to(request, 491)
        if self._asked or crossing or self.initial is Initial.THEIRS:
            return response_to(request, 500, extra=[later])
        if (
            self.initial is Initial.OURS
            or self._open is not None
            or self._requests.waits_for(Task.OFFER, Task.REINVITE) is not None
        ):
            return response_to(request, 491)
        return None

    def answer(self, description: SessionDescription, now: Instant) -> list[Output]:
        """Answer what :class:`Offered` brought."""
        asked, self._asked = self._asked, None
        if asked is None:
            return []
        if asked.description is not None:
            self.remote = asked.description
        return [
            *self._agree(asked.key, asked.request, description, now),
            *self.proceed(now),
        ]

    def refuse(self, status: int, now: Instant) -> list[Output]:
        """Refuse what :class:`Offered` brought."""
        asked, self._asked = self._asked, None
        if asked is None:
            return []
        warning = ("Warning", '304 - "Media type not available"')
        extra = [warning] if status in (488, 606) else []
        answer = Answer(asked.key, response_to(asked.request, status, extra=extra))
        return [answer, *self.proceed(now)]

    def cancelled(self, key: ServerKey, now: Instant) -> list[Output]:
        """A CANCEL came for a re-INVITE."""
        if self._asked is None or self._asked.key != key:
            return []
        return self.refuse(487, now)

    def _agree(
        self,
        key: ServerKey,
        request: Request,
        description: SessionDescription,
        now: Instant,
    ) -> list[Output]:
        if request.method == "INVITE" and not request.body:
            self._open = description
        else:
            self.local = description
        answer = Answer(key, self._accepting(request, description, now))
        if request.method == "INVITE":
            self._repeater = Repeater(answer, self._terms.timers, now, capped=True)
        return [answer]

    def _accepting(
        self, request: Request, description: SessionDescription | None, now: Instant
    ) -> Response:
        """A 200, with the session timer's word unless it is to a PRACK."""
        extra: list[tuple[str, str]] = []
        timed = self.established or self._refresh.interval is not None
        if request.method != "PRACK" and timed:
            ours = self._terms.session_interval
            extra += self._refresh.take_request(request, ours, now)
        if description is None:
            return response_to(request, 200, extra=extra)
        body = serialize_description(description)
        return response_to(request, 200, extra=[*extra, SDP], body=body)

    def acknowledged(self, ack: Request, now: Instant) -> list[Output]:
        """The ACK of a 2xx to a re-INVITE, which may answer an offer of ours."""
        if self._repeater is None:
            return []
        if self._repeater.answer.response.cseq.number != ack.cseq.number:
            return []
        self._repeater = None
        offer, self._open = self._open, None
        if offer is None:
            return self.proceed(now)
        description = readable_description(ack)
        if description is None:
            failed = OfferFailed(session=self._session, status=488)
            return [failed, *self.proceed(now)]
        self.local, self.remote = offer, description
        return [Described(self._session, description), *self.proceed(now)]

    def offer(self, description: SessionDescription, now: Instant) -> list[Output]:
        """Send a new offer as soon as no other is open."""
        self._wanted = description
        return self.proceed(now)

    def refresh(self, now: Instant) -> list[Output]:
        """Refresh the session: by UPDATE where it is understood (RFC 4028 §7.4)."""
        if not self._free():
            self._refresh.again(now + self._terms.timers.t2)
            return []
        headers = self._refresh.request_headers(self._terms.min_session_interval)
        supported = ("Supported", "timer")
        if self.updates:
            return [self._requests.send(Task.UPDATE, "UPDATE", supported, *headers)]
        if self.local is None:
            return []
        return self._invite(Task.REINVITE, self.local, now)

    def proceed(self, now: Instant) -> list[Output]:
        """Send what call control wants to offer, if nothing is in its way."""
        if self._wanted is None or self._wait is not None or not self._free():
            return []
        description, self._wanted = self._wanted, None
        return self._invite(Task.OFFER, description, now)

    def _free(self) -> bool:
        return (
            self.established
            and self.initial is Initial.SETTLED
            and self._asked is None
            and self._repeater is None
            and self._requests.waits_for(Task.OFFER, Task.REINVITE, Task.UPDATE) is None
        )

    def _invite(
        self, task: Task, description: SessionDescription, now: Instant
    ) -> list[Output]:
        headers = self._refresh.request_headers(self._terms.min_session_interval)
        self._limit = now + self._terms.timers.b
        request = self._requests.send(
            task,
            "INVITE",
            ("Supported", "timer"),
            *headers,
            SDP,
            body=serialize_description(description),
            description=description,
        )
        return [request]

    def succeeded(self, pending: Pending, response: Response, now: Instant) -> list[Output]:
        """A 2xx to a re-INVITE or UPDATE of ours."""
        self._dialog.retarget(response)
        self.hear_allow(response)
        self._refresh.take_response(response, now)
        self._delays = 0
        if pending.task is Task.UPDATE:
            return self.proceed(now)
        self._limit = None
        description = readable_description(response)
        if description is None:
            return [*self._gave_up(pending, 488), *self.proceed(now)]
        changed = description != self.remote
        self.local, self.remote = pending.description, description
        if pending.task is Task.REINVITE and not changed:
            return self.proceed(now)
        return [Described(self._session, description), *self.proceed(now)]

    def failed(self, pending: Pending, response: Response, now: Instant) -> list[Output]:
        """A final refusal of a re-INVITE or UPDATE of ours; the session goes on."""
        self._limit = None
        match response.status:
            case 491:
                return self._try_later(pending, now)
            case 500 if pending.task is Task.OFFER and response.retry_after is not None:
                return self._delay(pending, response.retry_after, now)
            case 422 if self._refresh.raise_to(response.min_se, now):
                return self._try_again(pending, now)
            case 405 | 501 if pending.task is Task.UPDATE:
                self.updates = False
                return self.refresh(now)
            case _:
                if pending.task is not Task.OFFER:
                    self._refresh.again(now + self._terms.timers.b)
                return [*self._gave_up(pending, response.status), *self.proceed(now)]

    def _try_later(self, pending: Pending, now: Instant) -> list[Output]:
        """Wait as §14.1 says, in steps of 10 ms."""
        steps = int(self._tokens.fraction() * 191)
        wait = 2.1 + steps / 100 if self._calling else steps / 100
        if pending.task is not Task.OFFER:
            self._refresh.again(now + wait)
            return []
        if self._wanted is None:
            self._wanted = pending.description
        self._wait = now + wait
        return []

    def _delay(self, pending: Pending, seconds: int, now: Instant) -> list[Output]:
        """Offer again when the far end is done with a request of its own (§14.2)."""
        if self._delays >= MOST_DELAYS:
            return [*self._gave_up(pending, 500), *self.proceed(now)]
        self._delays += 1
        if self._wanted is None:
            self._wanted = pending.description
        self._wait = now + min(max(1, seconds), 10)
        return []

    def _try_again(self, pending: Pending, now: Instant) -> list[Output]:
        if pending.task is Task.OFFER and pending.description is not None:
            return self.offer(self._wanted or pending.description, now)
        return self.refresh(now)

    def _gave_up(self, pending: Pending, status: int) -> list[Output]:
        if pending.task is not Task.OFFER:
            return []
        return [OfferFailed(session=self._session, status=status)]

    def hear_allow(self, message: Request | Response) -> None:
        """Note whether the far end takes UPDATE."""
        if allow := message.allow:
            self.updates = "UPDATE" in allow

    def wake(self, now: Instant) -> list[Output]:
        """Repeat, give up waiting, or send what had to wait."""
        outputs: list[Output] = []
        if self._repeater is not None:
            outputs += self._repeater.wake(now)
        if self._asked is not None and self._asked.deadline <= now:
            outputs += self.refuse(500, now)
        if self._limit is not None and self._limit <= now:
            self._limit = None
            purpose = self._requests.waits_for(Task.OFFER, Task.REINVITE)
            if purpose is not None:
                outputs.append(SendCancel(purpose))
        if self._wait is not None and self._wait <= now:
            self._wait = None
            outputs += self.proceed(now)
        return outputs

    def unacknowledged(self, now: Instant) -> bool:
        """Whether a 2xx of ours found no ACK in 64*T1."""
        return self._repeater is not None and self._repeater.expired(now)

    def stop(self) -> list[Output]:
        """The session is over: answer what is open, ask nothing more."""
        asked, self._asked = self._asked, None
        self._repeater = self._wait = self._limit = self._wanted = None
        return [Answer(asked.key, response_to(asked.request, 487))] if asked else []


def unsuitable_response(
    request: Request, error: Unsuitable, to_tag: str | None = None
) -> Response:
    """The answer to a request whose body we cannot take."""
    return response_to(
        request, error.status, reason=error.reason, extra=error.headers, to_tag=to_tag
    )
