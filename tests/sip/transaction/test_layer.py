"""RFC 3261 §17: what goes up, what is absorbed, what is matched with what."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import pytest

from b2bua.core.errors import InvalidState
from b2bua.sip.message.message import Request
from b2bua.sip.message.parser import parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.transaction.key import ClientKey, ServerKey
from b2bua.sip.transaction.layer import TransactionLayer
from b2bua.sip.transaction.outputs import (
    AckMissed,
    Cancelled,
    Dropped,
    DropReason,
    GotResponse,
    LayerOutput,
    NewRequest,
    ResponseFailed,
    StrayAck,
    StrayResponse,
    TransactionEnded,
    TransactionTimedOut,
    Transmit,
    TransportFailed,
)
from b2bua.sip.transport.flow import Flow
from tests.sip.transaction.messages import FLOW, ack_of_failure, request, response
from tests.support.virtual_time import VirtualTime

Layer: TypeAlias = TransactionLayer[Flow, str]
Said: TypeAlias = LayerOutput[Flow, str]
TCP = Flow("tcp", ("127.0.0.1", 5060), ("127.0.0.2", 41000), connection=7)


def make() -> Layer:
    return TransactionLayer()


def new(layer: Layer, message: Request, flow: Flow = FLOW, now: float = 0.0) -> ServerKey:
    [output] = layer.receive_request(message, flow, now)
    assert isinstance(output, NewRequest)
    return output.key


def sent(outputs: Sequence[Said]) -> list[str]:
    """The start lines that left."""
    return [
        output.data.split(b"\r\n")[0].decode()
        for output in outputs
        if isinstance(output, Transmit)
    ]


def run(layer: Layer, end: float) -> list[tuple[float, Said]]:
    return list(VirtualTime[Said](layer).until(end))


def assert_empty(layer: Layer) -> None:
    """Nothing is kept of what has ended."""
    assert len(layer) == 0
    assert layer.deadline is None
    assert not layer._peers
    assert not layer._merges


def test_an_invite_goes_up_once_and_its_copies_are_absorbed() -> None:
    layer = make()
    key = new(layer, request())
    assert layer.receive_request(request(), FLOW, 0.1) == []
    assert sent(layer.respond(key, response(request(), 180), 0.15)) == [
        "SIP/2.0 180 Ringing"
    ]
    assert sent(layer.receive_request(request(), FLOW, 0.5)) == ["SIP/2.0 180 Ringing"]


def test_silence_of_the_user_is_filled_with_100() -> None:
    """§17.2.1."""
    layer = make()
    new(layer, request())
    [(when, output)] = run(layer, 100.0)
    assert when == 0.2
    assert sent([output]) == ["SIP/2.0 100 Trying"]


def test_a_refused_call_is_forgotten_once_it_is_acknowledged() -> None:
    layer = make()
    key = new(layer, request())
    layer.respond(key, response(request(), 486), 1.0)
    assert layer.receive_request(ack_of_failure(request()), FLOW, 1.1) == []
    assert run(layer, 100.0) == [(6.1, TransactionEnded(key))]
    assert_empty(layer)


def test_a_refusal_without_an_ack_is_told() -> None:
    layer = make()
    key = new(layer, request())
    layer.respond(key, response(request(), 486), 1.0)
    said = [output for _, output in run(layer, 100.0)]
    assert said[-2:] == [AckMissed(key), TransactionEnded(key)]
    assert sent(said) == ["SIP/2.0 486 Busy Here"] * 10
    assert_empty(layer)


def test_the_ack_of_a_2xx_goes_up_with_its_own_branch_or_with_that_of_the_invite() -> None:
    layer = make()
    key = new(layer, request())
    layer.respond(key, response(request(), 200), 1.0)
    for branch in ("z9hG4bKother", "z9hG4bKone"):
        ack = request("ACK", branch=branch, to_tag="bob")
        assert layer.receive_request(ack, FLOW, 1.2) == [StrayAck(ack, FLOW)]


def test_a_repeated_2xx_of_the_user_is_sent_until_timer_l() -> None:
    layer = make()
    key = new(layer, request())
    ok = response(request(), 200)
    assert sent(layer.respond(key, ok, 1.0)) == sent(layer.respond(key, ok, 1.5))
    assert run(layer, 100.0) == [(33.0, TransactionEnded(key))]
    assert layer.respond(key, ok, 100.0) == []
    assert_empty(layer)


def test_methods_with_one_branch_are_different_transactions() -> None:
    """§17.2.3: a CANCEL has the branch of its INVITE."""
    layer = make()
    invite = new(layer, request())
    cancel = request("CANCEL")
    [output] = layer.receive_request(cancel, FLOW, 1.0)
    assert output == Cancelled(
        invite=invite,
        key=ServerKey("z9hG4bKone", "127.0.0.2:5070", "CANCEL"),
        request=cancel,
        flow=FLOW,
    )
    assert layer.receive_request(cancel, FLOW, 1.5) == []


def test_a_cancel_that_fits_no_invite_is_a_request_like_others() -> None:
    layer = make()
    new(layer, request("CANCEL", branch="z9hG4bKunknown"))


def test_a_cancel_from_another_host_does_not_fit() -> None:
    layer = make()
    new(layer, request())
    stranger = replace(FLOW, remote=("127.0.0.66", 5070))
    new(layer, request("CANCEL"), stranger)


@pytest.mark.parametrize("branch", ["", "1", "z9hG4bK"])
def test_a_peer_of_rfc_2543_is_matched_by_what_it_sends(branch: str) -> None:
    """§17.2.3: without a cookie, or with nothing after it."""
    layer = make()
    key = new(layer, request(branch=branch))
    assert layer.receive_request(request(branch=branch), FLOW, 0.5) == []
    other = new(layer, request(branch=branch, call_id="other"))
    assert other != key
    layer.respond(key, response(request(branch=branch), 486), 1.0)
    ack = request("ACK", branch=branch, to_tag="bob")
    assert layer.receive_request(ack, FLOW, 1.1) == []


def test_one_branch_of_two_senders_is_two_transactions() -> None:
    layer = make()
    new(layer, request(call_id="a"))
    new(layer, request(call_id="b", sent_by="127.0.0.3:5070"))


def test_the_same_call_by_another_path_is_merged() -> None:
    """§8.2.2.2: no To tag, and From tag, Call-ID and CSeq of a request under way."""
    layer = make()
    key = new(layer, request())
    [output] = layer.receive_request(request(branch="z9hG4bKtwo"), FLOW, 0.1)
    assert isinstance(output, NewRequest)
    assert output.merged
    layer.respond(output.key, response(output.request, 482), 0.1)
    layer.respond(key, response(request(), 486), 0.2)
    run(layer, 100.0)
    assert_empty(layer)
    new(layer, request(branch="z9hG4bKthree"), now=100.0)


def test_requests_inside_a_dialog_are_never_merged() -> None:
    layer = make()
    for branch in ("z9hG4bKa", "z9hG4bKb"):
        new(layer, request("INFO", branch=branch, to_tag="bob"))


def test_an_overloaded_server_answers_once_and_keeps_nothing() -> None:
    layer = make()
    key = new(layer, request())
    said = layer.refuse_statelessly(key, response(request(), 503))
    assert sent(said) == ["SIP/2.0 503 Service Unavailable"]
    assert said[-1] == TransactionEnded(key)
    assert run(layer, 100.0) == []
    assert_empty(layer)
    ack = ack_of_failure(request())
    assert layer.receive_request(ack, FLOW, 100.0) == [StrayAck(ack, FLOW)]


def test_responses_go_where_the_user_says() -> None:
    layer = make()
    elsewhere = replace(FLOW, remote=("127.0.0.2", 5060))
    [output] = layer.receive_request(request("OPTIONS"), FLOW, 0.0, reply_by=elsewhere)
    assert isinstance(output, NewRequest)
    assert output.flow == FLOW
    [reply] = layer.respond(output.key, response(output.request, 200), 0.1)
    assert isinstance(reply, Transmit)
    assert reply.flow == elsewhere


def test_our_request_is_repeated_until_it_times_out() -> None:
    layer = make()
    key, said = layer.send_request(request("BYE"), FLOW, 0.0, "session")
    assert sent(said) == ["BYE sip:4006000001@127.0.0.1 SIP/2.0"]
    trace = [output for _, output in run(layer, 100.0)]
    assert sent(trace) == sent(said) * 10
    assert trace[-2:] == [TransactionTimedOut("session", key), TransactionEnded(key)]
    assert_empty(layer)


def test_a_response_reaches_its_user_and_a_late_one_is_stray() -> None:
    layer = make()
    key, _ = layer.send_request(request("BYE"), FLOW, 0.0, "session")
    ok = response(request("BYE"), 200)
    assert layer.receive_response(ok, FLOW, 0.1) == [GotResponse("session", key, ok)]
    assert layer.receive_response(ok, FLOW, 0.2) == []
    run(layer, 100.0)
    assert layer.receive_response(ok, FLOW, 100.0) == [StrayResponse(ok, FLOW)]
    assert_empty(layer)


def test_branch_and_method_both_count() -> None:
    """§17.1.3: the 200 of a CANCEL is not that of its INVITE."""
    layer = make()
    layer.send_request(request(), FLOW, 0.0, "session")
    other = response(request("CANCEL"), 200)
    assert layer.receive_response(other, FLOW, 0.1) == [StrayResponse(other, FLOW)]


def test_a_response_from_a_stranger_is_dropped() -> None:
    """Spoofed responses: branch, method and source must match."""
    layer = make()
    layer.send_request(request(), FLOW, 0.0, "session")
    stranger = replace(FLOW, remote=("127.0.0.66", 5070))
    assert layer.receive_response(response(request(), 603), stranger, 0.1) == [
        Dropped(DropReason.STRANGER, stranger)
    ]
    same_host = replace(FLOW, remote=("127.0.0.2", 9999))
    [output] = layer.receive_response(response(request(), 180), same_host, 0.2)
    assert isinstance(output, GotResponse)


def test_a_response_with_another_sent_by_is_dropped() -> None:
    """§18.1.2."""
    layer = make()
    layer.send_request(request(), FLOW, 0.0, "session")
    foreign = response(request(sent_by="127.0.0.9:5060"), 180)
    assert layer.receive_response(foreign, FLOW, 0.1) == [Dropped(DropReason.FOREIGN, FLOW)]


def test_the_ack_of_a_failure_is_made_of_the_invite_and_the_to_of_the_response() -> None:
    """§17.1.1.3."""
    layer = make()
    key, _ = layer.send_request(request(), FLOW, 0.0, "session")
    busy = response(request(), 486, to_tag="far")
    transmit, got = layer.receive_response(busy, FLOW, 0.1)
    assert isinstance(transmit, Transmit)
    ack = parse(transmit.data)
    assert isinstance(ack, Request)
    assert (ack.method, ack.uri, str(ack.cseq)) == ("ACK", request().uri, "1 ACK")
    assert str(ack.via) == str(request().via)
    assert ack.to.tag == "far"
    assert ack.headers.all("Route") == ["<sip:edge.example;lr>"]
    assert ack.call_id == "call"
    assert got == GotResponse("session", key, busy)
    assert layer.receive_response(busy, FLOW, 0.6) == [transmit]


def test_every_2xx_goes_up() -> None:
    """RFC 6026 §7.2: forks and repetitions want an ACK each."""
    layer = make()
    layer.send_request(request(), FLOW, 0.0, "session")
    for fork in ("a", "b", "a"):
        [output] = layer.receive_response(response(request(), 200, to_tag=fork), FLOW, 1.0)
        assert isinstance(output, GotResponse)
        assert output.response.to.tag == fork


def test_a_cancel_waits_for_a_provisional_response() -> None:
    """§9.1."""
    layer = make()
    key, _ = layer.send_request(request(), FLOW, 0.0, "session")
    assert layer.cancel(key, 0.1, [("Reason", "SIP;cause=200")]) == []
    said = layer.receive_response(response(request(), 180), FLOW, 0.2)
    assert sent(said) == ["CANCEL sip:4006000001@127.0.0.1 SIP/2.0"]
    cancel = said[-1]
    assert isinstance(cancel, Transmit)
    assert b"\r\nReason: SIP;cause=200\r\n" in cancel.data
    assert cancel.key == ClientKey(key.branch, "CANCEL")
    again = layer.receive_response(response(request(), 180), FLOW, 0.3)
    assert sent(again) == []


def test_a_cancel_leaves_at_once_while_it_rings_and_limits_the_invite() -> None:
    layer = make()
    key, _ = layer.send_request(request(), FLOW, 0.0, "session")
    layer.receive_response(response(request(), 180), FLOW, 0.2)
    assert len(sent(layer.cancel(key, 1.0))) == 1
    assert layer.cancel(key, 1.05) == []
    layer.receive_response(response(request("CANCEL"), 200), FLOW, 1.1)
    ended = [
        (when, output)
        for when, output in run(layer, 100.0)
        if isinstance(output, TransactionTimedOut)
    ]
    assert ended == [(33.0, TransactionTimedOut("session", key))]
    assert_empty(layer)


@pytest.mark.parametrize("status", [200, 486])
def test_a_cancel_that_is_too_late_is_not_sent(status: int) -> None:
    """§9.1: the race of CANCEL and a final response.

    we                far end
    INVITE      ->
    (cancel)    <-    200           the 200 was on its way
    """
    layer = make()
    key, _ = layer.send_request(request(), FLOW, 0.0, "session")
    layer.cancel(key, 0.1)
    said = layer.receive_response(response(request(), status), FLOW, 0.2)
    assert not any(line.startswith("CANCEL") for line in sent(said))
    assert layer.cancel(key, 0.3) == []
    run(layer, 100.0)
    assert_empty(layer)


def test_a_call_through_ourselves_does_not_confuse_the_two_sides() -> None:
    layer = make()
    loop = replace(FLOW, remote=FLOW.local)
    mine = request(sent_by="127.0.0.1:5060")
    key, _ = layer.send_request(mine, loop, 0.0, "session")
    server = new(layer, request(sent_by="127.0.0.1:5060"), loop)
    ringing = response(mine, 180)
    layer.respond(server, ringing, 0.1)
    assert layer.receive_response(ringing, loop, 0.1) == [
        GotResponse("session", key, ringing)
    ]


def test_an_icmp_error_fails_what_waits_for_that_address_alone() -> None:
    layer = make()
    other = replace(FLOW, remote=("127.0.0.3", 5070))
    key, _ = layer.send_request(request(), FLOW, 0.0, "dead")
    layer.send_request(request(branch="z9hG4bKlive"), other, 0.0, "alive")
    assert layer.flow_failed(FLOW, 0.1) == [
        TransportFailed("dead", key),
        TransactionEnded(key),
    ]
    assert len(layer) == 1
    assert layer.flow_failed(FLOW, 0.1) == []


def test_an_icmp_error_costs_the_same_whatever_its_sender_has_left_behind() -> None:
    """One comes for every response that is repeated, so none may look at all of them."""
    layer = make()
    for number in range(50):
        branch = f"z9hG4bK{number}"
        key = new(layer, request(branch=branch, cseq=f"{number + 1} INVITE"))
        layer.respond(key, response(request(branch=branch), 486), 0.1)
        bye = request("BYE", branch=f"{branch}x", cseq=f"{number + 1} BYE")
        layer.send_request(bye, FLOW, 0.1, str(number))
        layer.receive_response(response(bye, 200), FLOW, 0.2)
    assert len(layer) == 100
    assert layer._peers == {}
    assert layer.flow_failed(FLOW, 0.3) == []


def test_a_refused_connection_says_nothing_of_datagrams_to_the_same_address() -> None:
    layer = make()
    layer.send_request(request(), FLOW, 0.0, "by UDP")
    assert layer.flow_failed(replace(FLOW, transport="tcp"), 0.1) == []


def test_a_response_that_cannot_be_sent_leaves_its_transaction() -> None:
    """RFC 6026 §7.1."""
    layer = make()
    key = new(layer, request())
    layer.respond(key, response(request(), 180), 0.1)
    assert layer.flow_failed(FLOW, 0.2) == []
    assert sent(layer.receive_request(request(), FLOW, 0.5)) == ["SIP/2.0 180 Ringing"]


def test_a_lost_connection_fails_what_was_sent_by_it_or_before_it_was_made() -> None:
    layer = make()
    made = replace(TCP, connection=0)
    first, _ = layer.send_request(request("BYE"), TCP, 0.0, "by it")
    second, _ = layer.send_request(
        request("BYE", branch="z9hG4bKtwo"), made, 0.0, "before it"
    )
    other, _ = layer.send_request(
        request("BYE", branch="z9hG4bKsix"), replace(TCP, connection=8), 0.0, "other"
    )
    failed = {
        output.key
        for output in layer.flow_failed(TCP, 0.1)
        if isinstance(output, TransportFailed)
    }
    assert failed == {first, second}
    assert [key for key in (first, second, other) if key in layer._clients] == [other]


def test_responses_take_a_new_connection_when_theirs_is_lost() -> None:
    """§18.2.2: to the port of sent-by; and that may fail in its turn."""
    layer = make()
    spare = Flow("tcp", TCP.local, ("127.0.0.2", 5070))
    [output] = layer.receive_request(request(), TCP, 0.0, spare=spare)
    assert isinstance(output, NewRequest)
    assert layer.flow_failed(TCP, 0.1) == []
    [ringing] = layer.respond(output.key, response(request(), 180), 0.15)
    assert isinstance(ringing, Transmit)
    assert ringing.flow == spare
    assert layer.flow_failed(spare, 0.2) == [ResponseFailed(output.key)]
    layer.respond(output.key, response(request(), 486), 1.0)
    run(layer, 100.0)
    assert_empty(layer)


def test_timers_of_many_transactions_fire_in_order_however_late_the_wake() -> None:
    def start() -> Layer:
        layer = make()
        for number in range(5):
            layer.send_request(
                request("BYE", branch=f"z9hG4bK{number}", cseq=f"{number + 1} BYE"),
                FLOW,
                number * 0.1,
                str(number),
            )
        return layer

    punctual = [output for _, output in run(start(), 100.0)]
    late = start().wake(100.0)
    assert late == punctual


def test_ack_is_no_transaction_and_a_branch_is_used_once() -> None:
    layer = make()
    with pytest.raises(InvalidState):
        layer.send_request(request("ACK"), FLOW, 0.0, "session")
    layer.send_request(request("BYE"), FLOW, 0.0, "session")
    with pytest.raises(InvalidState):
        layer.send_request(request("BYE"), FLOW, 0.0, "session")


def test_what_leaves_can_be_parsed_by_the_far_end() -> None:
    layer = make()
    _, [transmit] = layer.send_request(request(), FLOW, 0.0, "session")
    assert isinstance(transmit, Transmit)
    assert transmit.data == serialize(request())
