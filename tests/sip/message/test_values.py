"""Values of header fields: each row is read, written, and read again."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.message.address import NameAddress, parse_name_address
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.fields import (
    CSeq,
    RAck,
    ReasonValue,
    SessionExpires,
    parse_cseq,
    parse_rack,
    parse_reason,
    parse_seconds,
    parse_session_expires,
)
from b2bua.sip.message.scanner import (
    format_parameters,
    format_quoted,
    parse_parameters,
    parse_quoted,
    split,
)
from b2bua.sip.message.uri import SipUri, TelUri, parse_uri
from b2bua.sip.message.via import Via, parse_via

VALUES: list[tuple[Callable[[str], object], str, object, str | None]] = [
    # how it is read, the text, the value, how it is written (None: as it was)
    (parse_cseq, "1 INVITE", CSeq(1, "INVITE"), None),
    (parse_cseq, "0009 \t INVITE", CSeq(9, "INVITE"), "9 INVITE"),
    (parse_cseq, "2147483647 x-New", CSeq(2**31 - 1, "x-New"), None),
    (parse_rack, "776656 1 INVITE", RAck(rseq=776656, cseq=1, method="INVITE"), None),
    (parse_session_expires, "1800", SessionExpires(1800), None),
    (
        parse_session_expires,
        "90 ; Refresher=UAS",
        SessionExpires(90, "uas"),
        "90;refresher=uas",
    ),
    (parse_session_expires, "90;refresher=uac", SessionExpires(90, "uac"), None),
    (parse_seconds, "120 (I'm in a meeting)", 120, "120"),
    (parse_seconds, "18000;duration=3600", 18000, "18000"),
    (parse_reason, "Q.850;cause=16", ReasonValue(protocol="Q.850", cause=16), None),
    (
        parse_reason,
        'SIP ;cause=200 ;text="Call \\"done\\", bye; now"',
        ReasonValue(protocol="SIP", cause=200, text='Call "done", bye; now'),
        'SIP;cause=200;text="Call \\"done\\", bye; now"',
    ),
    (
        parse_via,
        "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1",
        Via(transport="UDP", host="127.0.0.1", port=5060, branch="z9hG4bK1"),
        None,
    ),
    (
        parse_via,
        "sip  / 2.0 / tcp  Example.COM : 5 ; Branch=x ; rport ; ttl=16;hidden",
        Via(
            transport="TCP",
            host="example.com",
            port=5,
            branch="x",
            rport=0,
            parameters={"ttl": "16", "hidden": ""},
        ),
        "SIP/2.0/TCP example.com:5;branch=x;rport;ttl=16;hidden",
    ),
    (
        parse_via,
        "SIP/2.0/TLS [2001:DB8::9]:5061;branch=z;received=[2001:db8::1];rport=9",
        Via(
            transport="TLS",
            host="2001:db8::9",
            port=5061,
            branch="z",
            received="[2001:db8::1]",
            rport=9,
        ),
        "SIP/2.0/TLS [2001:db8::9]:5061;branch=z;received=[2001:db8::1];rport=9",
    ),
    (
        parse_name_address,
        '"Bench" <sip:caller@127.0.0.1:15070>;tag=uac1',
        NameAddress(
            display="Bench", uri="sip:caller@127.0.0.1:15070", parameters={"tag": "uac1"}
        ),
        None,
    ),
    (
        parse_name_address,
        'sip:a@b;tag=x;y="z;,"',
        NameAddress(uri="sip:a@b", parameters={"tag": "x", "y": "z;,"}),
        '<sip:a@b>;tag=x;y="z;,"',
    ),
    (
        parse_name_address,
        "Mr. Watson<sip:w@b;lr?X=1,2> ; TAG = q ; flag",
        NameAddress(
            display="Mr. Watson",
            uri="sip:w@b;lr?X=1,2",
            parameters={"tag": "q", "flag": ""},
        ),
        '"Mr. Watson" <sip:w@b;lr?X=1,2>;tag=q;flag',
    ),
    (
        parse_name_address,
        '"a \\"<b>\\" \\\\ ;," <tel:+86138>',
        NameAddress(display='a "<b>" \\ ;,', uri="tel:+86138"),
        None,
    ),
    (
        parse_name_address,
        '"\udcd6\udcd0\udcb9\udcfa" <sip:a@b>',
        NameAddress(display="中国", uri="sip:a@b"),
        '"中国" <sip:a@b>',
    ),
    (parse_name_address, "*", NameAddress(uri="*"), "<*>"),
    (
        parse_uri,
        "sip:alice:se%20cret@Atlanta.COM:5060;Transport=TCP;lr?Subject=a%26b&p=",
        SipUri(
            user="alice",
            password="se cret",
            host="atlanta.com",
            port=5060,
            parameters={"transport": "TCP", "lr": ""},
            headers=(("Subject", "a&b"), ("p", "")),
        ),
        "sip:alice:se%20cret@atlanta.com:5060;transport=TCP;lr?Subject=a%26b&p=",
    ),
    (
        parse_uri,
        "SIPS:%2B8613800138000@[::1]",
        SipUri(scheme="sips", user="+8613800138000", host="::1"),
        "sips:+8613800138000@[::1]",
    ),
    (
        parse_uri,
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
        SipUri(user="1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", host="example.com"),
        None,
    ),
    (
        parse_uri,
        "sip:+86138;npdi@h;user=phone",
        SipUri(user="+86138;npdi", host="h", parameters={"user": "phone"}),
        None,
    ),
    (
        parse_uri,
        "sip:sips%3Auser%40example.com@example.net",
        SipUri(user="sips:user@example.com", host="example.net"),
        None,
    ),
    (parse_uri, "sip:%E4%B8%AD@h", SipUri(user="中", host="h"), None),
    (
        parse_uri,
        "tel:+86-138-0013(8000)",
        TelUri(number="+8613800138000"),
        "tel:+8613800138000",
    ),
    (parse_uri, "tel:%2B86138", TelUri(number="+86138"), "tel:+86138"),
    (
        parse_uri,
        "tel:4006;phone-context=+86",
        TelUri(number="4006", parameters={"phone-context": "+86"}),
        None,
    ),
]


@pytest.mark.parametrize(
    ("read", "text", "value", "written"), VALUES, ids=[row[1][:30] for row in VALUES]
)
def test_read_write_read(
    read: Callable[[str], object], text: str, value: object, written: str | None
) -> None:
    assert read(text) == value
    assert str(value) == (text if written is None else written)
    assert read(str(value)) == value


MALFORMED: list[tuple[Callable[[str], object], str]] = [
    (parse_cseq, ""),
    (parse_cseq, "1"),
    (parse_cseq, "1 INVITE x"),
    (parse_cseq, "-1 INVITE"),
    (parse_cseq, "+1 INVITE"),
    (parse_cseq, "1_0 INVITE"),
    (parse_cseq, "2147483648 INVITE"),
    (parse_cseq, "1 IN<VITE"),
    (parse_rack, "1 INVITE"),
    (parse_rack, "1 2 3 INVITE"),
    (parse_session_expires, "many"),
    (parse_session_expires, "90;refresher=me"),
    (parse_seconds, "99999999999"),
    (parse_reason, ";cause=1"),
    (parse_reason, "Q.850;cause=x"),
    (parse_via, ""),
    (parse_via, "SIP/2.0/UDP"),
    (parse_via, "SIP/3.0/UDP h"),
    (parse_via, "SIP/2.0/UDP h h"),
    (parse_via, "SIP/2.0/UDP [::1"),
    (parse_via, "SIP/2.0/UDP [::1]x"),
    (parse_via, "SIP/2.0/UDP h:"),
    (parse_via, "SIP/2.0/UDP h:0x1"),
    (parse_via, "SIP/2.0/UDP h;rport=70000"),
    (parse_via, "SIP/2.0/UDP h;branch=a;branch=b"),
    (parse_name_address, ""),
    (parse_name_address, '"x'),
    (parse_name_address, '"x" sip:a@b'),
    (parse_name_address, "<sip:a@b"),
    (parse_name_address, "<sip:a b@c>"),
    (parse_name_address, "<sip:<a>@b>"),
    (parse_name_address, "<sip:<a>"),
    (parse_name_address, "<>"),
    (parse_name_address, "<sip:a@b>tag=1"),
    (parse_name_address, "<sip:a@b>;;"),
    (parse_name_address, "<sip:a@b>;tag=1;TAG=2"),
    (parse_name_address, "sip:a@b?x=y"),
    (parse_uri, ""),
    (parse_uri, "sip"),
    (parse_uri, "sip:"),
    (parse_uri, "sip:@h"),
    (parse_uri, "sip:a@"),
    (parse_uri, "sip:a@b@c"),
    (parse_uri, "sip:a b@c"),
    (parse_uri, "<sip:a@c>"),
    (parse_uri, "sip:4006000001%00@h"),
    (parse_uri, "sip:a%0d%0ab@h"),
    (parse_uri, "sip:a@h;x=%0A"),
    (parse_uri, "sip:a%7f@h"),
    (parse_uri, "sip:a%zz@h"),
    (parse_uri, "sip:a%2@h"),
    (parse_uri, "sip:%ff@h"),
    (parse_uri, "sip:中@h"),
    (parse_uri, "sip:a@h:99999"),
    (parse_uri, "sip:a@h;"),
    (parse_uri, "sip:a@h;lr;lr"),
    (parse_uri, "sip:a@h?x"),
    (parse_uri, "sip:a@[::1"),
    (parse_uri, "sip:a@h_!"),
    (parse_uri, "tel:"),
    (parse_uri, "tel:+"),
    (parse_uri, "tel:+86x"),
]


@pytest.mark.parametrize(("read", "text"), MALFORMED)
def test_malformed(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        read(text)
    assert caught.value.status == 400


def test_another_scheme_is_not_supported() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse_uri("nobodyKnowsThisScheme:totallyopaquecontent")
    assert caught.value.status == 416


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # RFC 3261 §19.1.4, its own examples first
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
            True,
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", True),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", True),
        (
            "sip:biloxi.com;transport=tcp;method=R",
            "sip:biloxi.com;method=R;transport=tcp",
            True,
        ),
        ("sip:alice@atlanta.com?a=1&b=2", "sip:alice@atlanta.com?b=2&a=1", True),
        ("SIP:ALICE@AtLanTa.CoM", "sip:alice@atlanta.com", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", False),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", False),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next", False),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", False),
        ("sip:bob@h", "sips:bob@h", False),
    ],
)
def test_comparison(one: str, other: str, same: bool) -> None:
    first, second = parse_uri(one), parse_uri(other)
    assert isinstance(first, SipUri)
    assert isinstance(second, SipUri)
    assert first.matches(second) == same
    assert second.matches(first) == same


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        ('"a,b" <c,d>, e', ['"a,b" <c,d>', "e"]),
        ('"a\\",b", c', ['"a\\",b"', "c"]),
        ("<a,b", ["<a,b"]),
        ('"a,b', ['"a,b']),
        ('a,"b,\\', ["a", '"b,\\']),
        ("", [""]),
        (",", ["", ""]),
        ('<a"b>, "c"', ['<a"b>', '"c"']),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    assert split(text, ",") == pieces


plain = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=30)
names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
hosts = st.sampled_from(["h", "a.example", "127.0.0.1", "::1", "2001:db8::1"])
ports = st.none() | st.integers(0, 65535)


@given(plain)
def test_quoting_is_reversible(text: str) -> None:
    assert parse_quoted(format_quoted(text)) == text


@given(st.dictionaries(names, plain.map(lambda text: text.strip()), max_size=5))
def test_parameters_are_reversible(parameters: dict[str, str]) -> None:
    assert parse_parameters(format_parameters(parameters)) == parameters


uri_values = plain.filter(lambda text: text.isprintable())


@given(
    st.builds(
        SipUri,
        scheme=st.sampled_from(["sip", "sips"]),
        user=uri_values.filter(bool),
        password=uri_values,
        host=hosts,
        port=ports,
        parameters=st.dictionaries(names, uri_values, max_size=3),
        headers=st.lists(st.tuples(names, uri_values), max_size=3).map(tuple),
    )
)
def test_uris_are_reversible(uri: SipUri) -> None:
    assert parse_uri(str(uri)) == uri


READERS = [
    parse_cseq,
    parse_rack,
    parse_session_expires,
    parse_seconds,
    parse_reason,
    parse_via,
    parse_name_address,
    parse_uri,
]
soup = st.lists(
    st.sampled_from(
        ["sip:", "tel:", "<", ">", '"', "\\", ";", ",", "=", "?", "@", ":", "%"]
    )
    | st.sampled_from(
        ["[", "]", "SIP/2.0/UDP ", "1", "branch", "tag", " ", "\udcff", "%00"]
    )
    | st.text(max_size=3)
).map("".join)


@given(st.sampled_from(READERS), soup)
def test_every_reader_is_total(read: Callable[[str], object], text: str) -> None:
    try:
        value = read(text)
    except MalformedMessage:
        return
    assert str(value) is not None
