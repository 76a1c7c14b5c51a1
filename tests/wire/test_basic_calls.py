"""Calls with SIPp at both ends: one record each, and nothing left."""

from pathlib import Path

import pytest

from b2bua.service.record import CallRecord, Outcome
from b2bua.web.timeline import rows
from tests.support.node import Node
from tests.support.sipp import Stage
from tests.support.tones import keys
from tests.wire.numbers import HOST, STRANGER, Line

pytestmark = pytest.mark.wire

NO_EVENTS = {"payloads": "8"}


class Scene:
    """One call at a time between SIPps of one line."""

    def __init__(self, node: Node, stage: Stage, line: Line) -> None:
        self.node, self.stage, self.line = node, stage, line

    def play(
        self, number: str, caller: str, *more: str, called: str = "talks", **values: object
    ) -> CallRecord:
        """Both sides play to their ends; the record of the call."""
        far = self.stage.destination(called, self.line.first, **values) if called else None
        self.call(number, caller, *more, **values)
        if far is not None:
            far.ended()
        record = self.node.record(number)
        assert record.caller == self.line.caller
        assert record.fault == ""
        self.node.quiet()
        return record

    def call(self, number: str, caller: str, *more: str, **values: object) -> None:
        """The caller plays to its end."""
        near, line = HOST, self.line
        self.stage.caller(
            caller, near, line.address, number, line.caller, *more, **values
        ).ended()


@pytest.fixture
def scene(node: Node, stage: Stage, line: Line) -> Scene:
    return Scene(node, stage, line)


def answered(record: CallRecord, end_reason: str = "caller hung up") -> None:
    """The record says that both talked."""
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, end_reason)
    assert (record.status, record.q850, record.destination) == (200, 16, "first")
    told = [(a.destination, a.outcome, a.status) for a in record.attempts]
    assert told == [("first", "answered", 200)]
    assert record.talk_ms > 0
    assert record.fee == 400


def test_the_caller_hangs_up(scene: Scene) -> None:
    answered(scene.play(scene.line.direct, "talks"))


def test_the_destination_hangs_up(scene: Scene) -> None:
    record = scene.play(scene.line.direct, "waits", called="hangs-up")
    answered(record, "destination hung up")


def test_a_caller_over_tcp(scene: Scene) -> None:
    far = scene.stage.destination("talks", scene.line.first)
    scene.call(scene.line.direct, "talks", "-t", "t1")
    far.ended()
    answered(scene.node.record(scene.line.direct))
    scene.node.quiet()


def test_hold_and_resume(scene: Scene) -> None:
    record = scene.play(scene.line.direct, "holds", called="is-held")
    answered(record)
    held = [line for line in record.ladder if line.line.endswith(";sendonly)")]
    assert [line.sent for line in held] == [False, True], "the caller's, then ours"
    caller, called = rows(record)
    for party in (caller, called):
        assert [span.kind for span in party.spans].count("hold") == 1
        assert len(party.changes) == 1, "it came back"


def test_a_late_offer(scene: Scene) -> None:
    answered(scene.play(scene.line.direct, "offers-late"))


def test_a_reliable_183_with_a_greeting(scene: Scene) -> None:
    record = scene.play(
        scene.line.greeted,
        "wants-reliable",
        extra="\nRequire: 100rel",
        ringing=183,
        rings=800,
    )
    answered(record)
    assert record.early_media_at is not None


def test_a_reliable_180(scene: Scene) -> None:
    answered(
        scene.play(
            scene.line.direct,
            "wants-reliable",
            extra="\nRequire: 100rel",
            ringing=180,
            rings=800,
        )
    )


def test_a_destination_that_rings_reliably(scene: Scene) -> None:
    answered(scene.play(scene.line.direct, "talks", called="rings-reliably"))


def test_a_destination_that_forks(scene: Scene) -> None:
    """Both answers are acknowledged, and the second is hung up at once."""
    answered(scene.play(scene.line.direct, "talks", called="forks", talk=800))


def test_keys_by_info_in_the_menu(scene: Scene) -> None:
    record = scene.play(scene.line.menu, "tells-digits", digit=1, talk=1500, **NO_EVENTS)
    answered(record)
    assert record.keys == "1"


def test_keys_as_tones_in_the_menu(scene: Scene, tmp_path: Path) -> None:
    """A caller without telephone-events is heard by ear."""
    tones = tmp_path / "tones.alaw"
    tones.write_bytes(keys("1"))
    record = scene.play(scene.line.menu, "sends-tones", tones=tones, talk=3000)
    answered(record)
    assert record.keys == "1"


def test_no_common_codec(scene: Scene) -> None:
    record = scene.play(scene.line.direct, "refused", called="", status=488, payloads="18")
    assert (record.outcome, record.status, record.q850) == (Outcome.FAILED, 488, 88)
    assert record.attempts == ()


