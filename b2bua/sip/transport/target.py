"""Choose the next hop: RFC 3263 as questions asked and answers taken.

An address literal needs no question. For a name the finder asks the world once, however
many wait for it, and keeps what it heard: while an answer is fresh it is used, and when it
is stale it is used too and asked again beside. A name that cannot be resolved has the
last answer that was good; if there was none, whoever waits is told so at once.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import structs

from b2bua.core.address import Address, ip_literal
from b2bua.core.clock import Instant
from b2bua.sip.message.uri import SipUri
from b2bua.sip.transport.flow import TransportName

PATIENCE: Final = 2.5
"""Seconds until a question counts as unanswered; the resolver itself allows 2."""
NEGATIVE_TTL: Final = 5.0
"""Seconds for which a failure is not asked about again."""
REMEMBERED: Final = 1000
"""Names at most."""
ABLE: Final[tuple[TransportName, ...]] = ("udp", "tcp", "tls")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Where a host is to be reached for SIP."""

    host: str
    port: int | None = None
    transport: TransportName | None = None
    """None: the far end's DNS may choose (§4.1)."""
    secure: bool = False
    """A sips: URI: TLS only."""
    able: tuple[TransportName, ...] = ABLE
    """What we can send by: DNS may choose among these (§4.1)."""


class Target(msgspec.Struct, frozen=True):
    """One place to send to."""

    transport: TransportName
    address: Address


class Share(msgspec.Struct, frozen=True):
    """What an SRV record says of its targets (RFC 2782)."""

    priority: int
    weight: int
    record: int
    """Which record: the addresses of one stay together."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the world said to a question."""

    question: Question
    targets: tuple[Target, ...]
    """In the order in which they are to be tried; empty: not resolvable."""
    shares: tuple[Share, ...] = ()
    """Of each target, when weights are to be heeded call by call; else empty."""
    ttl: float = 60.0
    """Seconds for which it is fresh."""


WaiterT = TypeVar("WaiterT")


class Ask(msgspec.Struct, frozen=True):
    """Put this question to the world; the answer goes to :meth:`TargetFinder.resolved`."""

    question: Question


class Found(msgspec.Struct, Generic[WaiterT], frozen=True):
    """``waiter`` has its targets, in order; none: there is no way."""

    waiter: WaiterT
    targets: tuple[Target, ...]
    shares: tuple[Share, ...] = ()


FinderOutput: TypeAlias = Ask | Found[WaiterT]


_TRANSPORTS: Final[dict[str, TransportName]] = {
    "udp": "udp",
    "tcp": "tcp",
    "tls": "tls",
    "ws": "ws",
    "wss": "wss",
}
_SECURED: Final[dict[TransportName, TransportName]] = {"tcp": "tls", "ws": "wss"}


def question_of(uri: SipUri) -> Question:
    """What must be known to send a request to ``uri``; maddr is not obeyed (§4)."""
    transport = _TRANSPORTS.get(uri.transport)
    secure = uri.scheme == "sips"
    if secure and transport is not None:
        transport = _SECURED.get(transport, transport)
    return Question(host=uri.host, port=uri.port, transport=transport, secure=secure)


def default_transport(question: Question) -> TransportName:
    """The transport if neither the URI nor DNS names one (§4.1)."""
    return question.transport or ("tls" if question.secure else "udp")


def default_port(transport: TransportName) -> int:
    """The port if neither the URI nor DNS names one (§4.2)."""
    return 5061 if transport in {"tls", "wss"} else 5060


def literal_target(question: Question) -> Target | None:
    """The target of a question whose host is an address; None if it is a name."""
    host = _literal(question.host)
    if host is None:
        return None
    transport = default_transport(question)
    return Target(transport, (host, question.port or default_port(transport)))


@lru_cache(maxsize=REMEMBERED)
def _literal(host: str) -> str | None:
    try:
        return str(ip_literal(host))
    except ValueError:
        return None


@dataclass(slots=True)
class _Known:
    """The last good answer, or that there is none; and until when not to ask again."""

    targets: tuple[Target, ...]
    fresh_until: Instant
    shares: tuple[Share, ...]


