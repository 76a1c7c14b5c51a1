"""Call records to bytes and back, as the journal keeps them."""

from dataclasses import replace
from typing import Final

import msgspec

from b2bua.service.record import CallRecord, Outcome

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(CallRecord)
_ADMITTED: Final = b'"admitted":'
"""No text of a record holds these bytes: its quotes are escaped."""


def encode_record(record: CallRecord) -> bytes:
    """The record as JSON; what cannot be UTF-8 becomes a question mark."""
    try:
        return _ENCODER.encode(record)
    except UnicodeEncodeError:
        return _ENCODER.encode(_without_surrogates(msgspec.to_builtins(record)))


def decode_record(data: bytes) -> CallRecord:
    """The reverse of :func:`encode_record`; raises ``msgspec.MsgspecError``.

    A record of an earlier version, which does not say whether it was admitted, counts as
    it did then: if no rule refused it.
    """
    record = _DECODER.decode(data)
    if _ADMITTED in data:
        return record
    return replace(record, admitted=record.outcome is not Outcome.REFUSED)


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
