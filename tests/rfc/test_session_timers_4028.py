"""Session timers on either leg: RFC 4028, clause by clause, on a virtual clock."""

import pytest

from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    AnswerOffer,
    EndReason,
    Offer,
    Offered,
    OfferFailed,
    SessionId,
)
from b2bua.sip.message.message import Request, Response
from b2bua.sip.sdp.serializer import serialize_description
from tests.rfc.test_flows_3665 import connected
from tests.sip.endpoint.test_called import ends, forget, invited
from tests.sip.endpoint.test_lifetime import TIMER, accepted
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite, moves, offer, pair
from tests.sip.peer import SDP, Peer

OFFER = offer()
ANSWER = answer_to(OFFER)


def calling(*said: tuple[str, str]) -> tuple[Peer, Request]:
    """A call that we made, answered with ``said``."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    request = peer.requests("INVITE")[0]
    peer.answer(request, 200, *said, description=ANSWER)
    assert isinstance(peer.events[-1], Accepted)
    return peer, request


def invites(peer: Peer) -> list[Request]:
    return list({one.via.branch: one for one in peer.requests("INVITE")}.values())


def timer_of(message: Request | Response) -> tuple[str | None, str | None]:
    headers = message.headers
    return headers.first("Session-Expires"), headers.first("Min-SE")


def test_422_to_the_invite_is_asked_again_with_its_min_se() -> None:
    """§7.3: Session-Expires at least, and Min-SE exactly, what the 422 named."""
    peer = Peer()
    peer.order(invite())
    assert timer_of(invites(peer)[0]) == ("1800", "90")
    peer.answer(invites(peer)[0], 422, ("Min-SE", "3600"))
    again = invites(peer)[1]
    assert timer_of(again) == ("3600", "3600")
    assert again.call_id == invites(peer)[0].call_id
    assert again.cseq.number == 2


@pytest.mark.parametrize("step", [0, 1])
def test_422_for_ever_is_a_refusal(step: int) -> None:
    """A far end that always wants more, or again what it got, is no loop at wire speed."""
    peer = Peer()
    peer.order(invite())
    for number in range(100):
        asked = invites(peer)
        if len(asked) <= number:
            break
        peer.answer(asked[number], 422, ("Min-SE", str(2000 + step * number)))
    assert len(invites(peer)) <= 6
    assert peer.events
    assert ends(peer.events) == []
    peer.wait(40)
    assert peer.endpoint.remembered == 0


def test_the_greatest_min_se_of_the_dialog_is_in_every_refresh() -> None:
    """§7.4: of all 422 and of all requests of the far end."""
    peer = Peer()
    accepted(peer, TIMER, ("Session-Expires", "600;refresher=uas"), ("Min-SE", "400"))
    peer.wait(300.1)
    refresh = invites(peer)[0]
    assert timer_of(refresh) == ("600;refresher=uac", "400")
    peer.answer(refresh, 422, ("Min-SE", "900"))
    longer = invites(peer)[1]
    assert timer_of(longer) == ("900;refresher=uac", "900")
    peer.answer(longer, 200, ("Session-Expires", "900;refresher=uac"), description=OFFER)
    forget(peer)
    peer.wait(451)
    assert timer_of(invites(peer)[0]) == ("900;refresher=uac", "900")


def test_the_min_se_of_a_422_before_the_dialog_is_remembered_in_it() -> None:
    """§7.4: the refresh of a session that was begun after a 422."""
    peer = Peer()
    peer.order(invite())
    peer.answer(invites(peer)[0], 422, ("Min-SE", "3600"))
    agreed = ("Session-Expires", "3600;refresher=uac")
    peer.answer(invites(peer)[1], 200, agreed, description=ANSWER)
    forget(peer)
    peer.wait(1801)
    assert timer_of(invites(peer)[0]) == ("3600;refresher=uac", "3600")


@pytest.mark.parametrize("least", ["300", "100000"])
def test_422_to_a_refresh_for_ever_ends_nothing_and_loops_not(least: str) -> None:
    """The session goes on until its time is over; the refresh is tried again slowly."""
    peer = Peer()
    accepted(peer, TIMER, ("Session-Expires", "300;refresher=uas"))
    peer.wait(150.1)
    for number in range(50):
        asked = invites(peer)
        if len(asked) <= number:
            break
        peer.answer(asked[number], 422, ("Min-SE", least))
    assert len(invites(peer)) <= 2
    assert ends(peer.events) == []
    peer.wait(32.1)
    assert len(invites(peer)) <= 3


def test_422_to_an_offer_that_asks_what_it_got_refuses_the_offer() -> None:
    peer = Peer()
    ok = accepted(peer, TIMER, ("Session-Expires", "300;refresher=uas"))
    peer.order(Offer(SessionId(ok.to.tag), answer_to(OFFER, version=2)))
    peer.answer(invites(peer)[0], 422, ("Min-SE", "300"))
    assert len(invites(peer)) == 1
    (failed,) = [event for event in peer.events if isinstance(event, OfferFailed)]
    assert failed.status == 422


def test_who_knows_timers_is_required_to_heed_ours() -> None:
    """§9: Require: timer in a 2xx, also when the refresher is the called side."""
    for said, required in (
        ((TIMER, ("Session-Expires", "300;refresher=uac")), True),
        ((TIMER, ("Session-Expires", "300;refresher=uas")), True),
        (((("Session-Expires", "300")),), False),
    ):
        ok = accepted(Peer(), *said)
        assert ("timer" in ok.require) is required


def test_the_interval_of_the_request_is_never_made_longer() -> None:
    """§9: the 2xx says at most what was asked."""
    ok = accepted(Peer(), TIMER, ("Session-Expires", "600"), ("Min-SE", "500"))
    assert timer_of(ok)[0] == "600;refresher=uac"


def test_who_knows_no_timers_is_never_refused_for_a_brief_one() -> None:
    """§8.1, §9: a proxy asked in its name; we refresh, as it will not."""
    peer = Peer()
    ok = accepted(peer, ("Session-Expires", "60"))
    assert timer_of(ok)[0] == "60;refresher=uas"
    peer.wait(29)
    assert invites(peer) == []
    peer.wait(2)
    (refresh,) = invites(peer)
    peer.answer(refresh, 200, description=OFFER)
    peer.wait(31)
    assert len(invites(peer)) == 2
    assert ends(peer.events) == []


@pytest.mark.parametrize("seconds", [0, 1, 10, 89])
def test_an_absurd_interval_in_a_2xx_neither_ends_nor_floods(seconds: int) -> None:
    """§4: nothing below 90 seconds exists; a refresh at most every ten seconds."""
    for refresher in ("uac", "uas"):
        peer, _ = calling(("Session-Expires", f"{seconds};refresher={refresher}"))
        forget(peer)
        for number in range(4):
            peer.wait(10.1)
            for one in invites(peer)[number:]:
                again = ("Session-Expires", f"{seconds};refresher={refresher}")
                peer.answer(one, 200, again, description=ANSWER)
        assert ends(peer.events) == []
        assert len(invites(peer)) <= 4
        if refresher == "uas":
            assert invites(peer) == []
            peer.wait(25)
            assert ends(peer.events) == [EndReason.EXPIRED]


def test_who_does_not_refresh_says_bye_a_third_before_a_short_end() -> None:
    """§10: 32 seconds, or a third of the interval if that is less."""
    peer, _ = calling(("Session-Expires", "90;refresher=uas"))
    peer.wait(59.9)
    assert ends(peer.events) == []
    peer.wait(0.2)
    assert ends(peer.events) == [EndReason.EXPIRED]
    (bye,) = {one.via.branch: one for one in peer.requests("BYE")}.values()
    assert bye.headers.first("Reason") == 'SIP;cause=408;text="Session Expired"'


def test_a_2xx_without_session_expires_turns_the_timer_off() -> None:
    """§7.2: by the answer to any refresh request, here to an offer of ours."""
    peer, request = calling(("Session-Expires", "120;refresher=uas"))
    forget(peer)
    peer.order(Offer(SessionId(request.from_.tag), offer(version=2)))
    peer.answer(invites(peer)[0], 200, description=answer_to(OFFER, version=2))
    peer.wait(10_000)
    assert ends(peer.events) == []


def test_an_offer_of_either_side_is_a_refresh_too() -> None:
    """§7.1, §9: any re-INVITE begins another interval."""
    peer = Peer()
    ok = accepted(peer, TIMER, ("Session-Expires", "300"))
    peer.wait(200)
    other = offer(version=2)
    peer.send(
        peer.request(
            "INVITE",
            TIMER,
            SDP,
            ("Session-Expires", "300;refresher=uac"),
            to_tag=ok.to.tag,
            cseq=2,
            body=serialize_description(other),
        )
    )
    assert Offered(SessionId(ok.to.tag), other) in peer.events
    peer.order(AnswerOffer(SessionId(ok.to.tag), answer_to(other, version=2)))
    peer.send(peer.ack_of(peer.responses("INVITE")[-1]))
    peer.wait(200)
    assert ends(peer.events) == []
    peer.wait(69)
    assert ends(peer.events) == [EndReason.EXPIRED]


def test_the_refresher_may_change_hands_by_a_refresh() -> None:
    """§9: a request that names the other side refresher makes it so."""
    peer = Peer()
    ok = accepted(peer, TIMER, ("Session-Expires", "300"))
    peer.wait(100)
    handing = ("Session-Expires", "300;refresher=uas")
    peer.send(peer.request("UPDATE", TIMER, handing, to_tag=ok.to.tag, cseq=2))
    assert timer_of(peer.responses("UPDATE")[0])[0] == "300;refresher=uas"
    peer.wait(151)
    assert len(invites(peer)) == 1


def test_422_answers_a_brief_refresh_and_leaves_the_session() -> None:
    """§9: with our Min-SE; the timer runs on as it was."""
    peer = Peer()
    ok = accepted(peer, TIMER, ("Session-Expires", "300"))
    brief = ("Session-Expires", "60;refresher=uac")
    peer.send(peer.request("UPDATE", TIMER, brief, to_tag=ok.to.tag, cseq=2))
    (refused,) = peer.responses("UPDATE")
    assert (refused.status, timer_of(refused)) == (422, (None, "90"))
    peer.wait(267)
    assert ends(peer.events) == []
    peer.wait(2)
    assert ends(peer.events) == [EndReason.EXPIRED]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_refreshes_that_cross_never_leave_nobody_refreshing(method: str) -> None:
    """§7.4: glare of two refreshes is 491 or harmless, and the session lives on."""
    one, two, net = pair()
    session = connected(one, two, net)
    talks = []
    for party in (one, two):
        registry = party.endpoint._board.registry
        for entry in registry.entries.values():
            (talk,) = entry.session.conversations
            talk.modification.updates = method == "UPDATE"
            talk.refresh.start(300, True, net.now)
            registry.watch(entry)
            talks.append(talk)
    net.run(400)
    assert f"> {method}" in moves(one)
    assert f"> {method}" in moves(two)
    assert session in two.endpoint._board.registry.entries
    assert one.endpoint.sessions == two.endpoint.sessions == 1
    assert any(talk.refresh.we_refresh for talk in talks)


def test_a_refresh_that_overtakes_the_ack_keeps_the_timer() -> None:
    """§9: a 2xx without Session-Expires would turn it off for one side alone."""
    peer = Peer()
    session = invited(peer, TIMER, ("Session-Expires", "300"))
    peer.order(Accept(session=session, description=ANSWER))
    again = ("Session-Expires", "300;refresher=uac")
    peer.send(peer.request("UPDATE", TIMER, again, to_tag=session, cseq=2))
    (ok,) = peer.responses("UPDATE")
    assert timer_of(ok)[0] == "300;refresher=uac"
