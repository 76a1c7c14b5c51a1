"""Programs of others around the node: a proxy, a probe, an attacker, a sloppy peer."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.phone import Heard, Phone
from tests.wire.numbers import BEYOND, HOST, PROXIED, PROXY, Line

pytestmark = pytest.mark.wire

NOBODY = "127.40.0.9"
ATTACKER = "127.40.9.60"


def needed(program: str) -> str:
    """Where a peer is; it comes with the Debian packages of the tests."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")
    assert found is not None, f"{program} is not installed: sh .ci/needs peers"
    return found


class Routed(Phone):
    """A phone that keeps to the route its dialog was given (RFC 3261 §12.2.1.1)."""

    route = ""

    def request(self, method: str, *, body: str = "", more: str = "") -> bytes:
        """A request, with Route once there is one."""
        route = f"Route: {Routed.route}\r\n" if Routed.route else ""
        return super().request(method, body=body, more=route + more)

    def expect(self, start: str, seconds: float = 10.0) -> Heard:
        """The next message of that kind; the answer to an INVITE names the route."""
        heard = super().expect(start, seconds)
        if start == "SIP/2.0 200" and heard.value("CSeq").endswith("INVITE"):
            Routed.route = ", ".join(reversed(heard.values("Record-Route")))
        return heard


class Proxied(Phone):
    """One whom a proxy calls: it keeps the route in its answers and its requests."""

    route = ""

    def take(self) -> Heard:
        invite = self.expect("INVITE", 20.0)
        self.call_id = invite.value("Call-ID")
        self.theirs = invite.value("From")
        self.ours = f"{invite.value('To')};tag=hand"
        self.target = invite.value("Contact").strip("<>").partition(">")[0]
        self.route = ", ".join(invite.values("Record-Route"))
        self.reply(invite, 200, body=self.description())
        self.expect("ACK")
        self.up = True
        self.audio.speak(invite.audio)
        return invite

    def request(self, method: str, *, body: str = "", more: str = "") -> bytes:
        route = f"Route: {self.route}\r\n" if self.route else ""
        return super().request(method, body=body, more=route + more)

    def send(self, data: bytes) -> None:
        if data.startswith(b"SIP/2.0 200") and b" INVITE\r\n" in data and self.route:
            head, found, rest = data.partition(b"\r\n")
            record = f"Record-Route: {self.route}\r\n".encode()
            data = head + found + record + rest
        super().send(data)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[None]:
    """Kamailio, which sends calls to a node that is not there and to ours."""
    nodes, config = tmp_path / "nodes", tmp_path / "kamailio.cfg"
    nodes.write_text(f"1 sip:{NOBODY}:5060 0 10\n1 sip:{HOST}:5060 0 5\n")
    text = Path(__file__).with_name("kamailio.cfg").read_text()
    text = text.replace("BEHIND", HOST).replace("BEYOND", BEYOND)
    config.write_text(text.replace("LISTEN", PROXY).replace("NODES", str(nodes)))
    command = [needed("kamailio"), "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4"]
    log = tmp_path / "kamailio.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*command, "-w", str(tmp_path), "-Y", str(tmp_path)],
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: _listens(PROXY), why=said_in(log))
        yield
    finally:
        running.terminate()
        running.wait(10)


def said_in(log: Path) -> str:
    """What a peer said so far."""
    return log.read_text(errors="replace")[-2000:]


