"""Phones that register here, are called and call: the registrar from outside."""

import random

import pytest

from b2bua.core.address import Address
from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.events import Accept, HangUp, Invited, Refused, SessionId
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.registrar import PHONES, RegistrarSettings
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.message.digest import answer, parse_challenges
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transport.flow import Flow
from tests.sip.endpoint.test_authentication import account
from tests.sip.party import CALLED, answer_to, invite, offer
from tests.sip.peer import Peer

PHONE: Address = ("127.0.1.1", 40_000)
CONTACT = "sip:801-x@192.168.1.5:5062;ob"
ACCOUNTS = {"801": account("801", "password"), "802": account("802", "password")}
REGISTRAR = "sip:127.0.2.1"


def started(**changes: object) -> Peer:
    registrar = {"networks": ("127.0.1.0/24",), **changes}
    settings = EndpointSettings(
        listeners=(Listener(transport="udp", local=CALLED, advertised=CALLED),),
        trunks=(Trunk(name=PHONES), Trunk(name="carrier", networks=("127.0.0.0/8",))),
        registrar=RegistrarSettings(**registrar),  # type: ignore[arg-type]
    )
    peer = Peer(SipEndpoint(settings, Tokens(random.Random(5).randbytes)), source=PHONE)
    peer.take(peer.endpoint.start(peer.now))
    peer.take(peer.endpoint.set_phones(ACCOUNTS, peer.now))
    return peer


def proved(
    peer: Peer, request: Request, challenged: Response, password: str = "password"
) -> Request:
    """The same request once more, with credentials."""
    challenge = parse_challenges(challenged)[0]
    user = request.from_.uri.removeprefix("sip:").split("@")[0]
    header = answer(
        challenge,
        username=user,
        password=password,
        method=request.method,
        uri=request.uri,
        cnonce="c",
    )
    request.headers.set("Authorization", header)
    request.headers.set("CSeq", f"{request.cseq.number + 1} {request.method}")
    request.headers.set("Via", f"SIP/2.0/UDP 127.0.1.1;branch={peer.next_branch()}")
    return request


def register(
    peer: Peer,
    *extra: tuple[str, str],
    contact: str = f"<{CONTACT}>",
    user: str = "801",
    cseq: int = 1,
    password: str = "password",
) -> Response:
    """Register with what is asked for; the answer."""
    aor = f"<sip:{user}@127.0.2.1>"
    request = peer.request(
        "REGISTER", ("To", aor), ("Contact", contact), *extra, uri=REGISTRAR, cseq=cseq
    )
    request.headers.set("From", f"{aor};tag=far")
    if not contact:
        request.headers.remove("Contact")
    peer.send(request)
    challenged = peer.responses("REGISTER")[-1]
    if challenged.status != 401:
        return challenged
    peer.send(proved(peer, request, challenged, password))
    return peer.responses("REGISTER")[-1]


def test_a_phone_registers_and_is_forgotten_when_its_time_is_over() -> None:
    peer = started()
    done = register(peer, ("Expires", "600"))
    assert done.status == 200
    assert done.headers.all("Contact") == [f"<{CONTACT}>;expires=600"]
    assert peer.endpoint.phones == {"801": [CONTACT]}
    peer.wait(599.0)
    assert peer.endpoint.phones == {"801": [CONTACT]}
    peer.wait(2.0)
    assert peer.endpoint.phones == {}
    assert peer.kept == {"801": ""}
    assert peer.endpoint.remembered == 0


@pytest.mark.parametrize(
    ("asked", "granted"), [("3600", 3600), ("86400", 3600), ("60", 60), ("0", None)]
)
def test_how_long_a_binding_lasts(asked: str, granted: int | None) -> None:
    peer = started()
    done = register(peer, contact=f"<{CONTACT}>;expires={asked}")
    contacts = [] if granted is None else [f"<{CONTACT}>;expires={granted}"]
    assert done.headers.all("Contact") == contacts


def test_too_brief_an_interval_is_told_the_least() -> None:
    done = register(started(), ("Expires", "30"))
    assert (done.status, done.headers.first("Min-Expires")) == (423, "60")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "passwore"}, 401),
        ({"user": "803"}, 401),
        ({"contact": "<tel:801>"}, 400),
        ({"contact": "*"}, 400),
        ({"contact": "<sip:192.168.1.5>"}, 400),
    ],
)
def test_what_registers_nobody(changes: dict[str, str], status: int) -> None:
    peer = started()
    assert register(peer, **changes).status == status  # type: ignore[arg-type]
    assert peer.endpoint.phones == {}


def test_nobody_registers_in_anothers_name() -> None:
    peer = started()
    request = peer.request("REGISTER", ("To", "<sip:802@127.0.2.1>"), uri=REGISTRAR)
    request.headers.set("From", "<sip:801@127.0.2.1>;tag=far")
    peer.send(request)
    peer.send(proved(peer, request, peer.responses("REGISTER")[-1]))
    assert peer.statuses("REGISTER") == [401, 403]
    assert peer.endpoint.phones == {}


def test_who_is_not_in_the_networks_is_a_stranger() -> None:
    peer = started()
    peer.source = ("198.51.100.7", 5060)
    assert register(peer).status == 403


def test_a_star_takes_everything_back_and_no_contact_only_asks() -> None:
    peer = started()
    register(peer)
    peer.source = ("127.0.1.2", 5060)
    register(peer, contact="<sip:801@127.0.1.2>", cseq=3)
    asked = register(peer, contact="", cseq=5)
    assert len(asked.headers.all("Contact")) == 2
    assert peer.endpoint.phones == {"801": ["sip:801@127.0.1.2", CONTACT]}
    done = register(peer, ("Expires", "0"), contact="*", cseq=7)
    assert (done.status, done.headers.all("Contact")) == (200, [])
    assert peer.endpoint.phones == {}


