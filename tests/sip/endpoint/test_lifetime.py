"""Session timers, a restart in the middle, and machines that break down."""

import pytest
from msgspec.structs import replace

from b2bua.sip.dialog.calling import Calling
from b2bua.sip.dialog.conversation import Conversation
from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    AnswerOffer,
    DialogChanged,
    Ended,
    EndReason,
    HangUp,
    Invited,
    Offer,
    Offered,
    Ring,
    SessionId,
    SessionImage,
)
from b2bua.sip.message.message import Response
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transport.flow import Flow
from tests.sip.endpoint.test_called import ANSWER, OFFER, answered, ends, forget, invited
from tests.sip.endpoint.test_flows import establish
from tests.sip.party import CALLED, CALLER, Party, answer_to, endpoint, invite, offer, pair
from tests.sip.peer import CONTACT, Peer

TIMER = ("Supported", "timer")


def accepted(peer: Peer, *extra: tuple[str, str]) -> Response:
    session = invited(peer, *extra)
    peer.order(Accept(session=session, description=ANSWER))
    ok = peer.responses("INVITE")[-1]
    peer.send(peer.ack_of(ok))
    forget(peer)
    return ok


@pytest.mark.parametrize(
    ("asked", "said", "required"),
    [
        ((TIMER, ("Session-Expires", "300")), "300;refresher=uac", True),
        ((TIMER, ("Session-Expires", "300;refresher=uas")), "300;refresher=uas", True),
        ((TIMER, ("Session-Expires", "300;refresher=uac")), "300;refresher=uac", True),
        ((TIMER,), "1800;refresher=uac", True),
        ((), "1800;refresher=uas", False),
    ],
)
def test_who_refreshes_when_we_are_called(
    asked: tuple[tuple[str, str], ...], said: str, required: bool
) -> None:
    ok = accepted(Peer(), *asked)
    assert ok.headers.first("Session-Expires") == said
    assert ("timer" in ok.require) is required


def test_a_far_end_that_should_refresh_and_does_not_is_hung_up() -> None:
    peer = Peer()
    accepted(peer, TIMER, ("Session-Expires", "300"))
    peer.wait(267)
    assert peer.heard == []
    peer.wait(2)
    assert ends(peer.events) == [EndReason.EXPIRED]
    (bye,) = peer.requests("BYE")[:1]
    peer.answer(bye, 200)
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_a_refresh_of_the_far_end_begins_another_interval() -> None:
    peer = Peer()
    ok = accepted(peer, TIMER, ("Session-Expires", "300"))
    for number in range(3):
        peer.wait(200)
        refresh = peer.request(
            "UPDATE",
            TIMER,
            ("Session-Expires", "300;refresher=uac"),
            to_tag=ok.to.tag,
            cseq=2 + number,
        )
        peer.send(refresh)
        response = peer.responses("UPDATE")[-1]
        assert response.headers.first("Session-Expires") == "300;refresher=uac"
    assert ends(peer.events) == []
    peer.wait(269)
    assert ends(peer.events) == [EndReason.EXPIRED]


def test_we_refresh_by_update_where_it_is_understood() -> None:
    peer = Peer()
    allow = ("Allow", "INVITE, ACK, BYE, UPDATE")
    accepted(peer, TIMER, allow, ("Session-Expires", "300;refresher=uas"))
    for _ in range(4):
        forget(peer)
        peer.wait(151)
        (update,) = {
            request.cseq.number: request for request in peer.requests("UPDATE")
        }.values()
        assert update.headers.first("Session-Expires") == "300;refresher=uac"
        peer.answer(update, 200, ("Session-Expires", "300;refresher=uac"))
        assert len(peer.events) == 1
        assert isinstance(peer.events[0], DialogChanged)


def test_we_refresh_by_reinvite_otherwise() -> None:
    peer = Peer()
    accepted(peer, TIMER, ("Session-Expires", "300;refresher=uas"))
    peer.wait(150.1)
    (again,) = peer.requests("INVITE")
    assert again.body
    peer.answer(again, 200, ("Session-Expires", "300;refresher=uac"), description=OFFER)
    assert len(peer.requests("ACK")) == 1
    assert ends(peer.events) == []
    peer.wait(149)
    assert len(peer.requests("INVITE")) == 1
    peer.wait(2)
    assert len(peer.requests("INVITE")) > 1


@pytest.mark.parametrize("allowed", ["INVITE", "INVITE, UPDATE"])
def test_a_refresh_that_meets_another_request_is_tried_again(allowed: str) -> None:
    peer = Peer()
    timer = ("Session-Expires", "300;refresher=uas")
    accepted(peer, TIMER, timer, ("Allow", allowed))
    method = allowed.rsplit(maxsplit=1)[-1]
    peer.wait(150.1)
    peer.answer(peer.requests(method)[0], 491)
    forget(peer)
    peer.wait(2.1)
    assert peer.requests(method)
    peer.answer(peer.requests(method)[0], 422, ("Min-SE", "900"))
    again = peer.requests(method)[-1]
    assert again.headers.first("Session-Expires") == "900;refresher=uac"


