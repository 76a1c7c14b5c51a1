"""Softphones that people use: baresip calls, linphone answers, and they talk."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from baresip import Account, Call, CallState, Config, Runtime, StackEvent, UserAgent

from b2bua.service.record import CallRecord, Outcome
from tests.architecture.sources import ROOT
from tests.support.linphone import Linphone
from tests.support.node import Node, until
from tests.support.tones import (
    Samples,
    linear,
    place_of,
    samples_of,
    seconds_of_tone,
    sine,
)
from tests.wire.numbers import HOST, SOFTPHONE

pytestmark = pytest.mark.wire

NUMBER = "4008400004"
CALLER = "02088889999"
CALLER_TONE, CALLED_TONE = 500.0, 700.0
PROMPTS = ROOT / "prompts" / "zh"


@pytest.fixture
def linphone(tmp_path: Path) -> Iterator[Linphone]:
    """The destination."""
    phone = Linphone(tmp_path, "02088886004", SOFTPHONE, CALLED_TONE)
    yield phone
    phone.stop()


@pytest.fixture
async def baresip() -> AsyncIterator[UserAgent]:
    """The caller."""
    runtime = Runtime()
    listening = "sip_listen 127.0.0.1:5085\nrtp_ports 23200-23300\n"
    await runtime.start(Config(net_interface="127.0.0.1", extra_config_text=listening))
    account = Account(
        user=CALLER,
        domain="127.0.0.1",
        password="",
        reg_interval=0,
        audio_codecs=("pcma",),
    )
    try:
        yield await UserAgent.create(runtime, account)
    finally:
        await runtime.close()


class Ear:
    """Speaks and listens in one call of baresip."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._heard = b""
        self._voice = sine(CALLER_TONE, 60.0)

    @property
    def heard(self) -> Samples:
        return linear(self._heard)

    async def until_tone(self, hertz: float, seconds: float, within: float) -> None:
        """Speak on until so many seconds of a tone were heard."""
        async with asyncio.timeout(within):
            while seconds_of_tone(self.heard, hertz) < seconds:
                await self.listen(0.2)

    async def listen(self, seconds: float) -> None:
        """Speak and listen for a while."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end and self._call.state is CallState.ESTABLISHED:
            taken = self._call.audio.write(self._voice[:1600])
            self._voice = self._voice[taken:]
            self._heard += self._call.audio.read(65_536)
            await asyncio.sleep(0.04)


async def talk(baresip: UserAgent) -> Call:
    """Call, hear greeting and menu, press 1, and hear the destination."""
    call = await baresip.dial(f"sip:{NUMBER}@{HOST}")
    await call.wait_established(20)
    ear = Ear(call)
    await ear.listen(8.5)
    for prompt in ("welcome", "menu"):
        assert place_of(samples_of(PROMPTS / f"{prompt}.wav"), ear.heard)[1] > 0.9
    assert seconds_of_tone(ear.heard, CALLED_TONE) == 0.0
    await call.send_dtmf("1")
    await ear.until_tone(CALLED_TONE, 2.0, 20.0)
    return call


def talked(record: CallRecord, why: str) -> None:
    """The record of a call in which both spoke."""
    assert (record.outcome, record.end_reason) == (Outcome.ANSWERED, why)
    assert (record.caller, record.keys, record.destination) == (CALLER, "1", "desk")
    assert all(one.packets_received > 50 for one in record.quality)
    assert {one.leg for one in record.quality} == {"caller", "desk"}


@pytest.fixture
def told(node: Node) -> Callable[[], CallRecord]:
    """The record of this test's call, once it is there."""
    before = {one.id for one in node.records(NUMBER)}

    def fresh() -> list[CallRecord]:
        return [one for one in node.records(NUMBER) if one.id not in before]

    def one() -> CallRecord:
        node.quiet()
        records = until(fresh, why="a record")
        assert len(records) == 1
        return records[0]

    return one


async def test_the_caller_hangs_up(
    baresip: UserAgent, linphone: Linphone, told: Callable[[], CallRecord]
) -> None:
    call = await talk(baresip)
    await call.hangup()
    talked(await asyncio.to_thread(told), "caller hung up")
    linphone.stop()
    assert seconds_of_tone(samples_of(linphone.recording), CALLER_TONE) > 1.5


async def test_the_destination_hangs_up(
    baresip: UserAgent, linphone: Linphone, told: Callable[[], CallRecord]
) -> None:
    call = await talk(baresip)
    closed = asyncio.Event()

    def watch(event: StackEvent) -> None:
        if call.state is CallState.CLOSED:
            closed.set()

    call.on(watch)
    linphone.hang_up()
    await asyncio.wait_for(closed.wait(), 10)
    talked(await asyncio.to_thread(told), "destination hung up")
