"""Who calls, who hid it, who sent it on, why it ended: RFC 3323, 3325, 3326, 5806, 7044."""

import pytest

from b2bua.call.verdict import q850_of
from b2bua.service.area import AreaTable
from b2bua.service.flow.arrival import read_arrival
from b2bua.service.flow.search import target_for
from b2bua.service.plan import TrunkRule
from b2bua.sip.dialog.events import (
    Cause,
    Ended,
    HangUp,
    Invitation,
    Invited,
    Refuse,
    Refused,
    SessionId,
)
from b2bua.sip.endpoint.manners import Manners, understood
from b2bua.sip.message.history import forwardings
from b2bua.sip.message.message import Request
from tests.exchange.scripts import plan
from tests.sip.endpoint.test_called import OFFER, answered, invited
from tests.sip.party import CALLED, CALLER, endpoint, invite
from tests.sip.peer import Peer

NUMBER = "4006001234"


def told(*fields: tuple[str, str]) -> Invitation:
    """What call control hears of an INVITE with these fields."""
    peer = Peer()
    request = peer.invite(offer=OFFER)
    for name, value in fields:
        request.headers.add(name, value)
    peer.send(request)
    (event,) = peer.events
    assert isinstance(event, Invited)
    return event.invitation


def sent(*, trusted: bool, **changes: object) -> Request:
    peer = Peer(endpoint(CALLED, CALLER, 9, trunk={"trusted": trusted}))
    peer.order(invite("callertag", **changes))
    return peer.requests("INVITE")[0]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (("id",), ("id",)),
        (("ID; Critical",), ("id", "critical")),
        (("header;user;session",), ("header", "user", "session")),
        (("none",), ("none",)),
        (("user", "id"), ("user", "id")),
        (("id,user",), ("id", "user")),
        ((), ()),
    ],
)
def test_every_value_of_privacy_is_told(
    values: tuple[str, ...], read: tuple[str, ...]
) -> None:
    """RFC 3323 §4.2: separated by semicolons; one line or several, in any case."""
    assert told(*(("Privacy", value) for value in values)).privacy == read


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("private", [True, False])
def test_an_identity_is_asserted_to_the_trusted_alone(trusted: bool, private: bool) -> None:
    """RFC 3325 §§5, 7: never to others, and privacy says id to either."""
    request = sent(trusted=trusted, private=private, asserted="13800138000")
    asserted = request.headers.first("P-Asserted-Identity")
    assert asserted == ("<sip:13800138000@127.0.2.1>" if trusted else None)
    assert request.headers.first("Privacy") == ("id" if private else None)
    shown = "anonymous@anonymous.invalid" if private else "13800138000@127.0.2.1"
    assert shown in request.required("From")


def test_a_private_caller_is_nowhere_but_in_the_assertion() -> None:
    """RFC 3323 §4.1: From, Contact, Call-ID and Via name nobody."""
    request = sent(trusted=False, private=True, asserted="13800138000", from_display="Li")
    text = "\n".join(value for _, value in request.headers) + request.body.decode()
    assert "13800138000" not in text
    assert "Li" not in request.required("From")


def test_nothing_of_an_identity_crosses_unasked() -> None:
    """RFC 3325 §7: what came with the first leg is not copied to the second."""
    request = sent(trusted=True)
    for name in ("P-Preferred-Identity", "Remote-Party-ID", "P-Asserted-Identity"):
        assert name not in request.headers


@pytest.mark.parametrize(
    ("fields", "count", "numbers"),
    [
        # RFC 5806 §7: the latest is on top, and may stand for several
        ((("Diversion", f"<sip:{NUMBER}@x>;reason=unconditional"),), 1, (NUMBER,)),
        (
            (
                ("Diversion", "<tel:02188886666>;reason=no-answer;counter=3"),
                ("Diversion", f"<sip:{NUMBER}@x>"),
            ),
            4,
            ("02188886666", NUMBER),
        ),
        ((("Diversion", "<sip:1@x>;counter=99999999999999"),), 1, ("1",)),
        ((("Diversion", "<sip:1@x>;counter=-4"),), 1, ("1",)),
        # RFC 7044 §5: an entry, or a hop that changed the way alone, is no forwarding
        ((("History-Info", f"<sip:{NUMBER}@x>;index=1"),), 0, ()),
        (
            (
                (
                    "History-Info",
                    f"<sip:{NUMBER}@x>;index=1, <sip:{NUMBER}@y>;index=1.1;rc=1,"
                    f" <sip:{NUMBER}@z>;index=1.1.1;np=1.1",
                ),
            ),
            0,
            (),
        ),
        # mapped to another
        (
            (
                ("History-Info", f"<sip:{NUMBER}@x>;index=1"),
                ("History-Info", "<sip:02188886666@x;cause=302>;index=1.1;mp=1"),
            ),
            1,
            (NUMBER,),
        ),
        # mapped to another way of writing it
        (
            (
                ("History-Info", f"<sip:{NUMBER}@x>;index=1"),
                ("History-Info", f"<sip:+86{NUMBER}@x;user=phone>;index=1.1;mp=1"),
            ),
            0,
            (),
        ),
        # twice, and back again
        (
            (
                (
                    "History-Info",
                    f"<sip:{NUMBER}@x>;index=1, <sip:139@x;cause=302>;index=1.1;mp=1,"
                    f" <sip:{NUMBER}@x;cause=408>;index=1.2;mp=1.1",
                ),
            ),
            2,
            ("139", NUMBER),
        ),
        # RFC 4458: a cause without mp; RFC 4244: a Reason on the entry that was left
        (
            (
                ("History-Info", f"<sip:{NUMBER}@x>;index=1"),
                ("History-Info", "<sip:13900001111@x;cause=486>;index=2"),
            ),
            1,
            (NUMBER,),
        ),
        (
            (
                (
                    "History-Info",
                    f"<sip:{NUMBER}@x?Reason=SIP%3Bcause%3D302%3Btext%3D%22CF%22>;index=1,"
                    " <sip:13900001111@x>;index=1.1",
                ),
            ),
            1,
            (NUMBER,),
        ),
        # both headers of one forwarding (RFC 7544)
        (
            (
                ("Diversion", f"<sip:{NUMBER}@x>;reason=unconditional;counter=1"),
                (
                    "History-Info",
                    f"<sip:{NUMBER}@x>;index=1, <sip:139@x;cause=302>;index=1.1;mp=1",
                ),
            ),
            1,
            (NUMBER,),
        ),
        # what cannot be read
        ((("History-Info", "<sip:a@b;index=1, garbage;;, <x:y>;index=7;mp=1"),), 0, ()),
        ((("History-Info", "<sip:a@b?Reason=%3B%3B>;index=1, <sip:c@d>;index=2"),), 0, ()),
    ],
)
def test_who_sent_a_call_on(
    fields: tuple[tuple[str, str], ...], count: int, numbers: tuple[str, ...]
) -> None:
    invitation = told(*fields)
    assert (invitation.diversions, invitation.diverted_by) == (count, numbers)


