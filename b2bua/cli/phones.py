"""``b2bua dial`` and ``b2bua answer``: softphones, and what their shells hear of them."""

from b2bua.cli.answer import AnswerOptions
from b2bua.cli.answer import answer as take_calls
from b2bua.cli.common import Misused, run, say
from b2bua.cli.dial import DialOptions
from b2bua.cli.dial import dial as place_call
from b2bua.config.checks import split_address
from b2bua.core.address import Address


def address_of(text: str) -> Address:
    """``127.0.0.1:5080``, or without a port for 5060."""
    text = text.removeprefix("udp:").removeprefix("sip:")
    try:
        return split_address(text if ":" in text else f"{text}:5060")
    except ValueError as error:
        raise Misused(f"--listen: {error}") from error


def dial(options: DialOptions) -> int:
    """Place a call; status 1 if nobody answered."""
    return 0 if run(place_call(options, say)) else 1


def answer(options: AnswerOptions) -> int:
    """Answer until there were enough calls."""
    run(take_calls(options, say))
    return 0
