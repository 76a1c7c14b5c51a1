"""Bytes, deadlines, failures and answers go through; nothing stops the loop."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from b2bua.net.driver import LAG, TICK, Crashed, Lagged
from b2bua.net.udp import open_udp
from b2bua.sip.endpoint.outputs import Resolve, Transmit
from b2bua.sip.transport.flow import Flow
from b2bua.sip.transport.target import Answer, Question, Target
from tests.net.machines import Side, loopback, on_both_loops, received

QUESTION = Question(host="trunk.example")
FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.2", 5060))


def test_a_datagram_becomes_an_input_and_an_output_a_datagram() -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_udp(near.driver, loopback("127.0.1.1"))
        peer = await open_udp(far.driver, loopback("127.0.1.2"))
        far.machine.replies[b"ping"] = lambda flow: [Transmit(b"pong", flow)]
        near.transmit(b"ping", Flow("udp", way.local, peer.local))
        assert await received(far) == (b"ping", Flow("udp", peer.local, way.local))
        assert await received(near) == (b"pong", Flow("udp", way.local, peer.local))
        [at] = near.machine.times
        assert at.tzinfo is UTC
        assert abs(datetime.now(UTC) - at) < timedelta(seconds=10)
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_a_deadline_wakes_the_machine_and_never_early() -> None:
    async def main() -> None:
        side = Side()
        loop = asyncio.get_running_loop()
        side.machine.deadline = loop.time() + 0.0215
        side.driver.arm()
        assert await side.machine.next() == ("woken",)
        side.machine.deadline = loop.time() + 3600.0
        side.driver.arm()
        side.machine.deadline = loop.time() + 0.0105
        side.driver.arm()
        assert await side.machine.next() == ("woken",)
        assert len(side.machine.woken) == 2
        assert all(wanted <= got for wanted, got in side.machine.woken)
        side.driver.close()

    on_both_loops(main)


def test_a_busy_loop_is_told() -> None:
    async def main() -> None:
        side = Side()
        busy_until = time.monotonic() + TICK + 2 * LAG
        while time.monotonic() < busy_until:
            pass
        lagged = await side.next_told()
        assert isinstance(lagged, Lagged)
        assert lagged.seconds > LAG
        side.driver.close()

    on_both_loops(main)


def test_everything_else_is_told_in_order() -> None:
    async def main() -> None:
        side = Side()
        side.say("save the call", "ring")
        assert await side.next_told() == "save the call"
        assert await side.next_told() == "ring"
        side.driver.close()

    asyncio.run(main())


def test_a_question_is_answered_beside_the_loop() -> None:
    async def main() -> None:
        asked = asyncio.Event()
        release = asyncio.Event()
        answer = Answer(question=QUESTION, targets=(Target("udp", ("127.0.0.5", 5060)),))

        async def resolve(question: Question) -> Answer:
            assert question == QUESTION
            asked.set()
            await release.wait()
            return answer

        side = Side(resolve)
        side.say(Resolve(QUESTION), "goes on")
        assert await side.next_told() == "goes on"
        await asked.wait()
        assert side.machine.heard.empty()
        release.set()
        assert await side.machine.next() == ("resolved", answer)
        side.driver.close()

    asyncio.run(main())


def test_a_resolver_that_raises_is_a_question_without_an_answer() -> None:
    async def main() -> None:
        async def resolve(question: Question) -> Answer:
            raise RuntimeError("bug")

        side = Side(resolve)
        side.say(Resolve(QUESTION))
        nothing = Answer(question=QUESTION, targets=())
        assert await side.machine.next() == ("resolved", nothing)
        crashed = await side.next_told()
        assert isinstance(crashed, Crashed)
        assert "bug" in crashed.traceback
        side.driver.close()

    asyncio.run(main())


def test_an_exception_costs_one_datagram_and_is_told() -> None:
    async def main() -> None:
        side = Side()

        def raise_(flow: Flow) -> Sequence[object]:
            raise ZeroDivisionError("bug")

        side.machine.replies[b"bad"] = raise_
        side.machine.replies[b"good"] = lambda flow: ["fine"]
        side.driver.receive(b"bad", FLOW)
        crashed = await side.next_told()
        assert isinstance(crashed, Crashed)
        assert "ZeroDivisionError: bug" in crashed.traceback
        assert (crashed.flow, crashed.data) == (FLOW, b"bad")
        side.driver.receive(b"good", FLOW)
        assert await side.next_told() == "fine"
        side.driver.close()

    asyncio.run(main())


def test_a_deadline_set_by_an_input_that_raised_is_still_heeded() -> None:
    async def main() -> None:
        side = Side()

        def raise_(flow: Flow) -> Sequence[object]:
            side.machine.deadline = asyncio.get_running_loop().time() + 0.01
            raise ZeroDivisionError("bug")

        side.machine.replies[b"bad"] = raise_
        side.driver.receive(b"bad", FLOW)
        assert (await side.machine.next())[0] == "received"
        assert await side.machine.next() == ("woken",)
        side.driver.close()

    asyncio.run(main())


def test_a_flow_that_nobody_carries_fails() -> None:
    async def main() -> None:
        side = Side()
        side.transmit(b"data", FLOW)
        assert await side.machine.next() == ("failed", FLOW)
        side.driver.close()

    asyncio.run(main())


def test_after_close_the_machine_hears_nothing() -> None:
    async def main() -> None:
        side = Side()
        side.machine.deadline = asyncio.get_running_loop().time() + 0.001
        side.driver.arm()
        side.say(Resolve(QUESTION))
        side.driver.report_failure(FLOW)
        side.driver.close()
        for _ in range(5):
            await asyncio.sleep(0)
        assert side.machine.heard.empty()

    asyncio.run(main())
