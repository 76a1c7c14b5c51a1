"""``b2bua dial`` and ``b2bua answer``: softphones, and what their shells hear of them."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from b2bua.app.softphone import Tls
from b2bua.cli.answer import AnswerOptions
from b2bua.cli.answer import answer as take_calls
from b2bua.cli.common import Misused, run, say
from b2bua.cli.dial import DialOptions
from b2bua.cli.dial import dial as place_call
from b2bua.config.checks import split_address
from b2bua.core.address import Address
from b2bua.net.tls import Credential
from b2bua.sip.sdp.crypto import Srtp

T = TypeVar("T")


def address_of(text: str) -> Address:
    """``127.0.0.1:5080``, or without a port for 5060."""
    port = 5061 if text.startswith("tls:") else 5060
    text = text.removeprefix("udp:").removeprefix("tls:").removeprefix("sip:")
    try:
        return split_address(text if ":" in text else f"{text}:{port}")
    except ValueError as error:
        raise Misused(f"--listen: {error}") from error


def tls_of(
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    srtp: str,
    listen: str = "",
) -> Tls:
    """What the options say of TLS, and of the audio of calls over it."""
    only = listen.startswith("tls:")
    try:
        policy = Srtp(srtp)
    except ValueError as error:
        raise Misused(f"--srtp: {srtp!r} is not never, optional or required") from error
    if certificate is None and key is None:
        return Tls(trusted=ca, srtp=policy, only=only)
    if certificate is None or key is None:
        raise Misused("--certificate and --key come together")
    shown = Credential(certificate, key)
    return Tls(trusted=ca, credential=shown, srtp=policy, only=only)


def dial(options: DialOptions) -> int:
    """Place a call; status 1 if nobody answered."""
    return 0 if run(_until_told(place_call(options, say))) else 1


def answer(options: AnswerOptions) -> int:
    """Answer until there were enough calls."""
    run(_until_told(take_calls(options, say)))
    return 0


async def _until_told(work: Coroutine[Any, Any, T]) -> T | None:
    """Run to the end, or to SIGTERM: the phone's media process must not outlive it."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await asyncio.wait([task])
    return None if task.cancelled() else task.result()
