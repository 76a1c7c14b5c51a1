"""Rates hold, sources do not disturb each other, and memory has a bound."""

from hypothesis import given
from hypothesis import strategies as st

from b2bua.sip.transport.admission import (
    Admission,
    AdmissionSettings,
    Ban,
    Bans,
    Limiter,
    Rate,
    Verdict,
    source_of,
)

A, B = "127.0.0.1", "127.0.0.2"


def test_a_burst_passes_and_then_the_rate() -> None:
    limiter: Limiter[str] = Limiter(Rate(2.0, 3), 10)
    assert [limiter.take(A, 0.0) for _ in range(5)] == [True] * 3 + [False] * 2
    assert not limiter.take(A, 0.49)
    assert limiter.take(A, 0.5)
    assert not limiter.take(A, 0.6)
    assert [limiter.take(A, 100.0) for _ in range(4)] == [True] * 3 + [False]


def test_one_source_does_not_spend_what_another_has() -> None:
    limiter: Limiter[str] = Limiter(Rate(1.0, 1), 10)
    assert limiter.take(A, 0.0)
    assert limiter.take(B, 0.0)
    assert not limiter.take(A, 0.0)


@given(st.lists(st.floats(0, 2), max_size=200), st.integers(1, 5), st.integers(1, 5))
def test_no_pattern_gets_more_than_the_rate(
    waits: list[float], rate: int, burst: int
) -> None:
    limiter: Limiter[str] = Limiter(Rate(float(rate), burst), 10)
    now = 0.0
    taken = 0
    for wait in waits:
        now += wait
        taken += limiter.take(A, now)
    assert taken <= burst + rate * now + 1e-6


def test_memory_is_bounded_and_the_quiet_are_forgotten_first() -> None:
    limiter: Limiter[int] = Limiter(Rate(0.001, 1), 100)
    assert all(limiter.take(source, 0.0) for source in range(1000))
    assert len(limiter) == 100
    assert not limiter.take(999, 0.0)
    assert limiter.take(0, 0.0)


def test_who_keeps_coming_is_not_forgotten() -> None:
    limiter: Limiter[int] = Limiter(Rate(0.001, 2), 2)
    for source in (1, 2, 1, 3):
        assert limiter.take(source, 0.0)
    assert not limiter.take(1, 0.0)


def test_too_many_calls_are_refused_and_then_ignored() -> None:
    admission = Admission(
        AdmissionSettings(source_calls=Rate(1.0, 2), refusals=Rate(1.0, 1))
    )
    assert [admission.admit_call(A, 0.0) for _ in range(4)] == [
        Verdict.ADMITTED,
        Verdict.ADMITTED,
        Verdict.REFUSED,
        Verdict.IGNORED,
    ]
    assert admission.admit_call(B, 0.0) is Verdict.ADMITTED
    assert admission.admit_call(A, 1.0) is Verdict.ADMITTED


def test_a_flood_from_one_source_leaves_the_others_their_share() -> None:
    admission = Admission(AdmissionSettings(source_calls=Rate(1.0, 1), calls=Rate(1.0, 2)))
    for _ in range(100):
        admission.admit_call(A, 0.0)
    assert admission.admit_call(B, 0.0) is Verdict.ADMITTED


def test_the_whole_has_a_limit() -> None:
    admission = Admission(AdmissionSettings(calls=Rate(1.0, 3)))
    verdicts = [admission.admit_call(f"127.0.1.{n}", 0.0) for n in range(5)]
    assert verdicts == [Verdict.ADMITTED] * 3 + [Verdict.REFUSED] * 2


def test_messages_are_counted_apart_from_calls() -> None:
    admission = Admission(AdmissionSettings(messages=Rate(1.0, 1)))
    assert admission.admits_message(A, 0.0)
    assert not admission.admits_message(A, 0.0)
    assert admission.admit_call(A, 0.0) is Verdict.ADMITTED


def test_who_goes_on_is_banned_and_heard_again_in_time() -> None:
    bans = Bans(Rate(0.5, 3), 60.0, 10)
    assert [bans.offended(A, 0.0) for _ in range(4)] == [False] * 3 + [True]
    assert bans.holds(A, 59.9)
    assert not bans.holds(B, 0.0)
    assert bans.listed(10.0) == (Ban(A, 50.0),)
    assert not bans.holds(A, 60.0)
    assert bans.listed(60.0) == ()
    assert len(bans) == 0
    assert not bans.offended(A, 60.0)


def test_who_seldom_errs_is_never_banned() -> None:
    bans = Bans(Rate(0.5, 3), 60.0, 10)
    assert not any(bans.offended(A, 2.0 * number) for number in range(100))


def test_a_ban_that_is_lifted_is_as_if_nothing_had_been() -> None:
    bans = Bans(Rate(0.5, 1), 60.0, 10)
    assert [bans.offended(A, 0.0) for _ in range(2)] == [False, True]
    assert bans.lift(A)
    assert not bans.lift(A)
    assert not bans.holds(A, 0.0)
    assert not bans.offended(A, 0.0)


def test_bans_have_a_bound_and_the_oldest_goes_first() -> None:
    bans = Bans(Rate(0.5, 1), 60.0, 10)
    for number in range(100):
        for _ in range(2):
            bans.offended(f"192.0.2.{number}", 0.0)
    assert len(bans) == 10
    assert bans.holds("192.0.2.99", 1.0)
    assert not bans.holds("192.0.2.0", 1.0)


def test_a_sender_is_a_host_or_the_least_network_that_it_has() -> None:
    assert source_of("192.0.2.1") == "192.0.2.1"
    assert source_of("2001:db8:1:2:3:4:5:6") == source_of("2001:db8:1:2::9")
    assert source_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert source_of("2001:db8:1:3::9") != source_of("2001:db8:1:2::9")
    assert source_of("fe80::1%eth0") == "fe80::/64"
    assert source_of("::ffff:192.0.2.1") == "192.0.2.1"


def test_under_pressure_who_calls_most_is_refused_first() -> None:
    admission = Admission(
        AdmissionSettings(
            source_calls=Rate(100.0, 100),
            pressed_source_calls=Rate(2.0, 4),
            refusals=Rate(1.0, 1000),
        )
    )
    assert [admission.admit_call(A, 0.0) for _ in range(50)] == [Verdict.ADMITTED] * 50
    admission.pressed = True
    assert admission.admit_call(A, 0.1) is Verdict.REFUSED
    assert admission.admit_call(B, 0.1) is Verdict.ADMITTED
    assert [admission.admit_call(A, 1.0) for _ in range(4)].count(Verdict.ADMITTED) == 2
    admission.pressed = False
    assert admission.admit_call(A, 1.0) is Verdict.ADMITTED


def test_under_pressure_all_together_are_fewer() -> None:
    admission = Admission(AdmissionSettings(pressed_calls=Rate(5.0, 5)))
    admission.pressed = True
    verdicts = [admission.admit_call(f"127.0.1.{number}", 0.0) for number in range(20)]
    assert verdicts.count(Verdict.ADMITTED) == 5
