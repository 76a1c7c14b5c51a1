"""RFC 4475: its 49 traits, each in a message of our own beside this file.

A file is named as the RFC names its message. The verdict is what the RFC says of it, as far
as reading goes; *read* names what fails, and with which status, when it is asked for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from b2bua.sip.message.build import response_to, response_to_refused
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Request, Response
from b2bua.sip.message.multipart import SDP, body_of_type
from b2bua.sip.message.parser import Refusal, parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.sdp.parser import parse_description

FOLDER: Final = Path(__file__).parent


def load(name: str) -> Request | Response | Refusal:
    return parse((FOLDER / f"{name}.sip").read_bytes())


VALID: Final = (
    # §3.1.1: valid, however strange
    "wsinv",
    "intmeth",
    "esc01",
    "escnull",
    "esc02",
    "lwsdisp",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "mpart01",
    "unreason",
    "noreason",
    # §3.1.2: invalid in what is not read yet, or where the RFC lets us be liberal
    "baddate",
    "baddn",
    "regbadct",
    # §3.2, §3.3, §3.4: for the layers above to judge
    "badbranch",
    "unkscm",
    "novelsc",
    "unksm2",
    "bext01",
    "invut",
    "regaut01",
    "bcast",
    "zeromf",
    "cparam01",
    "cparam02",
    "regescrt",
    "sdp01",
    "inv2543",
)

REFUSED: Final = {
    # name: the status that it is answered with, None for none
    "badinv01": 400,  # what is plain of its Via says where
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": None,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 400,
    "badaspec": 400,
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": None,
    "insuf": 400,
    "multi01": 400,
    "mcl01": 400,
}


def test_every_file_has_a_verdict() -> None:
    names = {path.stem for path in FOLDER.glob("*.sip")}
    assert names == {*VALID, *REFUSED}
    assert len(names) == 49


@pytest.mark.parametrize("name", VALID)
def test_valid(name: str) -> None:
    message = load(name)
    assert not isinstance(message, Refusal)
    again = parse(serialize(message))
    assert not isinstance(again, Refusal)
    assert (again.start_line, again.body) == (message.start_line, message.body)
    assert again.cseq == message.cseq
    assert (again.to, again.from_, again.vias) == (message.to, message.from_, message.vias)
    if isinstance(message, Request):
        assert serialize(response_to(message, 200, to_tag="ours"))


@pytest.mark.parametrize(("name", "status"), REFUSED.items())
def test_refused(name: str, status: int | None) -> None:
    refusal = load(name)
    assert isinstance(refusal, Refusal)
    answer = response_to_refused(refusal, to_tag="ours")
    assert (None if answer is None else answer.status) == status
    if answer is not None:
        assert serialize(answer)


def request(name: str) -> Request:
    message = load(name)
    assert isinstance(message, Request)
    return message


READ: Final[list[tuple[str, Callable[[Request], object], object]]] = [
    # name, what is asked, the value, or the status of the failure
    ("wsinv", lambda it: it.to.tag, "75aa"),
    ("wsinv", lambda it: it.from_.display, 'Q. \\"'),
    ("wsinv", lambda it: it.max_forwards, 70),
    (
        "wsinv",
        lambda it: [via.branch for via in it.vias],
        ["oldstyle", "z9hG4bKws2", "z9hG4bKws3"],
    ),
    ("wsinv", lambda it: it.headers.first("Odd-Field"), "one value carried on over lines"),
    ("wsinv", lambda it: it.headers.first("Odder-Field"), ";;,,;;,;"),
    ("wsinv", lambda it: it.contacts[0].display, 'Said "so"'),
    (
        "wsinv",
        lambda it: it.contacts[0].parameters,
        {"fresh": "value", "flag": "", "q": "0.33"},
    ),
    ("wsinv", lambda it: it.route[0].uri, "sip:hop.example;lr;some=thing;flag"),
    ("intmeth", lambda it: it.to.display, "NUL: BEL:\x07 DEL:\x7f"),
    ("intmeth", lambda it: it.from_.tag, "_token~1'+`*%!-."),
    ("intmeth", lambda it: parse_uri(it.uri).__class__, SipUri),
    ("esc01", lambda it: sip_uri(it.uri).user, "sips:name@inner.example"),
    ("esc01", lambda it: sip_uri(it.to.uri).user, "callee"),
    ("esc01", lambda it: sip_uri(it.contacts[0].uri).parameters, {"lr": "", "p1": "v2"}),
    ("escnull", lambda it: parse_uri(it.to.uri), 400),
    ("escnull", lambda it: len(it.contacts), 2),
    ("esc02", lambda it: it.to.display, "%Q%45"),
    ("esc02", lambda it: [contact.uri[4:7] for contact in it.contacts], ["one", "thr"]),
    ("lwsdisp", lambda it: it.from_.display, "caller"),
    ("longreq", lambda it: len(it.vias), 34),
    ("dblreq", lambda it: it.body, b""),
    ("semiuri", lambda it: sip_uri(it.uri).user, "callee;part=x@inner.example"),
    ("transports", lambda it: it.vias[3].transport, "NEVERHEARD"),
    ("mpart01", lambda it: parse_description(body_of_type(it, SDP) or b"").session_id, 11),
    ("regbadct", lambda it: it.contacts, 400),
    ("badbranch", lambda it: it.via.has_cookie, False),
    ("unkscm", lambda it: parse_uri(it.uri), 416),
    ("novelsc", lambda it: parse_uri(it.uri), 416),
    ("unksm2", lambda it: parse_uri(it.to.uri), 416),
    ("bext01", lambda it: it.require, ("neverheardofthis", "northat")),
    ("invut", lambda it: body_of_type(it, SDP), None),
    ("zeromf", lambda it: it.max_forwards, 0),
    ("cparam01", lambda it: it.contacts[0].parameters, {"strange": ""}),
    ("cparam02", lambda it: it.contacts[0].parameters, {}),
    (
        "regescrt",
        lambda it: sip_uri(it.contacts[0].uri).headers,
        (("Route", "<sip:called.example>"),),
    ),
    ("sdp01", lambda it: it.accept, ("text/unheard-of",)),
    ("inv2543", lambda it: (it.via.branch, it.from_.tag, it.max_forwards), ("", "", None)),
]


def sip_uri(text: str) -> SipUri:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    return uri


@pytest.mark.parametrize(("name", "ask", "expected"), READ)
def test_what_is_read(
    name: str, ask: Callable[[Request], object], expected: object
) -> None:
    try:
        value = ask(request(name))
    except MalformedMessage as malformed:
        value = malformed.status
    assert value == expected
