"""What may be logged."""

import io
import json
import os
from collections.abc import Iterator

import pytest
import structlog

from b2bua.observe.logs import Unbreakable, configure, masked


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def told(capsys: pytest.CaptureFixture[str], **fields: object) -> dict[str, object]:
    structlog.get_logger().info("event", **fields)
    return dict(json.loads(capsys.readouterr().err))


def test_secrets_are_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", whole_numbers=True)
    event = told(capsys, password="hush", dsn="postgresql://u:hush@h", number="4006001234")
    assert "hush" not in json.dumps(event)
    assert event["number"] == "4006001234"
    assert event["level"] == "info"


def test_callers_are_masked_unless_wanted_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info")
    assert told(capsys, caller="13800138000")["caller"] == "138****8000"
    structlog.reset_defaults()
    configure("info", whole_numbers=True)
    assert told(capsys, caller="13800138000")["caller"] == "13800138000"


def test_what_is_below_the_level_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    structlog.get_logger().info("event")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("number", "shown"),
    [("", ""), ("110", "***"), ("02088881234", "020****1234"), ("8888123", "*******")],
)
def test_masking(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_a_reader_that_went_away_costs_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(io.FileIO(writing, "wb"), write_through=True) as stream:
        unbreakable = Unbreakable(stream)
        assert unbreakable.write("lost\n") == 0
        unbreakable.flush()