def test_what_we_say_of_a_forwarding_is_read_as_one() -> None:
    """RFC 5806 §6.1, RFC 7044 §5: by another node of ours, in either header or both."""
    request = sent(trusted=True, diverted_from=NUMBER)
    both = forwardings(request)
    assert (both.count, both.numbers) == (1, (NUMBER,))
    for name in ("Diversion", "History-Info"):
        alone = request.headers.copy()
        alone.remove(name)
        one = forwardings(Request("INVITE", request.uri, alone))
        assert (one.count, one.numbers) == (1, (NUMBER,))


def test_what_was_sent_on_before_is_counted_along() -> None:
    """RFC 5806 §5.2, RFC 7332: or two numbers that forward to each other never stop."""
    request = sent(trusted=True, diverted_from=NUMBER, diversions=4)
    assert forwardings(request).count == 4
    said, rule = (
        told(("Diversion", "<sip:4008888888@x>;counter=3")),
        TrunkRule(name="first", trusted=True),
    )
    arrival = read_arrival(said, rule, {}, AreaTable())
    assert target_for("first", plan(), arrival, rule).diversions == 4


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Q.850;cause=17", 17),
        ('q.850 ; cause=17 ; text="User busy"', 17),
        ("Q.850;cause=4294967295", 0),
        ("Q.850;cause=128, Q.850;cause=31", 31),
        ("SIP;cause=486", 0),
        ("Q.850", 0),
    ],
)
def test_a_q850_cause_has_seven_bits(reason: str, cause: int) -> None:
    """RFC 3326 §2: what is greater is no cause, and would fit no record."""
    peer = Peer()
    session = answered(peer)
    peer.send(peer.request("BYE", ("Reason", reason), to_tag=session, cseq=2))
    assert peer.statuses("BYE") == [200]
    ended = peer.events[-1]
    assert isinstance(ended, Ended)
    assert q850_of(ended.causes) == cause


def test_reasons_of_both_protocols_stand_side_by_side() -> None:
    """RFC 3326 §2: one value for each protocol, in final responses, CANCEL and BYE."""
    causes = (Cause("Q.850", 17, "User busy"), Cause("SIP", 486))
    said = ['Q.850;cause=17;text="User busy"', "SIP;cause=486"]
    peer = Peer()
    session = invited(peer)
    peer.order(Refuse(session=session, status=486, causes=causes))
    assert peer.responses("INVITE")[-1].headers.values("Reason") == said
    other = Peer()
    talking = answered(other)
    other.order(HangUp(session=talking, causes=causes))
    assert other.requests("BYE")[0].headers.values("Reason") == said
    third = Peer(endpoint(CALLED, CALLER, 9))
    third.order(invite())
    third.answer(third.requests("INVITE")[0], 180)
    third.order(HangUp(session=SessionId("callertag"), causes=causes))
    assert third.requests("CANCEL")[0].headers.values("Reason") == said


def test_a_refusal_tells_its_reason_and_a_trunk_may_mean_another() -> None:
    """RFC 3398 §7.2.4.1 is a proposal: protocol names are compared without case."""
    peer = Peer(endpoint(CALLED, CALLER, 9))
    peer.order(invite())
    peer.answer(peer.requests("INVITE")[0], 503, ("Reason", "q.850;cause=34"))
    refused = peer.events[-1]
    assert isinstance(refused, Refused)
    assert q850_of(refused.causes) == 34
    meant = understood(refused, Manners(causes=((34, 17),)))
    assert [(one.protocol, one.code) for one in meant.causes] == [("Q.850", 17)]