@dataclass(slots=True)
class _Pending(Generic[WaiterT]):
    """A question under way, and who waits for it."""

    deadline: Instant
    waiters: list[WaiterT] = field(default_factory=list)


class TargetFinder(Generic[WaiterT]):
    """Finds targets for whoever waits, and remembers."""

    def __init__(self, able: tuple[TransportName, ...] = ABLE) -> None:
        """``able``: what there is to send by."""
        self._able = able
        self._known: OrderedDict[Question, _Known] = OrderedDict()
        self._pending: dict[Question, _Pending[WaiterT]] = {}
        """In the order of their deadlines."""

    @property
    def deadline(self) -> Instant | None:
        """When :meth:`wake` must be called: the oldest question has gone unanswered."""
        for pending in self._pending.values():
            return pending.deadline
        return None

    def find(
        self, question: Question, waiter: WaiterT, now: Instant
    ) -> list[FinderOutput[WaiterT]]:
        """Find targets for ``waiter``: now if they are known, else when they are."""
        literal = literal_target(question)
        if literal is not None:
            return [Found(waiter, (literal,))]
        if question.transport is None:
            question = structs.replace(question, able=self._able)
        known = self._known.get(question)
        if known is not None:
            self._known.move_to_end(question)
            if now < known.fresh_until:
                return [Found(waiter, known.targets, known.shares)]
            if known.targets:
                found = Found(waiter, known.targets, known.shares)
                return [found, *self._ask(question, now)]
        asked = self._ask(question, now)
        self._pending[question].waiters.append(waiter)
        return asked

    def resolved(self, answer: Answer, now: Instant) -> list[FinderOutput[WaiterT]]:
        """Take the answer to a question, asked or not, late or not."""
        question = answer.question
        known = self._known.get(question)
        if answer.targets:
            known = _Known(answer.targets, now + answer.ttl, answer.shares)
        elif known is None:
            known = _Known((), now + NEGATIVE_TTL, ())
        else:
            known = _Known(known.targets, now + NEGATIVE_TTL, known.shares)
        self._remember(question, known)
        pending = self._pending.pop(question, None)
        if pending is None:
            return []
        return [Found(one, known.targets, known.shares) for one in pending.waiters]

    def wake(self, now: Instant) -> list[FinderOutput[WaiterT]]:
        """Give up on questions that were not answered."""
        outputs: list[FinderOutput[WaiterT]] = []
        while (due := self.deadline) is not None and due <= now:
            question = next(iter(self._pending))
            outputs += self.resolved(Answer(question=question, targets=()), due)
        return outputs

    def _ask(self, question: Question, now: Instant) -> list[FinderOutput[WaiterT]]:
        if question in self._pending:
            return []
        self._pending[question] = _Pending(now + PATIENCE)
        return [Ask(question)]

    def _remember(self, question: Question, known: _Known) -> None:
        self._known[question] = known
        self._known.move_to_end(question)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def arranged(
    targets: tuple[Target, ...], shares: tuple[Share, ...], fraction: Callable[[], float]
) -> tuple[Target, ...]:
    """The targets in the order in which one call is to try them (RFC 2782).

    Priority first, then by chance as the weights say. Drawn for each call, as an answer
    holds for hours and every call would go to one of them all that while. ``fraction``
    gives numbers in [0, 1); whoever gives the same again gets the same order.
    """
    if len(shares) != len(targets):
        return targets
    weights = {one.record: (one.priority, one.weight) for one in shares}
    order: list[int] = []
    for priority in sorted({priority for priority, _ in weights.values()}):
        group = sorted(
            (weight, record) for record, (at, weight) in weights.items() if at == priority
        )
        while group:
            mark = fraction() * sum(weight for weight, _ in group)
            index = 0
            while index < len(group) - 1 and mark >= group[index][0] and mark > 0:
                mark -= group[index][0]
                index += 1
            order.append(group.pop(index)[1])
    return tuple(
        target
        for record in order
        for target, share in zip(targets, shares, strict=True)
        if share.record == record
    )
