"""Webhooks in plans: what may be written, what is found, and that secrets stay secret."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.plan import Plan
from b2bua.service.planfile import (
    plan_from_mapping,
    plan_to_mapping,
    plan_to_yaml,
    read_plans,
)
from b2bua.service.planreading import Known
from b2bua.service.webhook import Reach, Webhook, WebhookEvent, shown, url_fault
from b2bua.store.plans import differences

SECRET = "correct-horse-battery"
TEXT = """\
number: "4006001234"
destinations:
  one: {number: "02088886001", trunk: unicom}
routes:
  - {name: all, to: one}
webhooks:
"""
CLOSED = Reach(networks=())
OFFICE = Reach(networks=(ip_network("10.1.0.0/16"),))


def read(webhooks: str, reach: Reach | None = CLOSED) -> Plan | list[str]:
    found = read_plans(TEXT + webhooks, "plan.yaml", Known(webhooks=reach))
    if isinstance(found, list):
        return [f"{one.line} {one.field}: {one.message}" for one in found]
    return found[0]


def test_a_webhook_is_read_and_written_back() -> None:
    plan = read(
        "  - {url: 'https://crm.example.com/calls?key=1', events: [missed, ended],"
        f" secret: {SECRET}}}\n"
        f"  - {{url: https://other.example.com/, secret: {SECRET}}}\n"
    )
    assert isinstance(plan, Plan)
    assert plan.webhooks == (
        Webhook(
            url="https://crm.example.com/calls?key=1",
            events=frozenset({WebhookEvent.MISSED, WebhookEvent.ENDED}),
            secret=SECRET,
        ),
        Webhook(url="https://other.example.com/", secret=SECRET),
    )
    assert plan.webhooks[1].events == frozenset(WebhookEvent)
    assert plan_from_mapping(plan_to_mapping(plan)) == plan
    assert read_plans(plan_to_yaml(plan), "again.yaml", Known()) == (plan,)


@pytest.mark.parametrize(
    ("webhooks", "field", "said"),
    [
        (f"  - {{secret: {SECRET}}}", "webhooks[0].url", "https://example.com"),
        ("  - {url: https://a.example/}", "webhooks[0].secret", "16 to 128"),
        ("  - {url: https://a.example/, secret: short}", "webhooks[0].secret", "16 to 128"),
        (
            f"  - {{url: https://a.example/, secret: {SECRET}, events: [mised]}}",
            "webhooks[0].events[0]",
            "did you mean missed?",
        ),
        (
            f"  - {{url: https://a.example/, secret: {SECRET}, events: []}}",
            "webhooks[0].events",
            "told nothing",
        ),
        (
            f"  - {{url: https://a.example/, secret: {SECRET}}}\n" * 2,
            "webhooks[1].url",
            "told already",
        ),
        (
            "".join(
                f"  - {{url: https://a.example/{n}, secret: {SECRET}}}\n" for n in range(6)
            ),
            "webhooks",
            "at most 5",
        ),
        ("  {url: https://a.example/}", "webhooks", "must be a list"),
        (
            f"  - {{url: https://a.example/, secret: {SECRET}, ssecret: 1}}",
            "webhooks[0].ssecret",
            "did you mean secret?",
        ),
    ],
)
def test_what_is_wrong_is_found_and_no_secret_is_told(
    webhooks: str, field: str, said: str
) -> None:
    findings = read(webhooks)
    assert isinstance(findings, list)
    (finding,) = findings
    assert f" {field}: " in finding
    assert said in finding
    assert SECRET not in finding


@pytest.mark.parametrize(
    ("url", "reach", "said"),
    [
        ("https://crm.example.com/calls", CLOSED, ""),
        ("https://crm.example.com:8443/calls", CLOSED, ""),
        ("https://8.8.8.8/", CLOSED, ""),
        ("http://crm.example.com/", CLOSED, "only https"),
        ("http://crm.example.com/", Reach(plain_http=True), ""),
        ("http://127.0.0.1:9000/", Reach(), ""),
        ("http://localhost:9000/", Reach(), ""),
        ("http://[::1]:9000/", Reach(), ""),
        ("http://127.0.0.1:9000/", CLOSED, "not on the public Internet"),
        ("https://10.1.2.3/", OFFICE, ""),
        ("http://10.1.2.3/", OFFICE, ""),
        ("https://10.2.2.3/", OFFICE, "not on the public Internet"),
        ("https://[::ffff:10.2.2.3]/", OFFICE, "not on the public Internet"),
        ("https://169.254.169.254/latest", Reach(), "not on the public Internet"),
        ("ftp://crm.example.com/", CLOSED, "must be a URL"),
        ("https:///calls", CLOSED, "must be a URL"),
        ("crm.example.com", CLOSED, "must be a URL"),
        ("https://user:pw@crm.example.com/", CLOSED, "no user"),
        ("https://crm.example.com/#top", CLOSED, "no fragment"),
        ("https://crm.example.com:0/", CLOSED, "no port 0"),
        ("https://crm.example.com:99999/", CLOSED, "is no URL"),
        ("https://[::1/", CLOSED, "is no URL"),
        ("https://crm.example.com/a b", CLOSED, "printable"),
        ("https://crm.example.com\\@10.0.0.1/", CLOSED, "must"),
        ("https://crm.example.com/\r\nX: y", CLOSED, "printable"),
        ("https://crm.example.com/" + "a" * 1024, CLOSED, "1024"),
    ],
)
def test_where_a_webhook_may_lie(url: str, reach: Reach, said: str) -> None:
    fault = url_fault(url, reach)
    assert said in fault if said else fault == ""


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *(
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
        ),
        *("::ffff:127.0.0.1", "fe80::1", "fc00::1", "ff02::1", "2002:7f00:1::"),
        *("64:ff9b::7f00:1", "2001:db8::1", "fec0::1", "localhost", "", "1.2.3"),
    ],
)
def test_addresses_that_nobody_reaches_by_default(address: str) -> None:
    assert CLOSED.bar(address, tls=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_public_internet_is_reached_by_tls_alone(address: str) -> None:
    assert CLOSED.bar(address, tls=True) == ""
    assert CLOSED.bar(address, tls=False)
    assert Reach(plain_http=True).bar(address, tls=False) == ""


@given(st.integers(0, 2**32 - 1))
def test_wrapping_an_address_changes_nothing(number: int) -> None:
    plain = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    allowed = OFFICE.bar(plain, tls=True) == ""
    for wrapped in (f"::ffff:{plain}", f"64:ff9b::{plain}"):
        assert (OFFICE.bar(wrapped, tls=True) == "") is allowed


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    url_fault(text, CLOSED)
    url_fault(f"https://{text}", CLOSED)


def test_secrets_are_neither_shown_nor_told_when_they_change() -> None:
    hook = Webhook(url="https://a.example/", secret=SECRET)
    assert SECRET not in repr(hook)
    plan = read(f"  - {{url: https://a.example/, secret: {SECRET}}}")
    assert isinstance(plan, Plan)
    assert SECRET not in repr(plan)
    other = replace(plan, webhooks=(replace(hook, secret="another-secret-of-it"),))
    none = replace(plan, webhooks=())
    before, after, without = map(plan_to_mapping, (plan, other, none))
    assert list(differences(before, after)) == ["webhooks: changed"]
    (gone,) = differences(before, without)
    assert "https://a.example/" in gone
    assert SECRET not in gone


def test_a_query_is_not_shown() -> None:
    assert shown("https://a.example/hook?key=5") == "https://a.example/hook?…"
    assert shown("https://a.example/hook") == "https://a.example/hook"
