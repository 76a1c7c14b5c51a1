"""What is counted."""

from b2bua.observe.metrics import MOST_REASONS, Metrics, post_dial_delay
from tests.observe.records import LADDER, record


def test_a_call_is_counted_by_its_outcome() -> None:
    metrics = Metrics()
    metrics.ended(record())
    text = metrics.text().decode()
    assert 'b2bua_calls_total{outcome="answered"} 1.0' in text
    assert "b2bua_talk_seconds_sum 4.0" in text
    assert "b2bua_post_dial_delay_seconds_sum 0.09" in text


def test_the_delay_ends_when_the_caller_hears_of_it() -> None:
    assert post_dial_delay(record()) == 0.09
    assert post_dial_delay(record(LADDER[:-1])) is None


def test_a_call_nobody_talked_in_has_no_talk_time() -> None:
    metrics = Metrics()
    metrics.ended(record(talk_ms=0))
    assert "b2bua_talk_seconds_count 0.0" in metrics.text().decode()


def test_reasons_are_bounded() -> None:
    metrics = Metrics()
    for index in range(MOST_REASONS + 5):
        metrics.dropped(f"reason {index}")
    metrics.dropped("reason 0")
    text = metrics.text().decode()
    assert 'reason="other"} 5.0' in text
    assert 'reason="reason 0"} 2.0' in text


def test_a_figure_is_asked_for_when_it_is_read() -> None:
    metrics = Metrics()
    values = iter((1.0, 2.0))
    metrics.watch("things", "Things", lambda: next(values))
    assert "b2bua_things 1.0" in metrics.text().decode()
    assert "b2bua_things 2.0" in metrics.text().decode()


def test_messages_faults_and_lag() -> None:
    metrics = Metrics()
    metrics.received()
    metrics.sent()
    metrics.fault("call")
    metrics.lagged(0.3)
    text = metrics.text().decode()
    assert 'b2bua_sip_messages_total{direction="received"} 1.0' in text
    assert 'b2bua_sip_messages_total{direction="sent"} 1.0' in text
    assert 'b2bua_faults_total{place="call"} 1.0' in text
    assert 'b2bua_loop_lag_seconds_bucket{le="0.25"} 0.0' in text
