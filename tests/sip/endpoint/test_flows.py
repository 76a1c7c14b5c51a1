"""Whole sessions between two endpoints."""

from b2bua.sip.dialog.events import (
    Accept,
    Accepted,
    Confirmed,
    Ended,
    EndReason,
    HangUp,
    Invited,
    Progressed,
    Refuse,
    Refused,
    Ring,
)
from tests.sip.party import Network, Party, answer_to, invite, pair


def called_session(called: Party) -> Invited:
    (invited,) = called.said(Invited)
    return invited


def establish(one: Party, two: Party, net: Network) -> tuple[Invited, Accepted]:
    net.order(one, invite())
    net.run(0.1)
    invited = called_session(two)
    offer = invited.invitation.offer
    assert offer is not None
    net.order(two, Ring(session=invited.session, status=180))
    net.run(0.1)
    net.order(two, Accept(session=invited.session, description=answer_to(offer)))
    net.run(0.1)
    (accepted,) = one.said(Accepted)
    assert two.said(Confirmed) == [Confirmed(invited.session)]
    return invited, accepted


def test_call_and_hang_up_by_the_caller() -> None:
    one, two, net = pair()
    _, accepted = establish(one, two, net)
    (progressed,) = one.said(Progressed)
    assert (progressed.status, progressed.description) == (180, None)
    assert accepted.description is not None
    net.order(one, HangUp(session=accepted.session))
    net.run(60)
    assert [ended.reason for ended in one.said(Ended)] == [EndReason.RELEASED]
    assert [ended.reason for ended in two.said(Ended)] == [EndReason.HUNG_UP]
    assert one.endpoint.remembered == two.endpoint.remembered == 0


def test_hang_up_by_the_called() -> None:
    one, two, net = pair()
    invited, _ = establish(one, two, net)
    net.order(two, HangUp(session=invited.session))
    net.run(60)
    assert [ended.reason for ended in one.said(Ended)] == [EndReason.HUNG_UP]
    assert [ended.reason for ended in two.said(Ended)] == [EndReason.RELEASED]
    assert one.endpoint.remembered == two.endpoint.remembered == 0


def test_cancel() -> None:
    one, two, net = pair()
    net.order(one, invite())
    net.run(0.1)
    net.order(two, Ring(session=called_session(two).session, status=180))
    net.run(1)
    net.order(one, HangUp(session=invite().session))
    assert [ended.reason for ended in one.said(Ended)] == [EndReason.RELEASED]
    net.run(60)
    assert [ended.reason for ended in two.said(Ended)] == [EndReason.CANCELLED]
    assert one.endpoint.remembered == two.endpoint.remembered == 0


def test_refusal() -> None:
    one, two, net = pair()
    net.order(one, invite())
    net.run(0.1)
    net.order(two, Refuse(session=called_session(two).session, status=486))
    net.run(60)
    assert [refused.status for refused in one.said(Refused)] == [486]
    assert [ended.reason for ended in two.said(Ended)] == [EndReason.RELEASED]
    assert one.endpoint.remembered == two.endpoint.remembered == 0
