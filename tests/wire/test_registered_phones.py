"""Phones that register with us: one is a destination, the other calls to try the number."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from baresip import Account, Config, Runtime, UserAgent
from baresip.errors import AudioRestarted, TransferFailed

from b2bua.service.record import Outcome
from tests.support.browser import Browser, SealedBrowser
from tests.support.linphone import Linphone, Registration
from tests.support.node import Node, until
from tests.wire.test_softphones import CALLED_TONE, Ear

pytestmark = pytest.mark.wire

HOST = "127.40.0.7"
NUMBER = "4008400084"
PASSWORD = "correct horse"
SETTINGS = f"""
[sip]
listen = ["udp:{HOST}:5060", "ws:{HOST}:8080", "wss:{HOST}:8443"]
[media]
ports = "24000-24099"
silence_after = 5.0
[phones]
from = ["127.0.0.0/24"]
"""
PLAN = f"""
number: "{NUMBER}"
destinations:
  desk: {{number: "802", trunk: phones, ring: 20}}
routes:
  - {{name: all, to: desk}}
"""
FOREIGN = "4008400085"
PAGES = "4008400086"
FOREIGN_PLAN = PLAN.replace(NUMBER, FOREIGN)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node where two phones may register."""
    node = Node(tmp_path_factory.mktemp("phones"), HOST, SETTINGS)
    (node.seed / "desk.yaml").write_text(PLAN)
    pages = PLAN.replace(NUMBER, PAGES).replace('"802"', '"803"')
    (node.seed / "pages.yaml").write_text(pages)
    try:
        node.start()
        assert phone(node, "add", "801", "--stdin").returncode == 0
        assert phone(node, "add", "803", "--stdin").returncode == 0
        added = phone(node, "add", "802", "--stdin", "--number", NUMBER)
        assert added.returncode == 0, added.stderr
        yield node
    finally:
        node.stop()


def phone(node: Node, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """``b2bua phone`` on this node's settings."""
    return command(node, "phone", *arguments)


def command(node: Node, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command on this node's settings."""
    return subprocess.run(
        [sys.executable, "-m", "b2bua", *arguments, "--config", str(node.config)],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        env={**os.environ, "B2BUA_DATA_DIR": str(node.data_dir)},
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def desk(serving: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linphone]:
    """Extension 802, which answers by itself."""
    registration = Registration(HOST, PASSWORD)
    directory = tmp_path_factory.mktemp("linphone")
    linphone = Linphone(directory, "802", 5087, CALLED_TONE, registration)
    try:
        until(
            lambda: serving.metric("b2bua_phones") == 1,
            why=f"linphone registers: {linphone.story()}",
        )
        yield linphone
    finally:
        linphone.stop()


async def call_the_number(number: str = NUMBER, *, at_length: bool = False) -> None:
    """Register as 801, call, and hear the desk; hold and resume it, and try to transfer."""
    runtime = Runtime()
    listening = "sip_listen 127.0.0.1:5088\nrtp_ports 23400-23500\n"
    await runtime.start(Config(net_interface="127.0.0.1", extra_config_text=listening))
    account = Account(
        user="801", domain=HOST, password=PASSWORD, reg_interval=60, audio_codecs=("pcma",)
    )
    try:
        agent = await UserAgent.create(runtime, account)
        await agent.register()
        call = await agent.dial(f"sip:{number}@{HOST}")
        await call.wait_established(20)
        await Ear(call).until_tone(CALLED_TONE, 1.0, 15.0)
        if at_length:
            await call.hold()
            await asyncio.sleep(1)
            await call.resume()
            with pytest.raises(TransferFailed, match="405 Method Not Allowed"):
                await call.transfer(f"sip:900@{HOST}")
            with suppress(AudioRestarted):
                await Ear(call).listen(0.2)
            await Ear(call).until_tone(CALLED_TONE, 1.0, 15.0)
        await call.hangup()
        await agent.unregister()
    finally:
        await runtime.close()


def talked(node: Node, calls: int) -> None:
    node.quiet()
    records = until(
        lambda: found if len(found := node.records(NUMBER)) == calls else [], why="a record"
    )
    last = records[0]
    assert (last.outcome, last.destination) == (Outcome.ANSWERED, "desk")
    assert (last.caller, last.trunk) == ("801", "phones")


async def test_a_registered_phone_reaches_another_by_the_number(
    serving: Node, desk: Linphone
) -> None:
    await call_the_number(at_length=True)
    await asyncio.to_thread(talked, serving, 1)


async def test_a_page_rings_and_stops_when_another_answers(
    serving: Node, desk: Linphone
) -> None:
    with Browser("127.0.0.77", HOST, 300.0) as page:
        assert ".invalid;transport=ws" in page.register("802", PASSWORD).value("Contact")
        await call_the_number()
        ringing = page.expect("INVITE")
        assert ringing.start.endswith("@df7jal23ls0d.invalid;transport=ws SIP/2.0")
        page.reply(ringing, 180)
        cancel = page.expect("CANCEL")
        assert "completed elsewhere" in cancel.value("Reason")
        page.reply(cancel, 200)
        page.reply(ringing, 487)
        page.expect("ACK")
    await asyncio.to_thread(talked, serving, 2)


async def test_a_page_that_came_by_https_takes_a_call(serving: Node) -> None:
    with SealedBrowser("127.0.0.78", HOST, CALLED_TONE) as page:
        page.register("803", PASSWORD)
        calling = asyncio.create_task(call_the_number(PAGES))
        invite = await asyncio.to_thread(page.take)
        assert "SIP/2.0/WSS" in invite.value("Via")
        await calling
        await asyncio.to_thread(page.hear_the_end)


async def test_a_new_control_knows_where_the_phones_are(
    serving: Node, desk: Linphone
) -> None:
    died = serving.control()
    os.kill(died, signal.SIGKILL)
    await asyncio.to_thread(
        until, lambda: serving.control() != died and serving.ready(), 20.0
    )
    known = partial(until, lambda: serving.metric("b2bua_phones") >= 1)
    await asyncio.to_thread(known, 5.0, why="the desk is known before it registers again")
    await call_the_number()
    await asyncio.to_thread(talked, serving, 3)


def test_a_phone_of_another_number_is_neither_named_nor_rung(
    serving: Node, desk: Linphone, tmp_path: Path
) -> None:
    plan = tmp_path / "foreign.yaml"
    plan.write_text(FOREIGN_PLAN)
    refused = command(serving, "apply", str(plan))
    assert refused.returncode == 1
    assert "802 is no phone of this number" in refused.stderr
    assert phone(serving, "give", "802", FOREIGN).returncode == 0
    assert command(serving, "apply", str(plan)).returncode == 0
    assert phone(serving, "give", "802", NUMBER).returncode == 0
    asked = command(serving, "explain", FOREIGN, "--from", "13800138000").stdout
    assert "it is no phone of this number" in asked
    asked = command(serving, "explain", NUMBER, "--from", "13800138000").stdout
    assert "it is no phone of this number" not in asked


def test_an_account_that_is_removed_registers_no_more(
    serving: Node, desk: Linphone
) -> None:
    assert f"802      {NUMBER}" in phone(serving, "list").stdout
    assert phone(serving, "remove", "802").returncode == 0
    until(lambda: serving.metric("b2bua_phones") == 0, why="802 is forgotten")
    assert phone(serving, "remove", "802").returncode == 1
    trunks = serving.run("trunks")
    assert "no node has told of a trunk yet" in trunks.stdout
    assert serving.faults() == []
