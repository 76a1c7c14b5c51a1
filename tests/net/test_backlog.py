"""Who waits how long when more comes than can be worked on."""

from b2bua.net.backlog import MOST, MOST_OF_ONE, STALE, Backlog
from b2bua.sip.transport.flow import Flow


def flow(host: str) -> Flow:
    return Flow("udp", ("127.0.0.1", 5060), (host, 5060))


MAD, CALM = flow("192.0.2.1"), flow("192.0.2.2")


def taken(backlog: Backlog, now: float = 0.0) -> list[bytes]:
    found = []
    while (item := backlog.take(now)) is not None:
        found.append(item[0])
    return found


def test_what_is_under_way_goes_first_and_in_its_order() -> None:
    backlog = Backlog()
    for data in (b"INVITE 1", b"SIP/2.0 200", b"BYE 2", b"OPTIONS 3", b"ACK 4"):
        backlog.put(data, MAD, 0.0)
    assert taken(backlog) == [b"SIP/2.0 200", b"BYE 2", b"ACK 4", b"INVITE 1", b"OPTIONS 3"]
    assert not backlog


def test_each_source_has_its_turn() -> None:
    backlog = Backlog()
    for number in range(100):
        backlog.put(b"INVITE %d" % number, MAD, 0.0)
    backlog.put(b"INVITE calm", CALM, 0.0)
    backlog.put(b"CANCEL calm", CALM, 0.0)
    first = [backlog.take(0.0) for _ in range(4)]
    assert [item and item[0] for item in first] == [
        *(b"INVITE 0", b"INVITE calm", b"INVITE 1", b"CANCEL calm"),
    ]


def test_what_has_been_sent_again_is_forgotten() -> None:
    backlog = Backlog()
    backlog.put(b"INVITE old", MAD, 0.0)
    backlog.put(b"INVITE new", MAD, 1.0)
    backlog.put(b"BYE old", MAD, 0.0)
    assert backlog.age(1.5) == 1.5
    assert taken(backlog, STALE + 0.5) == [b"BYE old", b"INVITE new"]
    assert backlog.forgotten == 1
    assert backlog.age(9.0) == 0.0


def test_it_has_bounds() -> None:
    backlog = Backlog()
    for number in range(2 * MOST_OF_ONE):
        backlog.put(b"INVITE %d" % number, MAD, 0.0)
    assert taken(backlog)[0] == b"INVITE %d" % MOST_OF_ONE
    for number in range(MOST + 10):
        backlog.put(b"INVITE x", flow(f"10.0.{number >> 8}.{number & 255}"), 0.0)
        backlog.put(b"SIP/2.0", MAD, 0.0)
    assert len(taken(backlog)) == 2 * MOST
