"""Neither side learns anything of the other but the number: nothing crosses the legs.

RFC 7092 calls it topology hiding; for us it is that each leg is built and never copied.
"""

from dataclasses import replace

import pytest

from b2bua.core.address import Address
from b2bua.service.plan import Announcements
from b2bua.sip.dialog import events as sip
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.parser import Refusal, parse
from tests.exchange.scripts import FIRST, Answers, Refuses, Scene, plan
from tests.support.stage import CALLER, NODE, Parcel, Script

MARK = b"Secret-%s"
REVEALING = (
    b"X-Inside: %s\r\nSubject: %s\r\nOrganization: %s\r\nCall-Info: <http://%s/>\r\n"
    b'P-Charging-Vector: icid-value=%s\r\nWarning: 399 %s "x"\r\nDate: %s\r\n'
)


def revealed(data: bytes, who: bytes) -> bytes:
    """The message with all that phones like to tell, and a name for its software."""
    mark = MARK % who
    more = REVEALING.replace(b"%s", mark)
    for name in (b"User-Agent", b"Server"):
        data = data.replace(name + b": b2bua\r\n", name + b": " + mark + b"\r\n")
    return data.replace(b"\r\nCall-ID:", b"\r\n" + more + b"Call-ID:", 1)


class Tapped:
    """A scene whose phones tell too much, and all that was sent in it."""

    def __init__(self, scene: Scene) -> None:
        self.parcels: list[Parcel] = []
        wire = scene.stage.wire
        carry = wire.carry

        def tapped(parcel: Parcel, now: float) -> None:
            marks = {CALLER: b"caller", FIRST: b"called"}
            if parcel.source in marks:
                data = revealed(parcel.data, marks[parcel.source])
                parcel = replace(parcel, data=data)
            self.parcels.append(parcel)
            carry(parcel, now)

        wire.carry = tapped  # type: ignore[method-assign]
        scene.session = scene.stage.dial(scene.caller)

    def between(self, source: Address, target: Address) -> list[Request | Response]:
        """What went from one to the other."""
        found = []
        for parcel in self.parcels:
            if (parcel.source, parcel.target) == (source, target):
                message = parse(parcel.data)
                assert not isinstance(message, Refusal)
                found.append(message)
        assert found
        return found

    def sent_to(self, target: Address) -> bytes:
        """All octets that a phone got."""
        return b"\n".join(one.data for one in self.parcels if one.target == target)


def secrets(tapped: Tapped, phone: Address, ours: Address) -> set[str]:
    """What names a phone, its software, its place and its dialog."""
    found = {phone[0]}
    for message in tapped.between(phone, ours):
        found |= {message.call_id, "Secret-"}
        if isinstance(message, Request):
            found |= {message.via.branch, message.from_.tag}
        else:
            found.add(message.to.tag)
    return found - {""}


@pytest.mark.parametrize(
    "script",
    [Answers(after=1, talk=3), Refuses(603, 21), Refuses(480)],
    ids=["answered", "declined", "away"],
)
def test_nothing_of_one_side_is_told_to_the_other(script: Script) -> None:
    scene = Scene(plan(announcements=Announcements.NONE), script, dial=False)
    tapped = Tapped(scene)
    scene.run(3)
    scene.stage.order(scene.caller, sip.HangUp(session=scene.session))
    scene.run(60)
    for one, other in ((CALLER, FIRST), (FIRST, CALLER)):
        heard = tapped.sent_to(other).decode()
        for secret in secrets(tapped, one, NODE):
            assert secret not in heard, secret


def test_what_hides_here_would_be_seen() -> None:
    """The search finds what is there: each side's own secrets are in what it sent."""
    scene = Scene(plan(), Answers(after=1, talk=3), dial=False)
    tapped = Tapped(scene)
    scene.run(10)
    sent = b"\n".join(one.data for one in tapped.parcels if one.source == CALLER).decode()
    assert all(secret in sent for secret in secrets(tapped, CALLER, NODE))


def test_legs_share_no_name() -> None:
    scene = Scene(plan(), Answers(after=1, talk=3), dial=False)
    tapped = Tapped(scene)
    scene.run(10)
    inbound = tapped.between(CALLER, NODE)[0]
    outbound = tapped.between(NODE, FIRST)[0]
    assert inbound.call_id != outbound.call_id
    assert inbound.from_.tag != outbound.from_.tag
    assert inbound.via.branch != outbound.via.branch
    assert [via.host for via in outbound.vias] == [NODE[0]]
    assert outbound.record_route == ()
    assert {name for name, _ in outbound.headers} <= {
        *("Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Allow"),
        *("Supported", "Session-Expires", "Min-SE", "P-Asserted-Identity", "Diversion"),
        *("History-Info", "User-Agent", "Content-Type", "Content-Length"),
        "P-Early-Media",
    }
