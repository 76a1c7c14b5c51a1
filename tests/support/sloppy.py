"""aiosip 0.2.0 as a caller: a stack of 2017 that keeps few of RFC 3261's rules.

It retransmits nothing, never acknowledges a refusal, counts CSeq by method, and answers
200 to whatever comes. It wants two things that Python no longer has, which are put back
here, in a process of its own: ``python -m tests.support.sloppy LOCAL NODE NUMBER CALLER``.
It prints the statuses that it heard, of its INVITE and of its BYE.
"""

import asyncio
import collections
import collections.abc
import sys
import types


def calling(local: str, node: str, number: str, caller: str) -> None:
    """Place one call, and hang up a second after it was answered."""
    asyncio.coroutine = types.coroutine  # type: ignore[attr-defined]
    collections.MutableMapping = collections.abc.MutableMapping  # type: ignore[attr-defined]
    import aiosip  # type: ignore[import-untyped]  # noqa: PLC0415

    async def call() -> None:
        loop = asyncio.get_running_loop()
        dialog = await aiosip.Application(loop=loop).start_dialog(
            from_uri=f"sip:{caller}@{local}:5060",
            to_uri=f"sip:{number}@{node}:5060",
            local_addr=(local, 5060),
            remote_addr=(node, 5060),
        )
        offer = (
            f"v=0\r\no=- 1 1 IN IP4 {local}\r\ns=-\r\nc=IN IP4 {local}\r\nt=0 0\r\n"
            "m=audio 30000 RTP/AVP 8\r\n"
        )
        sending = dialog.send_message(
            "INVITE", content_type="application/sdp", payload=offer
        )
        answer = await asyncio.wait_for(sending, 20)
        print("INVITE", answer.status_code, flush=True)
        if answer.status_code != 200:
            return
        dialog.send_message("ACK", to_details=answer.to_details)
        await asyncio.sleep(1)
        ending = dialog.send_message("BYE", to_details=answer.to_details)
        print("BYE", (await asyncio.wait_for(ending, 5)).status_code, flush=True)

    asyncio.run(call())


if __name__ == "__main__":
    calling(*sys.argv[1:])
