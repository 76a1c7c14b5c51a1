"""One order to invite as attempts: which hop, which address, with what in the INVITE.

RFC 3263 §4.3 (the next address when one fails), RFC 3261 §22.2 (credentials) and RFC 4028
§7.3 (a longer session interval). Every INVITE of a session has a number of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from b2bua.core.clock import Instant
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.credentials import MOST_CHALLENGES, Answered, answers_to, resent
from b2bua.sip.dialog.deadlines import earliest
from b2bua.sip.dialog.events import Invite, Refused
from b2bua.sip.dialog.identity import first_invite
from b2bua.sip.dialog.outputs import Failure, SendRequest
from b2bua.sip.dialog.refresh import MOST_RAISES
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.message import Request, Response


@dataclass(slots=True)
class Attempt:
    """One INVITE on its way to one address."""

    request: Request
    hop: int
    """Index into the trunk's next hops."""
    candidate: int
    """Which address of that hop."""
    answered_to: tuple[Answered, ...] = ()
    """Who asked for credentials, and got them."""
    challenges: int = 0
    patience: Instant | None = None
    """When it is left, as nothing came."""
    left: bool = False
    """Nobody wants its answer any more."""
    answered: bool = False
    """A 2xx came; it stays for those of other forks."""


class Attempts:
    """Every INVITE of one session that may still be answered."""

    def __init__(
        self, order: Invite, terms: Terms, tokens: Tokens, purposes: Iterator[int]
    ) -> None:
        self.call_id = tokens.call_id()
        self._order = order
        self._terms = terms
        self._tokens = tokens
        self._purposes = purposes
        self._interval = terms.session_interval
        self.least = terms.min_session_interval
        """Min-SE: the greatest that a 422 named (RFC 4028 §7.3)."""
        self._raises = 0
        self._cseq = 0
        self._live: dict[int, Attempt] = {}

    def __len__(self) -> int:
        return len(self._live)

    def __getitem__(self, purpose: int) -> Attempt:
        return self._live[purpose]

    def __contains__(self, purpose: int) -> bool:
        return purpose in self._live

    def close(self, purpose: int) -> Attempt | None:
        """No answer can come to it any more."""
        return self._live.pop(purpose, None)

    @property
    def under_way(self) -> dict[int, Attempt]:
        """Those that may still be answered, and whose answer is wanted."""
        return {
            purpose: attempt
            for purpose, attempt in self._live.items()
            if not (attempt.left or attempt.answered)
        }

    @property
    def deadline(self) -> Instant | None:
        """When one has said nothing for long enough."""
        return earliest(*(one.patience for one in self.under_way.values()))

    def leave(self, now: Instant | None = None) -> list[tuple[int, Attempt]]:
        """Want nothing more of those that are overdue; without a time, of all."""
        leaving = [
            (purpose, attempt)
            for purpose, attempt in self.under_way.items()
            if now is None or (attempt.patience is not None and attempt.patience <= now)
        ]
        for _, attempt in leaving:
            attempt.left = True
        return leaving

    def start(self) -> list[SendRequest]:
        """Begin with the first hop, or with all of the first rank."""
        if self._terms.ranks:
            return self._begin_rank(self._terms.ranks[0])
        first = self.begin()
        return [first] if first else []

    def _begin_rank(self, rank: int) -> list[SendRequest]:
        begun = (
            self.begin(hop) for hop, own in enumerate(self._terms.ranks) if own == rank
        )
        return [one for one in begun if one]

    def begin(self, hop: int = 0, candidate: int = 0) -> SendRequest | None:
        """Invite by one address of one hop; None if there is no such hop."""
        if hop >= len(self._terms.next_hops):
            return None
        self._cseq += 1
        request = first_invite(
            self._order,
            self._terms,
            next_hop=self._terms.next_hops[hop],
            call_id=self.call_id,
            cseq=self._cseq,
            interval=self._interval,
            least=self.least,
        )
        return self._send(Attempt(request, hop, candidate))

    def after(self, attempt: Attempt, failure: Failure | None = None) -> list[SendRequest]:
        """Try the next address, or the next hop when this one has no more.

        With ranks: those of the next, as soon as nobody of this one may answer any more.
        """
        if self._terms.ranks:
            own = self._terms.ranks[attempt.hop]
            higher = (one for one in self._terms.ranks if one > own)
            rank = next(higher, None)
            return [] if self.under_way or rank is None else self._begin_rank(rank)
        if failure is Failure.NO_ADDRESS:
            following = self.begin(attempt.hop + 1)
        else:
            following = self.begin(attempt.hop, attempt.candidate + 1)
        return [following] if following else []

    def settles(self, status: int) -> bool:
        """Whether a refusal is the last word, whoever else may be tried (§16.7 step 5).

        Of hops in order only those are passed over that are not there, or want proof that
        we do not have.
        """
        if self._terms.ranks:
            return status >= 600
        return status not in (401, 407, 503)

    def preferred(self, before: Refused | None, refused: Refused) -> Refused:
        """The better of two refusals (§16.7 step 6): of hops in order it is the last.

        A far end's own word goes before what we concluded, busy before all but a 6xx.
        """
        if before is None or not self._terms.ranks:
            return refused
        return min(before, refused, key=_preference)

    def again(self, attempt: Attempt, response: Response) -> SendRequest | None:
        """Do what a refusal asks for, if it asks for anything that we can do."""
        match response.status:
            case 401 | 407:
                return self._authorized(attempt, response)
            case 422 if self._interval is not None and response.min_se is not None:
                return self._lengthened(attempt, response.min_se)
            case _:
                return None

    def _lengthened(self, attempt: Attempt, least: int) -> SendRequest | None:
        """Once more for a longer session, unless that was asked already, or for ever."""
        if least <= (self._interval or 0) or self._raises >= MOST_RAISES:
            return None
        self._raises += 1
        self._interval = self.least = least
        return self.begin(attempt.hop, attempt.candidate)

    def _authorized(self, attempt: Attempt, response: Response) -> SendRequest | None:
        """Once more with credentials, if the challenge is for them."""
        credentials = self._terms.credentials
        if credentials is None or attempt.challenges >= MOST_CHALLENGES:
            return None
        given = answers_to(response, credentials, attempt.answered_to, self._tokens)
        if not given:
            return None
        self._cseq += 1
        request = resent(attempt.request, self._cseq, credentials, given)
        count = attempt.challenges + 1
        return self._send(
            replace(attempt, request=request, answered_to=given, challenges=count)
        )

    def _send(self, attempt: Attempt) -> SendRequest:
        purpose = next(self._purposes)
        self._live[purpose] = attempt
        return SendRequest(
            purpose=purpose,
            request=attempt.request,
            next_hop=self._terms.next_hops[attempt.hop],
            candidate=attempt.candidate,
        )


def _preference(refused: Refused) -> tuple[bool, bool, bool, int]:
    """A 6xx, then busy, then the lowest class; what we concluded ourselves comes last."""
    status = refused.status
    return (status < 600, refused.local, status != 486, status // 100)