def _listens(host: str) -> bool:
    """Whether a UDP port of ``host`` is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 5060))
        except OSError:
            return True
    return False


@pytest.mark.parametrize("who", ["caller", "called"])
@pytest.mark.usefixtures("proxy")
def test_a_proxy_in_front_that_records_its_route(node: Node, line: Line, who: str) -> None:
    Routed.route = ""
    with (
        Routed(line.address, PROXY, 500.0) as caller,
        Phone(line.first, HOST, 700.0) as called,
    ):
        caller.send(caller.invitation(line.direct, line.caller))
        called.take()
        answer = caller.answered()
        assert PROXY in answer.value("Record-Route")
        until(lambda: caller.audio.heard and called.audio.heard, why="speech both ways")
        if who == "caller":
            caller.hang_up()
            called.hear_the_end()
        else:
            called.hang_up()
            end = caller.expect("BYE")
            assert len(end.values("Via")) == 2
            caller.reply(end, 200)
            caller.up = False
    record = node.record(line.direct)
    assert record.outcome is Outcome.ANSWERED
    assert record.end_reason == (
        "caller hung up" if who == "caller" else "destination hung up"
    )
    node.quiet()


@pytest.mark.parametrize("who", ["caller", "called"])
@pytest.mark.usefixtures("proxy")
def test_both_legs_through_one_proxy_are_a_spiral_and_no_loop(
    node: Node, line: Line, who: str
) -> None:
    Routed.route = ""
    with (
        Routed(line.address, PROXY, 500.0) as caller,
        Proxied(BEYOND, PROXY, 700.0) as called,
    ):
        caller.send(caller.invitation(PROXIED, line.caller))
        invite = called.take()
        assert len(invite.values("Via")) == 2
        assert int(invite.value("Max-Forwards")) < 69
        assert PROXY in invite.value("Record-Route")
        caller.answered()
        until(lambda: caller.audio.heard and called.audio.heard, why="speech both ways")
        if who == "caller":
            caller.hang_up()
            called.hear_the_end()
        else:
            called.hang_up()
            end = caller.expect("BYE")
            caller.reply(end, 200)
            caller.up = False
    (record,) = until(
        lambda: [one for one in node.records(PROXIED) if one.caller == line.caller],
        why="a record",
    )
    assert record.outcome is Outcome.ANSWERED
    assert record.end_reason == (
        "caller hung up" if who == "caller" else "destination hung up"
    )
    node.quiet()


@pytest.mark.usefixtures("proxy")
def test_a_call_is_cancelled_through_a_proxy(node: Node, line: Line) -> None:
    Routed.route = ""
    with (
        Routed(line.address, PROXY, 500.0) as caller,
        Phone(line.first, HOST, 700.0) as called,
    ):
        invite = caller.invitation(line.direct, line.caller)
        caller.send(invite)
        ringing = called.expect("INVITE")
        called.theirs, called.ours = ringing.value("From"), ringing.value("To")
        called.reply(ringing, 180)
        caller.expect("SIP/2.0 180")
        cancel = invite.partition(b"\r\n\r\n")[0].replace(b"INVITE", b"CANCEL")
        head = cancel.partition(b"Content-Type")[0] + b"Content-Length: 0\r\n\r\n"
        caller.send(head)
        caller.expect("SIP/2.0 487")
        called.reply(called.expect("CANCEL"), 200)
        called.reply(ringing, 487)
    assert node.record(line.direct).end_reason == "caller gave up"
    node.quiet()


def test_sipsak_asks_and_trashes(node: Node) -> None:
    sipsak = [needed("sipsak"), "-s", f"sip:4008400004@{HOST}:5060"]
    asked = subprocess.run([*sipsak, "-v"], capture_output=True, check=False, timeout=20)
    assert asked.returncode == 0, asked.stdout
    trashed = subprocess.run(
        [*sipsak, "-R", "-n", "-a", "200"], capture_output=True, check=False, timeout=30
    )
    assert trashed.returncode in (0, 1, 2, 3), trashed.stdout
    asked = subprocess.run([*sipsak, "-v"], capture_output=True, check=False, timeout=20)
    assert asked.returncode == 0, asked.stdout
    assert node.faults() == []


@pytest.mark.parametrize(
    "attack",
    [
        ["svmap", "-b", ATTACKER, "-p", "5060", HOST],
        ["svwar", "-b", ATTACKER, "-e", "100-400", "--force", HOST],
        ["svcrack", "-b", ATTACKER, "-u", "100", "-r", "1-300", HOST],
    ],
    ids=lambda command: command[0],
)
def test_sipvicious_finds_nothing_and_calls_go_on(
    node: Node, line: Line, attack: list[str], tmp_path: Path
) -> None:
    program, *arguments = attack
    with subprocess.Popen(
        [needed(program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    ) as attacking:
        try:
            with (
                Phone(line.address, HOST, 500.0) as caller,
                Phone(line.first, HOST, 700.0) as called,
            ):
                caller.send(caller.invitation(line.direct, line.caller))
                called.take()
                caller.answered()
                until(lambda: caller.audio.heard and called.audio.heard, why="speech")
                caller.hang_up()
                called.hear_the_end()
            told, _ = attacking.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            attacking.kill()
            told, _ = attacking.communicate()
    assert "The password for" not in told, told
    assert "reqauth" not in told, told
    assert node.record(line.direct).outcome is Outcome.ANSWERED
    assert node.faults() == []


def test_a_sloppy_peer_costs_nobody_else_anything(node: Node, line: Line) -> None:
    """One branch for all, no ACK of a refusal, an ACK of a BYE: what some stacks do."""
    with (
        Phone(line.address, HOST, 500.0) as caller,
        Phone(line.first, HOST, 700.0) as called,
    ):
        branch = b"z9hG4bKalways"

        def same(data: bytes) -> bytes:
            head, _, rest = data.partition(b"branch=")
            return head + b"branch=" + branch + b";" + rest.partition(b";")[2]

        caller.send(same(caller.invitation("4009999999", line.caller)))
        caller.expect("SIP/2.0 404", 20)
        caller.call_id += "-2"
        caller.sequence = 0
        caller.send(caller.invitation(line.direct, line.caller))
        called.take()
        caller.answered()
        caller.hang_up()
        caller.send(caller.request("ACK"))
        called.hear_the_end()
    assert node.record(line.direct).outcome is Outcome.ANSWERED
    node.quiet()
    assert node.faults() == []


def test_aiosip_is_borne_with(node: Node, line: Line) -> None:
    """It takes 183 for the answer, acknowledges no refusal, and counts CSeq by method."""
    command = [sys.executable, "-m", "tests.support.sloppy", line.address, HOST]
    refused = subprocess.run(
        [*command, "4009999999", line.caller],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.stdout.split() == ["INVITE", "183"], refused.stderr
    with (
        Phone(line.first, HOST, 700.0) as called,
        subprocess.Popen(
            [*command, line.direct, line.caller],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as calling,
    ):
        called.take()
        called.hear_the_end()
        told, complaint = calling.communicate(timeout=20)
    assert told.split() == ["INVITE", "200", "BYE", "200"], complaint
    assert node.record(line.direct).end_reason == "caller hung up"
    assert node.faults() == []
