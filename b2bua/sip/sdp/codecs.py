"""Payload types and their names: RFC 3551 §6, RFC 4733."""

from collections.abc import Iterable
from typing import Final

from b2bua.sip.sdp.description import Format, MediaDescription

TELEPHONE_EVENT: Final = "telephone-event"

KEYS: Final = "0-15"
"""The events of a telephone's keys, as fmtp says them (RFC 4733 §2.4.1)."""

STATIC: Final = {
    0: Format(payload_type=0, encoding="PCMU"),
    3: Format(payload_type=3, encoding="GSM"),
    4: Format(payload_type=4, encoding="G723"),
    8: Format(payload_type=8, encoding="PCMA"),
    9: Format(payload_type=9, encoding="G722"),
    13: Format(payload_type=13, encoding="CN"),
    15: Format(payload_type=15, encoding="G728"),
    18: Format(payload_type=18, encoding="G729"),
    26: Format(payload_type=26, encoding="JPEG", clock_rate=90000),
    31: Format(payload_type=31, encoding="H261", clock_rate=90000),
    34: Format(payload_type=34, encoding="H263", clock_rate=90000),
}
"""Payload types that need no rtpmap."""

STATIC_PAYLOAD_TYPES: Final = {
    format_.encoding: payload_type for payload_type, format_ in STATIC.items()
}

_LOWER_CASE: Final = {name.upper(): name for name in (TELEPHONE_EVENT, "opus", "red")}


def registered_name(name: str) -> str:
    """An encoding name as it is registered: names are compared without case."""
    upper = name.upper()
    return _LOWER_CASE.get(upper, upper)


def is_narrowband(format_: Format, encoding: str) -> bool:
    """Whether the format is ``encoding`` at 8 kHz, mono."""
    return (
        format_.encoding == encoding
        and format_.clock_rate == 8000
        and format_.channels == 1
    )


def common_codecs(media: MediaDescription, codecs: Iterable[str]) -> tuple[Format, ...]:
    """The formats of a stream that are one of ``codecs``, in the stream's order."""
    wanted = frozenset(codecs)
    return tuple(
        [
            format_
            for format_ in media.formats
            if format_.encoding in wanted and is_narrowband(format_, format_.encoding)
        ]
    )


def events_format(media: MediaDescription) -> Format | None:
    """The telephone-event format of a stream at the clock rate of our codecs."""
    for format_ in media.formats:
        if is_narrowband(format_, TELEPHONE_EVENT):
            return format_
    return None
