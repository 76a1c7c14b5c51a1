"""RFC 3263: what needs no question, what is asked once, what is remembered."""

from typing import TypeAlias

import pytest

from b2bua.sip.message.uri import SipUri
from b2bua.sip.transport.target import (
    NEGATIVE_TTL,
    PATIENCE,
    REMEMBERED,
    Answer,
    Ask,
    Found,
    Question,
    Target,
    TargetFinder,
    question_of,
)
from tests.support.virtual_time import VirtualTime

Finder: TypeAlias = TargetFinder[str]
NAME = Question(host="trunk.example")
ONE = Target("udp", ("127.0.0.5", 5060))
TWO = Target("udp", ("127.0.0.6", 5060))


def good(*targets: Target, ttl: float = 60.0) -> Answer:
    return Answer(question=NAME, targets=targets, ttl=ttl)


@pytest.mark.parametrize(
    ("question", "target"),
    [
        (Question(host="127.0.0.5"), ONE),
        (Question(host="127.0.0.5", port=5070), Target("udp", ("127.0.0.5", 5070))),
        (Question(host="127.0.0.5", transport="tcp"), Target("tcp", ("127.0.0.5", 5060))),
        (Question(host="127.0.0.5", transport="tls"), Target("tls", ("127.0.0.5", 5061))),
        (Question(host="127.0.0.5", secure=True), Target("tls", ("127.0.0.5", 5061))),
        (Question(host="::1"), Target("udp", ("::1", 5060))),
    ],
)
def test_an_address_is_found_at_once(question: Question, target: Target) -> None:
    finder = Finder()
    assert finder.find(question, "call", 0.0) == [Found("call", (target,))]
    assert finder.deadline is None


def test_a_name_is_asked_once_however_many_wait() -> None:
    finder = Finder()
    assert finder.find(NAME, "first", 0.0) == [Ask(NAME)]
    assert finder.find(NAME, "second", 0.1) == []
    assert finder.resolved(good(ONE, TWO), 0.2) == [
        Found("first", (ONE, TWO)),
        Found("second", (ONE, TWO)),
    ]
    assert finder.deadline is None


def test_a_fresh_answer_is_used_and_a_stale_one_used_and_asked_again() -> None:
    finder = Finder()
    finder.find(NAME, "call", 0.0)
    finder.resolved(good(ONE, ttl=60.0), 1.0)
    assert finder.find(NAME, "fresh", 60.9) == [Found("fresh", (ONE,))]
    assert finder.find(NAME, "stale", 61.0) == [Found("stale", (ONE,)), Ask(NAME)]
    assert finder.find(NAME, "again", 61.1) == [Found("again", (ONE,))]
    assert finder.resolved(good(TWO), 61.2) == []
    assert finder.find(NAME, "renewed", 61.3) == [Found("renewed", (TWO,))]


def test_a_dead_dns_leaves_the_last_good_answer() -> None:
    finder = Finder()
    finder.find(NAME, "call", 0.0)
    finder.resolved(good(ONE, ttl=10.0), 0.0)
    finder.find(NAME, "stale", 20.0)
    assert finder.resolved(good(), 20.1) == []
    assert finder.find(NAME, "later", 20.2) == [Found("later", (ONE,))]
    assert finder.find(NAME, "much later", 20.1 + NEGATIVE_TTL) == [
        Found("much later", (ONE,)),
        Ask(NAME),
    ]


def test_a_name_without_an_answer_fails_at_once_and_for_a_while() -> None:
    finder = Finder()
    finder.find(NAME, "call", 0.0)
    assert finder.resolved(good(), 1.0) == [Found("call", ())]
    assert finder.find(NAME, "soon", 1.1) == [Found("soon", ())]
    assert finder.find(NAME, "later", 1.0 + NEGATIVE_TTL) == [Ask(NAME)]


def test_a_question_without_an_answer_has_a_deadline() -> None:
    finder = Finder()
    other = Question(host="other.example")
    finder.find(NAME, "first", 0.0)
    finder.find(other, "second", 1.0)
    assert list(VirtualTime(finder).until(10.0)) == [
        (PATIENCE, Found("first", ())),
        (1.0 + PATIENCE, Found("second", ())),
    ]


def test_an_answer_that_comes_too_late_is_kept_for_the_next() -> None:
    finder = Finder()
    finder.find(NAME, "call", 0.0)
    finder.wake(PATIENCE)
    assert finder.resolved(good(ONE), 4.0) == []
    assert finder.find(NAME, "next", 4.1) == [Found("next", (ONE,))]


def test_memory_is_bounded() -> None:
    finder = Finder()
    for number in range(REMEMBERED + 10):
        question = Question(host=f"h{number}.example")
        finder.find(question, "call", 0.0)
        finder.resolved(Answer(question=question, targets=(ONE,)), 0.0)
    assert len(finder._known) == REMEMBERED
    assert finder.find(Question(host="h0.example"), "call", 0.1) != [Found("call", (ONE,))]


@pytest.mark.parametrize(
    ("uri", "question"),
    [
        (SipUri(host="a.example"), Question(host="a.example")),
        (
            SipUri(host="a.example", port=5070, parameters={"transport": "TCP"}),
            Question(host="a.example", port=5070, transport="tcp"),
        ),
        (
            SipUri(scheme="sips", host="a.example", parameters={"transport": "tcp"}),
            Question(host="a.example", transport="tls", secure=True),
        ),
        (
            SipUri(host="a.example", parameters={"maddr": "6.6.6.6"}),
            Question(host="a.example"),
        ),
        (
            SipUri(host="a.example", parameters={"transport": "sctp"}),
            Question(host="a.example"),
        ),
    ],
)
def test_a_uri_says_what_to_ask(uri: SipUri, question: Question) -> None:
    assert question_of(uri) == question
