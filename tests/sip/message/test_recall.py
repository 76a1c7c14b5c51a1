"""What is kept of the texts that were read, and what is not."""

import pytest

from b2bua.sip.message.address import parse_name_address
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.recall import LONGEST, recalled


def test_a_text_is_read_once() -> None:
    read: list[str] = []

    @recalled
    def shout(text: str) -> str:
        read.append(text)
        return text.upper()

    assert [shout("a"), shout("b"), shout("a")] == ["A", "B", "A"]
    assert read == ["a", "b"]


def test_a_long_text_is_not_kept() -> None:
    read: list[str] = []

    @recalled
    def measure(text: str) -> int:
        read.append(text)
        return len(text)

    kept, long = "x" * LONGEST, "x" * (LONGEST + 1)
    for text in (kept, kept, long, long):
        measure(text)
    assert read == [kept, long, long]


def test_what_was_malformed_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(MalformedMessage):
            parse_name_address("<sip:a@b")


def test_the_same_text_gives_the_same_address() -> None:
    text = "<sip:13800001111@192.0.2.1>;tag=recalled"
    assert parse_name_address(text) is parse_name_address(text)
    assert parse_name_address(text).tag == "recalled"
