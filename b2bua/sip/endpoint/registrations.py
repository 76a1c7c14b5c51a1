"""Our registrations at trunks that want one: RFC 3261 §10.2.

Each trunk has one Call-ID and one Contact for ever. A registration is refreshed before it
runs out; what fails is tried again at the next hop, after a wait that doubles.
"""

import re
from collections.abc import Iterable
from typing import Final

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.credentials import MOST_CHALLENGES, Answered, answers_to, resent
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import SessionId
from b2bua.sip.dialog.outputs import SendRequest
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.message.headers import Headers
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.uri import SipUri, parse_uri

INTERVAL: Final = 3600
"""Seconds that we ask for."""
SHORTEST: Final = 30.0
LONGEST: Final = 480.0
"""Seconds to wait after a failure, doubling."""

_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class Registration:
    """What keeps one trunk knowing where we are."""

    def __init__(self, terms: Terms, tokens: Tokens) -> None:
        self.tag = SessionId(tokens.tag())
        self.registered = False
        self.deadline: Instant | None = None
        self._terms = terms
        self._tokens = tokens
        self._call_id = tokens.call_id()
        self._cseq = 0
        self._purpose = 0
        self._hop = 0
        self._interval = INTERVAL
        self._wait = SHORTEST
        self._answered: tuple[Answered, ...] = ()
        self._sent: Request | None = None
        self._closing = False

    def send(self, now: Instant) -> list[SendRequest]:
        """Register, or once more before it runs out."""
        self._answered = ()
        self._cseq += 1
        return self._transmit(self._request(), now)

    def close(self, now: Instant) -> list[SendRequest]:
        """Take the registration back (§10.2.2)."""
        if not self.registered:
            self.deadline = None
            return []
        self._closing, self._interval = True, 0
        return self.send(now)

    def _request(self) -> Request:
        credentials = self._terms.credentials
        user = credentials.username if credentials else ""
        hop = parse_uri(self._terms.next_hops[self._hop])
        host = self._terms.domain
        port = None
        if isinstance(hop, SipUri):
            host, port = hop.host, hop.port
        ours = f"<{SipUri(user=user, host=host, port=port)}>"
        headers = Headers.of_canonical(
            [
                ("Max-Forwards", "70"),
                ("From", f"{ours};tag={self.tag}"),
                ("To", ours),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._cseq} REGISTER"),
                ("Expires", str(self._interval)),
            ]
        )
        return Request("REGISTER", str(SipUri(host=host, port=port)), headers)

    def _transmit(self, request: Request, now: Instant) -> list[SendRequest]:
        self._sent = request
        self._purpose -= 1
        self.deadline = None
        return [
            SendRequest(
                purpose=self._purpose,
                request=request,
                next_hop=self._terms.next_hops[self._hop],
            )
        ]

    def receive(self, purpose: int, response: Response, now: Instant) -> list[SendRequest]:
        """Take a response of the registrar."""
        if purpose != self._purpose or response.status < 200 or self._sent is None:
            return []
        if response.status < 300:
            self._succeed(response, now)
            return []
        if response.status in (401, 407) and self._terms.credentials is not None:
            return self._answer(response, now)
        least = _SECONDS.fullmatch(response.headers.first("Min-Expires") or "")
        if response.status == 423 and least and int(least[0]) > self._interval > 0:
            again, self._interval = self._interval == INTERVAL, int(least[0])
            # Once at once; who wants more and more gets it, but not without a wait.
            return self.send(now) if again else self.fail(purpose, now)
        return self.fail(purpose, now)

    def _answer(self, response: Response, now: Instant) -> list[SendRequest]:
        credentials, sent = self._terms.credentials, self._sent
        if credentials is not None and sent is not None:
            self._answered = answers_to(response, credentials, self._answered, self._tokens)
        if credentials is None or sent is None or not self._answered:
            return self.fail(self._purpose, now)
        if sum(one.count for one in self._answered) > MOST_CHALLENGES:
            return self.fail(self._purpose, now)
        self._cseq += 1
        return self._transmit(resent(sent, self._cseq, credentials, self._answered), now)

    def _succeed(self, response: Response, now: Instant) -> None:
        self.registered = not self._closing
        self._wait = SHORTEST
        if self._closing:
            return
        granted = self._granted(response)
        self.deadline = now + granted - min(60.0, granted / 2)

    def _granted(self, response: Response) -> int:
        """For how long, as the registrar says: of our Contact, of all, or as asked."""
        values = [contact.parameters.get("expires", "") for contact in response.contacts]
        values.append(response.headers.first("Expires") or "")
        for value in values:
            if _SECONDS.fullmatch(value) and int(value) > 0:
                return int(value)
        return self._interval

    def fail(self, purpose: int, now: Instant) -> list[SendRequest]:
        """It was refused, or nobody answered: wait, and try the next hop."""
        if purpose != self._purpose or self._closing:
            return []
        self.registered = False
        self._hop = (self._hop + 1) % len(self._terms.next_hops)
        self.deadline = now + self._wait
        self._wait = min(2 * self._wait, LONGEST)
        return []


class Registrations:
    """Every registration of ours, by its tag."""

    def __init__(self, settings: EndpointSettings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._named: dict[str, Registration] = {}
        self._tagged: dict[SessionId, Registration] = {}

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must next be called."""
        if not self._named:
            return None
        return earliest(*[one.deadline for one in self._named.values()])

    @property
    def states(self) -> dict[str, bool]:
        """For each trunk that wants a registration, whether it has one."""
        return {name: one.registered for name, one in self._named.items()}

    def find(self, tag: SessionId) -> Registration | None:
        """The registration with that tag."""
        return self._tagged.get(tag)

    def start(
        self, trunks: Iterable[Trunk], now: Instant
    ) -> list[tuple[SessionId, SendRequest]]:
        """Register at the trunks that want it and have none yet."""
        said = []
        for trunk in trunks:
            if trunk.register and trunk.next_hops and trunk.name not in self._named:
                one = Registration(self._settings.terms(trunk), self._tokens)
                self._named[trunk.name] = self._tagged[one.tag] = one
                said += [(one.tag, send) for send in one.send(now)]
        return said

    def close(self, now: Instant) -> list[tuple[SessionId, SendRequest]]:
        """Take every registration back."""
        return [(one.tag, send) for one in self._named.values() for send in one.close(now)]

    def wake(self, now: Instant) -> list[tuple[SessionId, SendRequest]]:
        """Refresh what is due."""
        return [
            (one.tag, send)
            for one in self._named.values()
            if one.deadline is not None and one.deadline <= now
            for send in one.send(now)
        ]
