"""Tries come back with time, and each pair of account and address has its own."""

import asyncio

import pytest

from b2bua.web import throttle
from b2bua.web.throttle import (
    REFILL_SECONDS,
    TRIES,
    Crowded,
    Regulars,
    Throttle,
    Turnstile,
    origin,
)

PAIR = ("4006001234", "192.0.2.1")


def test_tries_run_out_and_come_back() -> None:
    limits = Throttle()
    for _ in range(TRIES):
        assert limits.wait(PAIR, 0.0) == 0.0
        limits.begin(PAIR, 0.0)
    assert limits.wait(PAIR, 0.0) == REFILL_SECONDS
    assert limits.wait(PAIR, REFILL_SECONDS / 2) == REFILL_SECONDS / 2
    assert limits.wait(PAIR, REFILL_SECONDS) == 0.0
    assert limits.wait(("4006001234", "192.0.2.2"), 0.0) == 0.0
    assert limits.wait(("4006009999", "192.0.2.1"), 0.0) == 0.0


def test_the_password_clears_what_counted() -> None:
    limits = Throttle()
    for _ in range(TRIES):
        limits.begin(PAIR, 0.0)
    assert limits.wrong(PAIR, 0.0) == TRIES
    limits.right(PAIR)
    assert limits.wrong(PAIR, 0.0) == 0
    assert limits.wait(PAIR, 0.0) == 0.0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_PAIRS", 3)
    limits = Throttle()
    for n in range(5):
        limits.begin(("4006001234", f"192.0.2.{n}"), float(n))
    known = [n for n in range(5) if limits.wrong(("4006001234", f"192.0.2.{n}"), 5.0)]
    assert known == [2, 3, 4]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_one_address_may_have_many_forms(address: str, counted: str) -> None:
    assert origin(address) == counted


async def test_who_has_guessed_wrong_waits_behind_who_has_not() -> None:
    turnstile = Turnstile()
    let_go = asyncio.Event()
    passed: list[int] = []

    async def come(wrong: int) -> None:
        async with turnstile.turn(wrong):
            passed.append(wrong)
            await let_go.wait()

    held = [asyncio.create_task(come(9)) for _ in range(throttle.AT_ONCE)]
    await asyncio.sleep(0)
    queue = [asyncio.create_task(come(wrong)) for wrong in (3, 1, 0, 2)]
    await asyncio.sleep(0)
    queue[1].cancel()
    let_go.set()
    await asyncio.gather(*held, queue[0], queue[2], queue[3])
    assert passed == [9, 9, 0, 2, 3]


async def test_a_crowd_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_WAITING", 0)
    turnstile = Turnstile()
    async with turnstile.turn(0), turnstile.turn(0):
        with pytest.raises(Crowded):
            async with turnstile.turn(1):
                pass
    async with turnstile.turn(1):
        pass


async def test_who_comes_after_a_crowd_does_not_wait_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "MOST_WAITING", 3)
    turnstile = Turnstile()
    let_go = asyncio.Event()
    passed: list[str] = []

    async def come(name: str) -> None:
        try:
            async with turnstile.turn(0):
                passed.append(name)
                await let_go.wait()
        except Crowded:
            passed.append(f"{name} sent away")

    names = [*(f"guesser {n}" for n in range(6)), "owner"]
    crowd = []
    for name in names:
        crowd.append(asyncio.create_task(come(name)))
        await asyncio.sleep(0)
    let_go.set()
    await asyncio.gather(*crowd)
    assert passed.index("owner") < passed.index("guesser 5")
    assert {"guesser 2 sent away", "guesser 3 sent away"} <= set(passed)


async def test_a_place_rests_after_a_stranger_but_not_for_who_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "SOME_WAITING", 1)
    turnstile = Turnstile(pause=3600.0)
    passed: list[int] = []

    async def come(rank: int) -> None:
        async with turnstile.turn(rank):
            passed.append(rank)
            await asyncio.sleep(0)

    crowd = [asyncio.create_task(come(0)) for _ in range(throttle.AT_ONCE + 3)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert passed == [0] * throttle.AT_ONCE, "their places rest"
    await come(-1)
    assert passed[-1] == -1
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_who_waits_too_long_is_sent_away() -> None:
    turnstile = Turnstile(longest=0.01)
    async with turnstile.turn(0), turnstile.turn(0):
        with pytest.raises(Crowded):
            async with turnstile.turn(-1):
                pass
    async with turnstile.turn(0), turnstile.turn(0):
        pass


def test_regulars_are_remembered_up_to_a_bound() -> None:
    regulars = Regulars(most=4)
    regulars.add(("4006001234 owner", "192.0.2.1"))
    assert ("", "192.0.2.1") in regulars
    for n in range(2, 4):
        regulars.add(("4006001234 owner", f"192.0.2.{n}"))
    assert ("4006001234 owner", "192.0.2.1") not in regulars
