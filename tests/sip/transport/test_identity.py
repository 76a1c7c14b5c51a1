"""Whom a certificate speaks for."""

import pytest

from b2bua.sip.transport.identity import Certificate, certificate, is_fingerprint

PRINT = "sha256:" + "0a" * 32


def shown(**named: list[str]) -> Certificate:
    return certificate(
        uris=named.get("uris", []),
        domains=named.get("domains", []),
        addresses=named.get("addresses", []),
        common_name=named.get("common", [""])[0],
        fingerprint=PRINT,
    )


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (shown(uris=["sip:example.com"]), "example.com"),
        (shown(uris=["sip:example.com"]), "EXAMPLE.com."),
        (shown(domains=["sip.example.com"]), "sip.example.com"),
        (shown(addresses=["2001:db8::1"]), "2001:DB8:0::1"),
        (shown(addresses=["2001:db8::1"]), "[2001:db8::1]"),
        (shown(common=["old.example.com"]), "old.example.com"),
        (shown(), PRINT),
        (shown(), "SHA256:" + ":".join(["0A"] * 32)),
    ],
)
def test_it_speaks_for_whom_it_names(one: Certificate, wanted: str) -> None:
    assert one.speaks_for(wanted)


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        # RFC 5922 §7.2: a wildcard stands for nobody.
        (shown(domains=["*.example.com"]), "sip.example.com"),
        (shown(common=["*.example.com"]), "sip.example.com"),
        # A name that is part of another is another.
        (shown(domains=["example.com"]), "sip.example.com"),
        # Of a person, and of another scheme.
        (shown(uris=["sip:alice@example.com"]), "example.com"),
        (shown(uris=["http://example.com"]), "example.com"),
        # §7.1: the common name counts only where there is nothing else.
        (shown(domains=["a.example"], common=["b.example"]), "b.example"),
        (shown(), ""),
        (shown(), "sha256:" + "0b" * 32),
    ],
)
def test_and_for_nobody_else(one: Certificate, wanted: str) -> None:
    assert not one.speaks_for(wanted)


def test_fingerprints_are_told_from_names() -> None:
    assert is_fingerprint(PRINT)
    assert not is_fingerprint("sha256:0a")
    assert not is_fingerprint("example.com")
