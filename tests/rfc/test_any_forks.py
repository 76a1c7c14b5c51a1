"""Any forks, in any order: one call, every 2xx acknowledged, every other one released."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from b2bua.sip.dialog.events import Accepted, Ended, HangUp, Refused, SessionId
from tests.sip.endpoint.test_called import OFFER
from tests.sip.party import CALLED, CALLER, answer_to, endpoint, invite
from tests.sip.peer import Peer

SESSION = SessionId("callertag")
TAGS = "abc"


@dataclass(frozen=True)
class Says:
    """A fork answers."""

    tag: str
    status: int
    reliable: bool
    described: bool


STEPS = st.lists(
    st.one_of(
        st.builds(
            Says,
            st.sampled_from(TAGS),
            st.sampled_from((100, 180, 183, 199, 200, 200, 202, 404, 486, 487, 600)),
            st.booleans(),
            st.booleans(),
        ),
        st.sampled_from((0.1, 1.0, 6.0, 40.0)),
        st.just("BYE a"),
        st.just("hang up"),
    ),
    max_size=14,
)


def take(peer: Peer, step: Says | float | str, number: int) -> None:
    """Let one thing happen."""
    request = peer.requests("INVITE")[0]
    match step:
        case Says(tag, status, reliable, described):
            extra = []
            if reliable and 100 < status < 200:
                extra = [("Require", "100rel"), ("RSeq", str(number))]
            answer = answer_to(OFFER) if described and 100 < status < 300 else None
            peer.answer(request, status, *extra, tag=tag, description=answer)
        case float():
            peer.wait(step)
        case "hang up":
            peer.order(HangUp(session=SESSION))
        case _:
            bye = ("From", "<sip:02088886001@127.0.1.1>;tag=a")
            call_id = request.call_id
            peer.send(
                peer.request("BYE", bye, to_tag=SESSION, call_id=call_id, cseq=number)
            )


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_2xx_is_acknowledged_and_all_but_one_are_released(
    steps: list[Says | float | str],
) -> None:
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite(SESSION))
    for number, step in enumerate(steps, 1):
        take(peer, step, number)
    peer.order(HangUp(session=SESSION))
    for _ in range(3):
        for request in list(peer.requests("BYE")):
            peer.answer(request, 200, tag=request.to.tag)
        peer.wait(400)
    answered = {one.tag for one in _heeded(steps) if 200 <= one.status < 300}
    acknowledged = {one.to.tag for one in peer.requests("ACK")}
    released = {one.to.tag for one in peer.requests("BYE")}
    assert answered <= acknowledged
    accepted = [one for one in peer.events if isinstance(one, Accepted)]
    assert len(accepted) <= 1
    last = [one for one in peer.events if isinstance(one, Ended | Refused)]
    assert len(last) == 1
    assert peer.events[-1] is last[0]
    said_bye = {"a"} if "BYE a" in steps else set()
    assert answered <= released | said_bye
    assert peer.endpoint.remembered == 0


def _heeded(steps: list[Says | float | str]) -> list[Says]:
    """What is said before a refusal ends the INVITE, or time does."""
    heeded: list[Says] = []
    for step in steps:
        if isinstance(step, float) and step > 30:
            break
        if isinstance(step, Says):
            if step.status >= 300 and not any(200 <= one.status < 300 for one in heeded):
                break
            heeded.append(step)
    return heeded
