"""Causes and statuses that differ between trunks, and who is told of a diversion."""

import pytest

from b2bua.sip.dialog.events import Cause, Invited, Refuse, Refused
from b2bua.sip.endpoint.manners import Manners
from tests.sip.party import CALLED, CALLER, endpoint, invite, offer
from tests.sip.peer import Peer


def peer_of(**manners: object) -> Peer:
    made = Manners(**manners)  # type: ignore[arg-type]
    return Peer(endpoint(CALLED, CALLER, 4, trunk={"manners": made}))


@pytest.mark.parametrize(
    ("status", "reason", "causes"),
    [
        (480, None, (Cause("Q.850", 19),)),
        (500, "Q.850;cause=31", (Cause("Q.850", 17),)),
        (480, "Q.850;cause=31", (Cause("Q.850", 17),)),
        (404, "SIP;cause=404", (Cause("SIP", 404),)),
        (404, None, ()),
    ],
)
def test_what_a_refusal_means(
    status: int, reason: str | None, causes: tuple[Cause, ...]
) -> None:
    peer = peer_of(causes=((480, 19), (31, 17)))
    peer.order(invite())
    extra = [] if reason is None else [("Reason", reason)]
    peer.answer(peer.requests("INVITE")[0], status, *extra)
    (refused,) = peer.events
    assert isinstance(refused, Refused)
    assert (refused.status, refused.causes) == (status, causes)


@pytest.mark.parametrize(("cause", "status"), [(17, 600), (21, 403)])
def test_with_which_status_a_trunk_is_refused(cause: int, status: int) -> None:
    peer = peer_of(statuses=((17, 600),))
    peer.send(peer.invite(offer=offer()))
    (invited,) = peer.events
    assert isinstance(invited, Invited)
    given = {17: 486, 21: 403}[cause]
    causes = (Cause("Q.850", cause),)
    peer.order(Refuse(session=invited.session, status=given, causes=causes))
    assert peer.responses("INVITE")[-1].status == status


@pytest.mark.parametrize("named", [(), ("Diversion",), ("History-Info",)])
def test_which_fields_tell_of_a_diversion(named: tuple[str, ...]) -> None:
    peer = peer_of(diversion=named)
    peer.order(invite(diverted_from="4006001234"))
    (request,) = peer.requests("INVITE")
    for field in ("Diversion", "History-Info"):
        assert (field in request.headers) == (field in named)
