"""Session descriptions: parser, serialiser, our answer to them and what both mean."""

import sys
from collections.abc import Hashable
from typing import Final

from b2bua.sip.sdp.errors import MalformedDescription
from b2bua.sip.sdp.negotiation import agree, make_answer
from b2bua.sip.sdp.parser import parse_description
from b2bua.sip.sdp.serializer import serialize_description
from tests.fuzz.fuzzing import Target, main
from tests.fuzz.seeds import DESCRIPTIONS, SDP_WORDS
from tests.sip.party import audio

OURS: Final = audio()


def feed(data: bytes) -> Hashable:
    """Read, write, read again; then answer it."""
    try:
        description = parse_description(data)
    except MalformedDescription as malformed:
        return str(malformed)[:40]
    written = serialize_description(description)
    assert serialize_description(parse_description(written)) == written
    answer = make_answer(description, OURS)
    if answer is None:
        return "nothing in common", len(description.media)
    assert len(answer.media) == len(description.media)
    written = serialize_description(answer)
    assert serialize_description(parse_description(written)) == written
    agreement = agree(answer, description)
    assert agreement is not None
    return agreement.codec, agreement.sending, agreement.receiving, len(description.media)


TARGET: Final = Target(name="sdp", feed=feed, seeds=DESCRIPTIONS, words=SDP_WORDS)

if __name__ == "__main__":
    sys.exit(main(TARGET))
