"""A whole node between SIPp peers: calls, crashes, restarts."""

import os
import signal
from typing import Any

import pytest

from tests.app.conftest import Peers, Serving, until

pytestmark = pytest.mark.wire


def new_record(serving: Serving, before: set[str]) -> dict[str, Any]:
    """The one record that was not there ``before``."""
    until(lambda: {call["id"] for call in serving.calls()} - before)
    fresh = [call for call in serving.calls() if call["id"] not in before]
    assert len(fresh) == 1
    return fresh[0]


def known(serving: Serving) -> set[str]:
    return {call["id"] for call in serving.calls()}


def talking(serving: Serving) -> dict[str, Any]:
    """The call that is up, once its destination has answered."""

    def answered() -> list[dict[str, Any]]:
        return [call for call in serving.live() if call["state"] == "talking"]

    return dict(until(answered)[0])


def nobody_is_left(serving: Serving) -> None:
    until(lambda: not serving.live())
    assert "b2bua_live_calls 0.0" in serving.metrics()


def test_a_call_is_carried_and_recorded(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_hangs_up", talk=300)
    caller.ended()
    far.ended()
    record = new_record(serving, before)
    assert record["outcome"] == "answered"
    assert (record["number"], record["caller"]) == ("4006007771", "02088881234")
    assert (record["area"], record["destination"]) == ("020", "first")
    assert record["end_reason"] == "caller hung up"
    assert record["fee"] == "0.40"
    assert 0 < record["talk_ms"] <= record["charged_ms"]
    nobody_is_left(serving)
    assert 'b2bua_calls_total{outcome="answered"}' in serving.metrics()


def test_a_call_over_tcp(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    peers.caller("caller_hangs_up", "4006007771", 100, "-t", "t1").ended()
    far.ended()
    assert new_record(serving, before)["outcome"] == "answered"


def test_a_busy_destination_forwards(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    busy = peers.destination("destination_busy")
    free = peers.destination("destination_waits", "127.0.72.2")
    peers.caller("caller_hangs_up", talk=100).ended()
    busy.ended()
    free.ended()
    record = new_record(serving, before)
    assert record["destination"] == "second"
    told = [(one["destination"], one["status"]) for one in record["attempts"]]
    assert told == [("first", 486), ("second", 200)]


def test_an_operator_ends_a_call(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_waits")
    call = talking(serving)
    assert call["destination"] == "first"
    assert "ended" in serving.command("live", "--hangup", call["id"])
    caller.ended()
    far.ended()
    assert new_record(serving, before)["end_reason"] == "operator"
    assert serving.command("live", "--hangup", call["id"], status=1)


@pytest.mark.parametrize(
    ("near", "far", "why"),
    [
        ("caller_hangs_up", "destination_waits", "caller hung up"),
        ("caller_waits", "destination_hangs_up", "destination hung up"),
    ],
)
def test_a_call_survives_the_death_of_control(
    serving: Serving, peers: Peers, near: str, far: str, why: str
) -> None:
    before = known(serving)
    destination = peers.destination(far, talk=6000)
    caller = peers.caller(near, talk=6000)
    talking(serving)
    died = serving.control()
    os.kill(died, signal.SIGKILL)
    until(lambda: serving.control() != died and serving.ready())
    caller.ended()
    destination.ended()
    record = new_record(serving, before)
    assert record["outcome"] == "answered"
    assert record["end_reason"] == why
    assert record["talk_ms"] > 5000
    nobody_is_left(serving)


def test_the_death_of_media_ends_its_calls_on_both_sides(
    serving: Serving, peers: Peers
) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_waits")
    talking(serving)
    os.kill(serving.media(), signal.SIGKILL)
    caller.ended()
    far.ended()
    record = new_record(serving, before)
    assert record["end_reason"] == "media_lost"
    until(serving.ready)
    test_a_call_is_carried_and_recorded(serving, peers)


def test_a_plan_that_is_applied_serves_the_next_call(
    serving: Serving, peers: Peers
) -> None:
    plan = serving.directory / "two.yaml"
    text = (serving.seed / "one.yaml").read_text().replace("4006007771", "4006007772")
    plan.write_text(text)
    assert "4006007772: new, version 1" in serving.command("apply", str(plan))
    until(
        lambda: any(
            event["event"] == "plans renewed" and event["numbers"] == 2
            for event in serving.events()
        )
    )
    before = known(serving)
    far = peers.destination("destination_waits")
    peers.caller("caller_hangs_up", "4006007772", 100).ended()
    far.ended()
    assert new_record(serving, before)["number"] == "4006007772"


def test_a_second_serve_is_refused(serving: Serving) -> None:
    said = serving.command("serve", status=1)
    assert f"process {serving.process.pid}" in said


def test_reload_takes_other_trunks_and_refuses_wrong_ones(
    serving: Serving, peers: Peers
) -> None:
    good = serving.config.read_text()
    try:
        serving.config.write_text(good.replace("127.0.72.1:5080", "127.0.72.3:5080"))
        serving.process.send_signal(signal.SIGHUP)
        until(lambda: any(event["event"] == "reloaded" for event in serving.events()))
        far = peers.destination("destination_waits", "127.0.72.3")
        peers.caller("caller_hangs_up", talk=100).ended()
        far.ended()
        serving.config.write_text(good + "\n[sip]\n")
        serving.process.send_signal(signal.SIGHUP)
        until(lambda: any(event["event"] == "not reloaded" for event in serving.events()))
    finally:
        serving.config.write_text(good)
        serving.process.send_signal(signal.SIGHUP)


def test_a_supervisor_that_dies_costs_nothing(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_hangs_up", talk=5000)
    talking(serving)
    control, media = serving.control(), serving.media()
    serving.process.kill()
    serving.process.wait()
    serving.start()
    assert (serving.control(), serving.media()) == (control, media)
    caller.ended()
    far.ended()
    assert new_record(serving, before)["outcome"] == "answered"


def test_draining_refuses_new_calls_and_waits_for_the_last(
    serving: Serving, peers: Peers
) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_hangs_up", talk=4000)
    talking(serving)
    serving.process.send_signal(signal.SIGTERM)
    until(lambda: serving.http("readyz") == 503)
    assert serving.http("healthz") == 200
    refused = peers.caller("caller_hangs_up", "4006007771", 100, "-p", "5071")
    refused.ended(1)
    assert "503" in refused.log.read_text(errors="replace")
    caller.ended()
    far.ended()
    assert serving.process.wait(20) == 0
    # The commands work with nothing running, too.
    assert new_record(serving, before)["outcome"] == "answered"
    serving.start()


def test_a_second_signal_ends_the_calls(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_waits")
    talking(serving)
    serving.process.send_signal(signal.SIGTERM)
    until(lambda: serving.http("readyz") == 503)
    serving.process.send_signal(signal.SIGTERM)
    caller.ended()
    far.ended()
    assert serving.process.wait(20) == 0
    assert new_record(serving, before)["end_reason"] == "shutdown"
    serving.start()


def test_the_death_of_postgresql_loses_no_record(serving: Serving, peers: Peers) -> None:
    before = known(serving)
    far = peers.destination("destination_waits")
    caller = peers.caller("caller_hangs_up", talk=6000)
    talking(serving)
    pidfile = serving.data_dir / "postgres" / "data" / "postmaster.pid"
    os.kill(int(pidfile.read_text().split("\n")[0]), signal.SIGKILL)
    caller.ended()
    far.ended()
    assert new_record(serving, before)["outcome"] == "answered"
