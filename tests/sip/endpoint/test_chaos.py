"""Sessions over a link that loses, doubles, delays and reorders.

Whatever happens, both sides end, each says so once and nothing after it, and nothing is
left in memory.
"""

from collections import Counter
from random import Random

import pytest

from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    AnswerOffer,
    Confirmed,
    Ended,
    Event,
    HangUp,
    Invited,
    Offer,
    Offered,
    Order,
    Refuse,
    Refused,
    RefuseOffer,
    Ring,
    SessionId,
)
from b2bua.sip.dialog.terms import Reliability
from b2bua.sip.sdp.description import SessionDescription
from tests.sip.party import Network, Party, answer_to, invite, offer, pair
from tests.support.wire import Faults

CALLER = SessionId("callertag")


class Puppet:
    """Call control that does something at random after a random time."""

    def __init__(self, random: Random, party: Party, net: Network, host: str) -> None:
        self._random = random
        self._party = party
        self._net = net
        self._host = host
        self._version = 1
        self.due: list[tuple[float, Order]] = []
        party.react = self.react

    def react(self, event: Event) -> list[Order]:
        match event:
            case Invited(session, invitation):
                assert invitation.offer is not None
                self._answer(session, invitation.offer)
            case Offered(session, description):
                self._version += 1
                if description is None:
                    again = offer(self._host, version=self._version)
                    return [AnswerOffer(session, again)]
                answer = answer_to(description, self._host, self._version)
                if self._random.random() < 0.2:
                    return [RefuseOffer(session)]
                return [AnswerOffer(session, answer)]
            case Accepted(session=session) | Confirmed(session=session):
                for _ in range(self._random.randrange(3)):
                    self._version += 1
                    description = offer(self._host, version=self._version)
                    self._later(8, Offer(session, description))
                self._later(30, HangUp(session=session))
            case _:
                pass
        return []

    def _answer(self, session: SessionId, offered: SessionDescription) -> None:
        answer = answer_to(offered, self._host)
        for status in (180, 183):
            if self._random.random() < 0.7:
                described = answer if status == 183 else None
                ring = Ring(session=session, status=status, description=described)
                self._later(3, ring)
        match self._random.randrange(4):
            case 0:
                self._later(6, Refuse(session=session, status=486))
            case 1:
                self._later(6, HangUp(session=session))
            case _:
                self._later(6, Accept(session=session, description=answer))

    def _later(self, most: float, order: Order) -> None:
        self.due.append((self._net.now + self._random.uniform(0, most), order))

    def work(self) -> None:
        for at, order in sorted(self.due, key=lambda pair: pair[0]):
            if at <= self._net.now:
                self.due.remove((at, order))
                self._net.order(self._party, order)


@pytest.mark.parametrize("seed", range(150))
def test_everything_ends_once(seed: int) -> None:
    random = Random(seed)
    faults = Faults(
        loss=random.choice([0, 0.1, 0.3]),
        doubling=random.choice([0, 0.2]),
        delay=(0.005, random.choice([0.02, 0.8])),
    )
    reliability = random.choice(list(Reliability))
    one, two, net = pair(faults, seed, called={"trunk": {"reliability": reliability}})
    puppets = [
        Puppet(random, one, net, "127.0.1.1"),
        Puppet(random, two, net, "127.0.2.1"),
    ]
    net.order(one, invite(CALLER, patience=random.choice([1.0, 5.0])))
    impatient = random.random() < 0.4
    hang_up_at = net.now + random.uniform(0, 9)
    for _ in range(600):
        net.run(0.1)
        for puppet in puppets:
            puppet.work()
        if impatient and net.now >= hang_up_at:
            impatient = False
            net.order(one, HangUp(session=CALLER))
    net.run(200)
    for party in (one, two):
        ends = Counter(
            event.session for event in party.events if isinstance(event, Ended | Refused)
        )
        named = {event.session for event in party.events}
        assert named == set(ends), party.ladder
        assert set(ends.values()) <= {1}
        for session in named:
            last = [event for event in party.events if event.session == session][-1]
            assert isinstance(last, Ended | Refused)
        assert party.endpoint.remembered == 0, party.ladder