def test_a_phone_that_starts_again_replaces_what_it_was() -> None:
    peer = started()
    register(peer)
    register(peer, contact="<sip:801-y@192.168.1.5:5062>", cseq=3)
    assert peer.endpoint.phones == {"801": ["sip:801-y@192.168.1.5:5062"]}


def test_contacts_of_one_phone_are_bounded() -> None:
    peer = started()
    for index in range(8):
        peer.source = ("127.0.1.1", 41_000 + index)
        register(peer, contact=f"<sip:801@127.0.1.1:{41_000 + index}>", cseq=2 * index + 1)
    assert len(peer.endpoint.phones["801"]) == 5


def test_a_request_that_was_overtaken_changes_nothing() -> None:
    peer = started()
    register(peer, cseq=5)
    assert register(peer, ("Expires", "0"), cseq=3).status == 500
    assert peer.endpoint.phones == {"801": [CONTACT]}


def test_a_phone_is_called_by_the_way_it_registered() -> None:
    peer = started()
    register(peer)
    peer.order(invite("call", trunk=PHONES, user="801"))
    request = peer.requests("INVITE")[-1]
    assert request.uri == CONTACT
    assert request.to.uri.startswith("sip:801@")
    assert peer.targets[-1] == PHONE
    described = answer_to(offer())
    peer.answer(request, 200, ("Contact", f"<{CONTACT}>"), description=described)
    peer.order(HangUp(session=SessionId("call")))
    assert peer.requests("BYE")[-1].uri == CONTACT
    assert peer.targets[-1] == PHONE
    assert peer.questions == []


def test_a_phone_that_is_not_there_cannot_be_called() -> None:
    peer = started()
    peer.order(invite("call", trunk=PHONES, user="801"))
    (refused,) = peer.events
    assert isinstance(refused, Refused)
    assert (refused.status, refused.local) == (503, True)


def test_a_registered_phone_calls_by_the_trunk_of_phones_and_proves_it() -> None:
    peer = started()
    register(peer)
    request = peer.invite(
        ("From", "<sip:801@127.0.2.1>;tag=far"),
        ("P-Asserted-Identity", "<sip:10086@127.0.2.1>"),
        offer=offer(),
        call_id="c2",
    )
    peer.send(request)
    assert peer.statuses("INVITE") == [401]
    peer.send(proved(peer, request, peer.responses("INVITE")[-1]))
    (invited,) = peer.events
    assert isinstance(invited, Invited)
    said = invited.invitation
    assert (said.trunk, said.from_user, said.asserted) == (PHONES, "801", ())
    accept = Accept(session=invited.session, description=answer_to(offer()))
    peer.order(accept)
    assert peer.responses("INVITE")[-1].status == 200


def test_others_from_the_same_host_are_the_trunk_that_they_were() -> None:
    peer = started()
    register(peer)
    peer.source = ("127.0.1.1", 5060)
    peer.send(peer.invite(offer=offer(), call_id="c3"))
    (invited,) = peer.events
    assert isinstance(invited, Invited)
    assert invited.invitation.trunk == "carrier"


def test_bindings_outlive_the_process() -> None:
    peer = started()
    register(peer, ("Expires", "600"))
    kept = peer.kept["801"]
    after = started()
    after.take(after.endpoint.restore_phone("801", kept, after.now))
    after.order(invite("call", trunk=PHONES, user="801"))
    assert (after.requests("INVITE")[-1].uri, after.targets[-1]) == (CONTACT, PHONE)
    after.wait(601.0)
    assert after.endpoint.phones == {}
    for unreadable in ("", "{", "[1]"):
        after.take(after.endpoint.restore_phone("801", unreadable, after.now))
    after.take(after.endpoint.restore_phone("899", kept, after.now))
    assert after.endpoint.phones == {}


def test_an_account_that_is_closed_or_changed_is_bound_no_more() -> None:
    peer = started()
    register(peer)
    changed = {**ACCOUNTS, "801": account("801", "another")}
    peer.take(peer.endpoint.set_phones(dict(ACCOUNTS), peer.now))
    assert peer.endpoint.phones == {"801": [CONTACT]}
    peer.take(peer.endpoint.set_phones(changed, peer.now))
    assert peer.endpoint.phones == {}
    assert register(peer, cseq=11).status == 401


def test_a_connection_that_is_gone_takes_its_phone_along() -> None:
    peer = started()
    flow = Flow("tcp", CALLED, PHONE, connection=7)
    binding = peer.endpoint._board.registrar
    request = peer.request("REGISTER", ("To", "<sip:801@127.0.2.1>"), uri=REGISTRAR)
    request.headers.set("Contact", f"<{CONTACT}>")
    binding.register(request, "801", flow, peer.now)
    assert peer.endpoint.phones == {"801": [CONTACT]}
    peer.take(peer.endpoint.flow_failed(flow, peer.now))
    assert peer.endpoint.phones == {}


@pytest.mark.parametrize("password", ["", "a guess", "password "])
def test_who_guesses_does_not_learn_which_extensions_there_are(password: str) -> None:
    said = []
    for extension in ("801", "899"):
        peer = started()
        answers = [register(peer, user=extension, password=password)]
        for method in ("OPTIONS", "INVITE", "MESSAGE"):
            asked = peer.request(method, call_id=method, uri=f"sip:{extension}@127.0.2.1")
            peer.send(asked, ("198.51.100.7", 5060))
            answers += peer.responses(method)[-1:]
        assert all("Server" not in one.headers for one in answers)
        said.append(
            [
                (one.status, one.reason, sorted({name for name, _ in one.headers}))
                for one in answers
            ]
        )
    assert said[0] == said[1]
    assert said[0][0][0] == 401
