"""Call records to bytes and back, as the journal keeps them."""

from typing import Final

import msgspec

from b2bua.service.record import CallRecord

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(CallRecord)


def encode_record(record: CallRecord) -> bytes:
    """The record as JSON; what cannot be UTF-8 becomes a question mark."""
    try:
        return _ENCODER.encode(record)
    except UnicodeEncodeError:
        return _ENCODER.encode(_without_surrogates(msgspec.to_builtins(record)))


def decode_record(data: bytes) -> CallRecord:
    """The reverse of :func:`encode_record`; raises ``msgspec.MsgspecError``."""
    return _DECODER.decode(data)


def _without_surrogates(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {key: _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value