def test_all_busy(scene: Scene) -> None:
    second = scene.stage.destination("refuses", scene.line.second, status=486)
    record = scene.play(
        scene.line.forwarded,
        "refused",
        called="refuses",
        status=486,
        reason=r"Reason: *Q.850 *; *cause=17",
    )
    second.ended()
    assert (record.outcome, record.status, record.q850) == (Outcome.BUSY, 486, 17)
    assert record.end_reason == "all destinations busy"
    told = [(a.destination, a.outcome, a.status) for a in record.attempts]
    assert told == [("first", "busy", 486), ("second", "busy", 486)]
    assert record.fee == 0


@pytest.mark.parametrize("status", [480, 408])
def test_a_destination_that_does_not_answer(scene: Scene, status: int) -> None:
    """The status is taken for no answer, and the next destination answers."""
    first = scene.stage.destination("refuses", scene.line.first, status=status)
    second = scene.stage.destination("talks", scene.line.second)
    scene.call(scene.line.forwarded, "talks")
    first.ended()
    second.ended()
    record = scene.node.record(scene.line.forwarded)
    assert record.outcome is Outcome.ANSWERED
    told = [(a.destination, a.outcome, a.status) for a in record.attempts]
    assert told == [("first", "no-answer", status), ("second", "answered", 200)]
    scene.node.quiet()


def test_the_caller_gives_up_while_it_rings(scene: Scene) -> None:
    record = scene.play(scene.line.direct, "cancels", called="rings")
    abandoned(record)
    assert [(a.outcome, a.status) for a in record.attempts] == [("cancelled", 0)]


def test_the_caller_gives_up_just_as_the_destination_answers(scene: Scene) -> None:
    """The destination's answer is acknowledged and hung up; nobody pays for it."""
    abandoned(scene.play(scene.line.direct, "cancels", called="crosses"))


def test_the_caller_gives_up_in_the_greeting(scene: Scene) -> None:
    record = scene.play(
        scene.line.greeted, "cancels", called="rings", ringing=183, talk=500
    )
    abandoned(record)
    assert record.early_media_at is not None


def test_the_caller_hangs_up_in_the_menu(scene: Scene) -> None:
    """A menu is answered: it is charged, although nobody was reached (§7)."""
    record = scene.play(scene.line.menu, "talks", called="", talk=700)
    assert (record.outcome, record.status) == (Outcome.ABANDONED, 200)
    assert record.attempts == ()
    assert record.fee == 400
    assert record.charge_basis.value == "answer"


def abandoned(record: CallRecord) -> None:
    """The record says that the caller went before anybody answered."""
    assert (record.outcome, record.status) == (Outcome.ABANDONED, 487)
    assert record.end_reason == "caller gave up"
    assert (record.answered_at, record.fee, record.destination) == (None, 0, "")


def test_options(scene: Scene) -> None:
    scene.call("4000000000", "asks")


def test_a_stranger_gets_403(node: Node, stage: Stage, line: Line) -> None:
    stage.caller("refused", HOST, STRANGER, line.direct, line.caller, status=403).ended()
    assert node.records(line.direct) == []
    node.quiet()


def test_an_unknown_number_gets_404_after_its_announcement(scene: Scene) -> None:
    record = scene.play(
        "4009999999",
        "refused",
        called="",
        status=404,
        reason=r"Reason: *Q.850 *; *cause=1[^0-9]",
    )
    refused(record, "number unknown", 404, 1)


def test_a_blacklisted_caller_gets_403_after_its_announcement(
    node: Node, stage: Stage, line: Line
) -> None:
    number, caller = "4008400003", "13800138000"
    stage.caller(
        "refused",
        *(HOST, line.address, number, caller),
        status=403,
        reason=r"Reason: *Q.850 *; *cause=21",
    ).ended()
    refused(node.record(number), "blacklist", 403, 21)
    node.quiet()


def refused(record: CallRecord, rule: str, status: int, q850: int) -> None:
    """The record says which rule refused, and that the caller was told why."""
    assert (record.outcome, record.end_reason) == (Outcome.REFUSED, rule)
    assert (record.status, record.q850) == (status, q850)
    assert (record.attempts, record.fee) == ((), 0)
    assert record.early_media_at is not None
    spoken = (record.ended_at - record.early_media_at).total_seconds()
    assert 2 < spoken < 15


def test_a_closed_port_fails_at_once(scene: Scene) -> None:
    record = scene.play("4008400001", "refused", called="", status=480)
    assert (record.outcome, record.status, record.q850) == (Outcome.FAILED, 480, 41)
    assert [a.outcome for a in record.attempts] == ["unreachable"]
    assert record.setup_ms < 1500


def test_a_name_that_does_not_resolve_fails_soon(scene: Scene) -> None:
    record = scene.play("4008400002", "refused", called="", status=480)
    assert (record.outcome, record.q850) == (Outcome.FAILED, 41)
    assert [a.outcome for a in record.attempts] == ["unreachable"]
    assert record.setup_ms < 5000
