"""Messages: parser, every typed field, serialiser, and what is built of them."""

import sys
from collections.abc import Hashable
from typing import Final

from b2bua.sip.message.build import response_to, response_to_refused
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Fields, Request, Response
from b2bua.sip.message.multipart import SDP, body_of_type
from b2bua.sip.message.parser import MAX_HEADERS, Refusal, parse
from b2bua.sip.message.serializer import serialize
from b2bua.sip.message.uri import parse_uri
from tests.fuzz.fuzzing import Target, main
from tests.fuzz.seeds import MESSAGES, SIP_WORDS

FIELDS: Final = tuple(
    name for name, value in vars(Fields).items() if isinstance(value, property)
)


def feed(data: bytes) -> Hashable:
    """Read all there is to read, write it, and read that."""
    message = parse(data)
    if isinstance(message, Refusal):
        answer = response_to_refused(message, to_tag="ours")
        if answer is not None:
            assert is_one_message(serialize(answer))
        return message.status, message.reason, answer is not None
    wrong = tuple(name for name in FIELDS if not can_be_read(message, name))
    if len(message.headers) >= MAX_HEADERS:
        return "no room for a Content-Length"
    again = parse(serialize(message))
    assert not isinstance(again, Refusal), again
    assert (again.start_line, again.body) == (message.start_line, message.body)
    assert without_length(again) == without_length(message)
    if isinstance(message, Request):
        assert is_one_message(serialize(response_to(message, 200, to_tag="ours")))
        return wrong, uri_of(message.uri), len(message.headers)
    return wrong, message.status // 100, len(message.headers)


def without_length(message: Request | Response) -> list[tuple[str, str]]:
    """The header fields but for the one that a serialiser counts itself."""
    return [one for one in message.headers if one[0] != "Content-Length"]


def can_be_read(message: Request | Response, name: str) -> bool:
    """Whether a typed field has a value; it may only say that it has none."""
    try:
        getattr(message, name)
        body_of_type(message, SDP)
    except MalformedMessage:
        return False
    return True


def uri_of(text: str) -> str:
    """What a URI is, or what is wrong with it; what was read is written and read again."""
    try:
        uri = parse_uri(text)
    except MalformedMessage as malformed:
        return malformed.reason
    assert str(parse_uri(str(uri))) == str(uri)
    return type(uri).__name__


def is_one_message(data: bytes) -> bool:
    """Whether what we send is a head whose every line is a header line, and an end."""
    head, blank, _ = data.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    rest = b"".join((start, *lines))
    whole = bool(blank) and b"\r" not in rest and b"\n" not in rest and b"\0" not in rest
    return whole and all(b":" in line and line[:1] not in b" \t" for line in lines)


TARGET: Final = Target(name="message", feed=feed, seeds=MESSAGES, words=SIP_WORDS)

if __name__ == "__main__":
    sys.exit(main(TARGET))
