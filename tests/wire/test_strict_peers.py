"""A caller and a destination as an IMS core has them: strict, and with much to say."""

import pytest

from b2bua.service.record import Outcome
from tests.support.node import Node, until
from tests.support.phone import Heard, Phone
from tests.support.tones import seconds_of_tone
from tests.wire.numbers import HOST, Line

pytestmark = pytest.mark.wire

ASKS = (
    "Require: 100rel\r\nSupported: timer\r\nSession-Expires: 90\r\n"
    "P-Early-Media: supported\r\n"
)
VIDEO = "m=video 40002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n"


def seen(phone: Phone, version: int = 1, direction: str = "sendrecv") -> str:
    """A description with video first, and audio behind it."""
    head, audio = phone.description(version=version).split("m=audio", 1)
    return f"{head}{VIDEO}m=audio{audio}a={direction}\r\n"


def streams(heard: Heard) -> list[str]:
    """The kind and port of every stream: 0, or another."""
    lines = [line[2:].split() for line in heard.body.split("\r\n") if line[:2] == "m="]
    return [f"{kind} {'on' if port != '0' else 0}" for kind, port, *_ in lines]


def test_every_word_of_a_strict_caller_is_heeded(node: Node, line: Line) -> None:
    """A reliable greeting that may be heard, a hold in its place, a bad Reason."""
    with Phone(line.address, HOST, 500.0) as caller, Phone(line.first, HOST, 700.0) as desk:
        invitation = caller.invitation(line.greeted, line.caller).decode()
        head, _, _ = invitation.partition("Content-Type")
        body = seen(caller)
        kind = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
        caller.send(f"{head}{ASKS}{kind}{body}".encode())

        greeting = caller.expect("SIP/2.0 183")
        assert greeting.value("Require") == "100rel"
        assert greeting.value("P-Early-Media") == "sendonly"
        assert streams(greeting) == ["video 0", "audio on"]
        caller.theirs = greeting.value("To")
        caller.target = greeting.value("Contact").strip("<>")
        rack = f"RAck: {greeting.value('RSeq')} 1 INVITE\r\n"
        caller.send(caller.request("PRACK", more=rack))
        assert caller.expect("SIP/2.0 200").value("CSeq") == "2 PRACK"
        until(lambda: len(caller.audio.heard) > 20, why="the greeting")

        desk.take()
        answer = caller.expect("SIP/2.0 200")
        assert (answer.value("CSeq"), answer.body) == ("1 INVITE", "")
        assert answer.value("Session-Expires") == "90;refresher=uac"
        assert answer.value("Require") == "timer"
        caller.sequence = 1
        caller.acknowledge(answer)
        caller.sequence = 2
        caller.audio.speak(greeting.audio)
        until(lambda: seconds_of_tone(desk.audio.sound(0, 1e12), 500.0) > 0.3)

        held = desk.description(version=2) + "a=sendonly\r\n"
        desk.send(desk.request("INVITE", body=held))
        desk.expect("SIP/2.0 200")
        desk.send(desk.request("ACK"))
        hold = caller.expect("INVITE")
        assert streams(hold) == ["video 0", "audio on"]
        assert "a=sendonly" in hold.body
        ours = seen(caller, 2, "recvonly").replace("m=video 40002", "m=video 0")
        caller.reply(hold, 200, body=ours)
        caller.expect("ACK")

        caller.up = False
        caller.send(caller.request("BYE", more="Reason: Q.850;cause=4294967295\r\n"))
        assert caller.expect("SIP/2.0 200").value("CSeq") == "3 BYE"
        desk.hear_the_end()
    record = node.record(line.greeted)
    assert (record.outcome, record.q850, record.fault) == (Outcome.ANSWERED, 16, "")
    node.quiet()
