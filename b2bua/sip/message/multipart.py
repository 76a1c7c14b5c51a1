"""The part of a body that we want: itself, or a part of a multipart (RFC 2046 §5.1).

Bounded and total. A line may end with LF alone, as some gateways write inside a body.
"""

from collections.abc import Iterator
from typing import Final

from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.message import Fields

MAX_PARTS: Final = 16
MAX_BOUNDARY: Final = 70

SDP: Final = "application/sdp"


def body_of_type(message: Fields, content_type: str) -> bytes | None:
    """The body if it is of that type, or the first such part of it; None if there is none.

    Raises :class:`MalformedMessage`: 400 for a multipart without a boundary or with too
    many parts.
    """
    if not message.body:
        return None
    own = message.content_type
    if own == content_type:
        return message.body
    if not own.startswith("multipart/"):
        return None
    for kind, content in _parts(message):
        if kind == content_type:
            return content
    return None


def _parts(message: Fields) -> Iterator[tuple[str, bytes]]:
    boundary = message.content_type_parameters.get("boundary", "")
    if not 1 <= len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
        raise MalformedMessage("Multipart Without Boundary")
    text = b"\n" + message.body.replace(b"\r\n", b"\n")
    _, *pieces = text.split(b"\n--" + boundary.encode("ascii"), MAX_PARTS + 1)
    if len(pieces) > MAX_PARTS:
        raise MalformedMessage("Too Many Body Parts")
    for piece in pieces:
        if piece.startswith(b"--"):
            return
        head, _, content = piece.partition(b"\n\n")
        yield _content_type(head), content


def _content_type(head: bytes) -> str:
    for line in head.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() in ("content-type", "c"):
            return value.partition(";")[0].strip().lower()
    return "text/plain"
