"""Text to descriptions: RFC 8866 §5, §6. Total and bounded.

Any bytes give a description or :class:`MalformedDescription`. A line may end with LF alone
(§5); lines of a type that we do not read are passed over, in any order, as most of the
world's descriptions are a little out of order.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from b2bua.sip.sdp.codecs import STATIC, registered_name
from b2bua.sip.sdp.crypto import Crypto, parse_crypto
from b2bua.sip.sdp.description import (
    Direction,
    Format,
    MediaDescription,
    SessionDescription,
)
from b2bua.sip.sdp.errors import MalformedDescription

MAX_SIZE: Final = 65536
MAX_LINES: Final = 1024
MAX_LINE: Final = 2048
MAX_STREAMS: Final = 32
MAX_FORMATS: Final = 64
MAX_CRYPTO: Final = 16

_ADDRESS: Final = re.compile(r"[A-Za-z0-9:][A-Za-z0-9:._\-]{0,254}")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_PROTOCOL: Final = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~/]+")
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}


@dataclass(slots=True)
class _Section:
    """What has been read of the session part, or of one stream."""

    address: str = ""
    direction: Direction | None = None
    rtcp_port: int | None = None
    rtcp_mux: bool = False
    bandwidths: dict[str, str] = field(default_factory=dict)
    packet_ms: int | None = None
    crypto: tuple[Crypto, ...] = ()
    maps: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


def parse_description(data: bytes) -> SessionDescription:
    """Read one session description. Raises only :class:`MalformedDescription`."""
    lines = _lines(data)
    if lines[0] != "v=0":
        raise MalformedDescription("Bad SDP Version")
    origin = ""
    session = section = _Section()
    streams: list[tuple[str, _Section]] = []
    for line in lines[1:]:
        match line[:2]:
            case "a=":
                _read_attribute(section, line[2:])
            case "m=":
                section = _Section()
                streams.append((line[2:], section))
            case "c=":
                section.address = _address_of_c(line[2:])
            case "b=":
                kind, _, value = line[2:].partition(":")
                section.bandwidths[kind] = value.strip()
            case "o=" if not origin:
                origin = line
            case kind:
                if kind[1:] != "=" or not kind[0].isalpha():
                    raise MalformedDescription("Bad SDP Line")
    if len(streams) > MAX_STREAMS:
        raise MalformedDescription("Too Many SDP Streams")
    username, session_id, version, origin_address = _parse_origin(origin[2:])
    return SessionDescription(
        username=username,
        session_id=session_id,
        version=version,
        origin_address=origin_address,
        address=session.address,
        media=tuple(_parse_media(text, section, session) for text, section in streams),
    )


def _lines(data: bytes) -> list[str]:
    if len(data) > MAX_SIZE:
        raise MalformedDescription("SDP Too Large")
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")
    if "\0" in text or "\r" in text:
        raise MalformedDescription("Control Character in SDP")
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise MalformedDescription("Too Many SDP Lines")
    if len(text) > MAX_LINE and any(len(line) > MAX_LINE for line in lines):
        raise MalformedDescription("SDP Line Too Long")
    return lines


def _parse_origin(value: str) -> tuple[str, int, int, str]:
    """``o=`` (§5.2): user name, session id, version, address."""
    words = value.split()
    if len(words) != 6 or words[3].upper() != "IN":
        raise MalformedDescription("Bad SDP Origin")
    session_id, version = (_number(word, 2**64 - 1) for word in words[1:3])
    return words[0], session_id, version, _address(words[5])


def _address_of_c(value: str) -> str:
    """``c=`` (§5.7): the address, without a multicast TTL."""
    words = value.split()
    if len(words) != 3 or words[0].upper() != "IN":
        raise MalformedDescription("Bad SDP Connection")
    return _address(words[2].partition("/")[0])


def _read_attribute(section: _Section, attribute: str) -> None:
    """Take one ``a=`` into the section; those that we do not know say nothing to us."""
    name, colon, value = attribute.partition(":")
    match name:
        case "rtpmap":
            key, _, mapped = value.strip().partition(" ")
            section.maps.setdefault(key, mapped.strip())
        case "fmtp":
            key, _, parameters = value.strip().partition(" ")
            section.parameters.setdefault(key, parameters.strip())
        case "ptime":
            section.packet_ms = _packet_ms(value.strip())
        case "rtcp":
            section.rtcp_port = _number(value.strip().partition(" ")[0], 65535) or None
        case "rtcp-mux":
            section.rtcp_mux = True
        case "crypto" if len(section.crypto) < MAX_CRYPTO:
            read = parse_crypto(value)
            section.crypto += () if read is None else (read,)
        case _ if not colon and (direction := _DIRECTIONS.get(name)) is not None:
            section.direction = direction


def _parse_media(value: str, section: _Section, session: _Section) -> MediaDescription:
    """``m=`` (§5.14) and the attributes under it."""
    words = value.split()
    if len(words) < 4:
        raise MalformedDescription("Bad SDP Media")
    kind, port, protocol, *names = words
    if _TOKEN.fullmatch(kind) is None or _PROTOCOL.fullmatch(protocol) is None:
        raise MalformedDescription("Bad SDP Media")
    if len(names) > MAX_FORMATS:
        raise MalformedDescription("Too Many SDP Formats")
    number = _number(port.partition("/")[0], 65535)
    address = section.address or session.address
    if number and not address:
        raise MalformedDescription("SDP Without Connection")
    is_rtp = "RTP/" in protocol.upper()
    return MediaDescription(
        kind=kind.lower(),
        port=number,
        protocol=protocol,
        formats=_formats(names, section) if is_rtp else (),
        raw_formats=() if is_rtp else tuple(names),
        address=address,
        direction=section.direction or session.direction or Direction.SENDRECV,
        rtcp_port=section.rtcp_port,
        rtcp_mux=section.rtcp_mux,
        rtcp_off=_is_rtcp_off(session.bandwidths | section.bandwidths),
        packet_ms=section.packet_ms or session.packet_ms,
        crypto=section.crypto,
    )


def _is_rtcp_off(bandwidths: dict[str, str]) -> bool:
    """Whether neither senders nor receivers have any bandwidth for RTCP (RFC 3556 §2)."""
    return all(bandwidths.get(kind) == "0" for kind in ("RS", "RR"))


def _formats(names: list[str], section: _Section) -> tuple[Format, ...]:
    maps, parameters = section.maps, section.parameters
    return tuple(
        [_format(name, maps.get(name, ""), parameters.get(name, "")) for name in names]
    )


@lru_cache(maxsize=512)
def _format(name: str, mapped: str, parameters: str) -> Format:
    """A format, its ``rtpmap`` (§6.6: name/clock rate/channels) and its ``fmtp``.

    Kept, because all the world writes the same few.
    """
    payload_type = _number(name, 127)
    encoding, clock_rate, channels = "", 8000, 1
    if mapped:
        encoding, *numbers = mapped.split("/")
        if _TOKEN.fullmatch(encoding) is None or not 1 <= len(numbers) <= 2:
            raise MalformedDescription("Bad SDP rtpmap")
        clock_rate = _number(numbers[0], 10_000_000)
        channels = _number(numbers[1], 255) if len(numbers) == 2 else 1
    elif (static := STATIC.get(payload_type)) is not None:
        encoding, clock_rate = static.encoding, static.clock_rate
    return Format(
        payload_type=payload_type,
        encoding=registered_name(encoding),
        clock_rate=clock_rate,
        channels=channels,
        parameters=parameters,
    )


def _packet_ms(value: str) -> int | None:
    """``ptime`` in whole milliseconds; it is advice, so nonsense in it is no error."""
    whole = value.partition(".")[0]
    if not (whole.isascii() and whole.isdigit()) or len(whole) > 4:
        return None
    return int(whole) or None


def _address(text: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise MalformedDescription("Bad SDP Address")
    return text


def _number(text: str, maximum: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 20:
        raise MalformedDescription("Bad SDP Number")
    number = int(text)
    if number > maximum:
        raise MalformedDescription("SDP Number Too Large")
    return number