def test_a_refused_refresh_is_tried_again_later() -> None:
    peer = Peer()
    timer = ("Session-Expires", "300;refresher=uas")
    accepted(peer, TIMER, timer, ("Allow", "UPDATE"))
    peer.wait(150.1)
    peer.answer(peer.requests("UPDATE")[0], 500)
    forget(peer)
    peer.wait(31)
    assert peer.heard == []
    peer.wait(1.5)
    assert peer.requests("UPDATE")
    assert ends(peer.events) == []


def test_an_update_that_is_not_understood_after_all() -> None:
    peer = Peer()
    allow = ("Allow", "INVITE, UPDATE")
    accepted(peer, TIMER, allow, ("Session-Expires", "300;refresher=uas"))
    peer.wait(150.1)
    peer.answer(peer.requests("UPDATE")[0], 405)
    assert len(peer.requests("INVITE")) == 1


def test_a_refresh_that_nobody_answers_ends_the_session() -> None:
    peer = Peer()
    accepted(peer, ("Allow", "UPDATE"))
    peer.wait(900 + 32.1)
    assert ends(peer.events) == [EndReason.LOST]
    assert peer.requests("BYE")


def test_the_calling_side_obeys_the_refresher_of_the_2xx() -> None:
    for refresher, reason in (("uac", EndReason.LOST), ("uas", EndReason.EXPIRED)):
        peer = Peer()
        peer.order(invite())
        request = peer.requests("INVITE")[0]
        timer = ("Session-Expires", f"120;refresher={refresher}")
        peer.answer(request, 200, timer, description=ANSWER)
        peer.wait(125)
        assert ends(peer.events) == [reason]


def test_no_timer_when_the_far_end_names_none() -> None:
    peer = Peer()
    peer.order(invite())
    peer.answer(peer.requests("INVITE")[0], 200, description=ANSWER)
    peer.wait(40_000)
    assert ends(peer.events) == []


def reborn(party: Party, peer_of: Party, image: SessionImage, now: float) -> None:
    """Another process with the session of the last."""
    party.endpoint = endpoint(party.address, peer_of.address, 77)
    party.endpoint.restore(image, now)
    party.events.clear()


@pytest.mark.parametrize("restarted", ["one", "two"])
@pytest.mark.parametrize("hangs_up", ["one", "two"])
def test_a_session_goes_on_after_a_restart(restarted: str, hangs_up: str) -> None:
    one, two, net = pair()
    up, _ = establish(one, two, net)
    net.run(40)
    names = {"one": (one, SessionId("callertag")), "two": (two, up.session)}
    party, session = names[restarted]
    image = party.endpoint.image(session, net.now)
    assert image is not None
    assert image.confirmed
    reborn(party, two if party is one else one, image, net.now)
    changed = offer("127.0.1.1", 26000, 2)
    for offering, answering in ((one, two), (two, one)):
        sessions = {id(p): s for p, s in names.values()}
        net.order(offering, Offer(sessions[id(offering)], changed))
        net.run(0.1)
        (offered,) = answering.said(Offered)
        assert offered.description is not None
        answer = answer_to(offered.description, version=3)
        net.order(answering, AnswerOffer(offered.session, answer))
        net.run(0.1)
        answering.events.clear()
        changed = offer("127.0.2.1", 27000, 4)
    hanging, its_session = names[hangs_up]
    net.order(hanging, HangUp(session=its_session))
    net.run(100)
    for party in (one, two):
        assert len(party.said(Ended)) == 1
        assert party.endpoint.remembered == 0


def test_an_image_keeps_the_session_timer() -> None:
    peer = Peer()
    accepted(peer, TIMER, ("Session-Expires", "300"))
    peer.wait(100)
    (session,) = peer.endpoint._board.registry.entries
    image = peer.endpoint.image(session, peer.now)
    assert image is not None
    assert image.expires_in == pytest.approx(200)
    again = Peer(endpoint(CALLED, CALLER, 3))
    again.take(again.endpoint.restore(image, again.now))
    assert again.endpoint.image(session, again.now) == replace(
        image, local_cseq=image.local_cseq + 100
    )
    again.wait(167)
    assert ends(again.events) == []
    again.wait(2)
    assert ends(again.events) == [EndReason.EXPIRED]


def test_there_is_no_image_before_the_answer_nor_after_the_end() -> None:
    peer = Peer()
    session = invited(peer)
    assert peer.endpoint.image(session, peer.now) is None
    peer.order(Accept(session=session, description=ANSWER))
    image = peer.endpoint.image(session, peer.now)
    assert image is not None
    assert not image.confirmed
    peer.order(HangUp(session=session))
    assert peer.endpoint.image(session, peer.now) is None


class Bug(Exception):
    """What a broken machine raises."""


