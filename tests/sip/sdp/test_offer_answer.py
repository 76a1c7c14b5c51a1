"""Every move in every state: RFC 3264 §4, RFC 6337 §2.3."""

import itertools

import pytest

from b2bua.core.errors import InvalidState
from b2bua.sip.sdp.description import SessionDescription
from b2bua.sip.sdp.errors import UnexpectedDescription
from b2bua.sip.sdp.offer_answer import OfferAnswer, OfferState

OLD = (
    SessionDescription(session_id=1, version=1),
    SessionDescription(session_id=2, version=1),
)
NEW = SessionDescription(session_id=3, version=1)
THEIRS = SessionDescription(session_id=4, version=1)

STABLE, OFFERED, ASKED = OfferState.STABLE, OfferState.OFFERED, OfferState.ASKED


def make(state: OfferState) -> OfferAnswer:
    exchange = OfferAnswer(*OLD)
    if state is OFFERED:
        exchange.offer_sent(THEIRS)
    elif state is ASKED:
        exchange.offer_received(THEIRS)
    return exchange


def move(exchange: OfferAnswer, name: str) -> None:
    match name:
        case "offer_sent":
            exchange.offer_sent(NEW)
        case "offer_received":
            exchange.offer_received(NEW)
        case "answer_sent":
            exchange.answer_sent(NEW)
        case "answer_received":
            exchange.answer_received(NEW)
        case "refused":
            exchange.refused()
        case _:
            exchange.withdrawn()


MOVES = [
    "offer_sent",
    "offer_received",
    "answer_sent",
    "answer_received",
    "refused",
    "withdrawn",
]
LEGAL = {
    (STABLE, "offer_sent"): (OFFERED, OLD),
    (STABLE, "offer_received"): (ASKED, OLD),
    (OFFERED, "answer_received"): (STABLE, (THEIRS, NEW)),
    (OFFERED, "withdrawn"): (STABLE, OLD),
    (ASKED, "answer_sent"): (STABLE, (NEW, THEIRS)),
    (ASKED, "refused"): (STABLE, OLD),
}
STATUS = {
    (OFFERED, "offer_received"): 491,
    (ASKED, "offer_received"): 500,
    (STABLE, "answer_received"): 400,
    (ASKED, "answer_received"): 400,
}


@pytest.mark.parametrize(("state", "name"), list(itertools.product(OfferState, MOVES)))
def test_every_move_in_every_state(state: OfferState, name: str) -> None:
    exchange = make(state)
    legal = LEGAL.get((state, name))
    if legal is not None:
        move(exchange, name)
        assert (exchange.state, (exchange.local, exchange.remote)) == legal
        assert (exchange.offer is None) == (exchange.state is STABLE)
        return
    status = STATUS.get((state, name))
    with pytest.raises(UnexpectedDescription if status else InvalidState) as caught:
        move(exchange, name)
    assert getattr(caught.value, "status", None) == status
    assert exchange.state is state
    assert (exchange.local, exchange.remote) == OLD


def test_nothing_is_agreed_at_first() -> None:
    exchange = OfferAnswer()
    assert not exchange.agreed
    exchange.offer_received(THEIRS)
    assert not exchange.agreed
    exchange.answer_sent(NEW)
    assert exchange.agreed