def test_a_broken_machine_before_the_answer_gets_500(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = Peer()
    session = invited(peer)

    def raising(*_: object) -> None:
        raise Bug

    monkeypatch.setattr("b2bua.sip.dialog.called.Called.order", raising)
    with pytest.raises(Bug):
        peer.order(Ring(session=session, status=180))
    assert peer.endpoint.working_on == session
    peer.take(peer.endpoint.abandon(session, peer.now))
    assert peer.statuses("INVITE") == [100, 500]
    assert ends(peer.events) == [EndReason.FAILED]
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_a_broken_machine_in_a_session_sends_bye(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()
    session = answered(peer)

    def raising(*_: object) -> None:
        raise Bug

    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "receive", raising)
        with pytest.raises(Bug):
            peer.send(peer.request("OPTIONS", to_tag=session, cseq=2))
    peer.take(peer.endpoint.abandon(session, peer.now))
    assert ends(peer.events) == [EndReason.FAILED]
    (bye,) = peer.requests("BYE")
    peer.answer(bye, 200)
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_a_broken_calling_machine_is_cancelled_and_a_late_200_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = Peer()
    peer.order(invite())
    request = peer.requests("INVITE")[0]

    def raising(*_: object) -> None:
        raise Bug

    with monkeypatch.context() as patch:
        patch.setattr(Calling, "receive_response", raising)
        with pytest.raises(Bug):
            peer.answer(request, 180)
    peer.take(peer.endpoint.abandon(invite().session, peer.now))
    assert len(peer.requests("CANCEL")) == 1
    peer.answer(request, 200, CONTACT, description=ANSWER)
    assert len(peer.requests("ACK")) == 1
    peer.answer(peer.requests("BYE")[0], 200)
    assert ends(peer.events) == [EndReason.FAILED]
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_a_broken_session_that_we_began_sends_bye() -> None:
    peer = Peer()
    peer.order(invite())
    peer.answer(peer.requests("INVITE")[0], 200, description=ANSWER)
    peer.take(peer.endpoint.abandon(invite().session, peer.now))
    assert len(peer.requests("BYE")) == 1
    assert ends(peer.events) == [EndReason.FAILED]


def test_a_late_refusal_of_a_broken_session_is_only_acknowledged() -> None:
    peer = Peer()
    peer.order(invite())
    peer.take(peer.endpoint.abandon(invite().session, peer.now))
    request = peer.requests("INVITE")[0]
    peer.answer(request, 180)
    assert len(peer.requests("CANCEL")) == 1
    peer.answer(request, 487)
    assert len(peer.requests("ACK")) == 1
    assert peer.requests("BYE") == []
    assert ends(peer.events) == [EndReason.FAILED]
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_other_sessions_lose_nothing_when_one_breaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = Peer()
    for number in range(3):
        peer.send(peer.invite(offer=OFFER, call_id=f"call-{number}"))
    broken = next(iter(peer.endpoint._board.registry.entries))
    wake = type(peer.endpoint._board.registry.entries[broken].session).wake

    def raising(machine: object, now: float) -> object:
        if getattr(machine, "session", None) == broken:
            raise Bug
        return wake(machine, now)  # type: ignore[arg-type]

    monkeypatch.setattr("b2bua.sip.dialog.called.Called.wake", raising)
    with pytest.raises(Bug):
        peer.wait(601)
    assert peer.endpoint.working_on == broken
    peer.take(peer.endpoint.abandon(broken, peer.now))
    peer.wait(601)
    assert ends(peer.events) == [EndReason.FAILED] * 3
    peer.wait(100)
    assert peer.endpoint.remembered == 0


def test_a_connection_that_is_gone_leaves_its_session_alive() -> None:
    peer = Peer()
    flow = Flow("udp", CALLED, CALLER, 7)
    peer.take(peer.endpoint.receive(_bytes(peer), flow, peer.now))
    (event,) = peer.events
    assert isinstance(event, Invited)
    peer.take(peer.endpoint.flow_failed(flow, peer.now))
    peer.order(Accept(session=event.session, description=ANSWER))
    assert ends(peer.events) == []


def _bytes(peer: Peer) -> bytes:
    return serialize(peer.invite(offer=OFFER))


def test_orders_to_a_session_that_is_over_do_nothing() -> None:
    peer = Peer()
    session = answered(peer)
    peer.send(peer.request("BYE", to_tag=session, cseq=2))
    forget(peer)
    for order in (HangUp(session=session), Offer(session, OFFER), Accept(session=session)):
        peer.order(order)
    assert (peer.heard, peer.events) == ([], [])


def test_accepted_says_so_once_for_repeated_2xx() -> None:
    peer = Peer()
    peer.order(invite())
    for _ in range(4):
        peer.answer(peer.requests("INVITE")[0], 200, description=ANSWER)
    assert len([event for event in peer.events if isinstance(event, Accepted)]) == 1
    assert len(peer.requests("ACK")) == 4
