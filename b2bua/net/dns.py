"""The little of DNS that ``getaddrinfo`` cannot do: SRV and NAPTR (RFC 1035, 2782, 3403).

Bytes in, values out; no socket. Reading is total: a value or :class:`MalformedReply`.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from b2bua.core.errors import ProtocolError

SRV: Final = 33
NAPTR: Final = 35

_HEADER: Final = struct.Struct("!HHHHHH")
_RECORD: Final = struct.Struct("!HHIH")
_RECURSION_DESIRED: Final = 0x0100
_INTERNET: Final = 1
_MAX_NAME: Final = 255
_MAX_RECORDS: Final = 64


class MalformedReply(ProtocolError):
    """What came is no DNS reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An SRV record: where a service runs."""

    priority: int
    weight: int
    port: int
    host: str
    ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A NAPTR record: under which name a service is to be looked for."""

    order: int
    preference: int
    flags: str
    """Lower case; ``s``: ``replacement`` has SRV records."""
    service: str
    """Upper case, as ``SIP+D2U``."""
    replacement: str
    ttl: int


Record: TypeAlias = Service | Pointer


@dataclass(frozen=True, slots=True)
class Reply:
    """What a name server said; a name that does not exist has no records."""

    identifier: int
    records: tuple[Record, ...]


def build_query(identifier: int, name: str, kind: int) -> bytes:
    """A question for the records of one kind. Raises ValueError on an impossible name."""
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    encoded = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if len(encoded) > _MAX_NAME or any(not 0 < len(label) < 64 for label in labels):
        raise ValueError(f"No DNS name: {name!r}")
    header = _HEADER.pack(identifier, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + encoded + struct.pack("!HH", kind, _INTERNET)


def parse_reply(data: bytes) -> Reply:
    """Read a reply; records of other kinds are passed over."""
    try:
        return _parse_reply(data)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise MalformedReply(str(error)) from error


def order_services(
    services: Sequence[Service], fraction: Callable[[], float]
) -> list[Service]:
    """Put services in the order to try them: priority, then weighted chance (RFC 2782).

    ``fraction`` gives random numbers in [0, 1).
    """
    ordered: list[Service] = []
    for priority in sorted({service.priority for service in services}):
        # Those of weight zero come first, so that they have a small chance (RFC 2782).
        group = sorted(
            (service for service in services if service.priority == priority),
            key=lambda service: service.weight,
        )
        while group:
            mark = fraction() * sum(service.weight for service in group)
            index = 0
            while index < len(group) - 1 and mark >= group[index].weight:
                mark -= group[index].weight
                index += 1
            ordered.append(group.pop(index))
    return ordered


def _parse_reply(data: bytes) -> Reply:
    identifier, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
    if not flags & 0x8000:
        raise MalformedReply("Not a reply")
    position = _HEADER.size
    for _ in range(min(questions, _MAX_RECORDS)):
        _, position = _read_name(data, position)
        position += 4
    records: list[Record] = []
    for _ in range(min(answers, _MAX_RECORDS)):
        _, position = _read_name(data, position)
        kind, _, ttl, length = _RECORD.unpack_from(data, position)
        position += _RECORD.size
        if position + length > len(data):
            raise MalformedReply("Truncated record")
        if kind == SRV:
            records.append(_read_service(data, position, ttl))
        elif kind == NAPTR:
            records.append(_read_pointer(data, position, ttl))
        position += length
    return Reply(identifier, tuple(records))


def _read_service(data: bytes, position: int, ttl: int) -> Service:
    priority, weight, port = struct.unpack_from("!HHH", data, position)
    host, _ = _read_name(data, position + 6)
    return Service(priority=priority, weight=weight, port=port, host=host, ttl=ttl)


def _read_pointer(data: bytes, position: int, ttl: int) -> Pointer:
    order, preference = struct.unpack_from("!HH", data, position)
    flags, position = _read_string(data, position + 4)
    service, position = _read_string(data, position)
    _, position = _read_string(data, position)
    replacement, _ = _read_name(data, position)
    return Pointer(
        order=order,
        preference=preference,
        flags=flags.lower(),
        service=service.upper(),
        replacement=replacement,
        ttl=ttl,
    )


def _read_string(data: bytes, position: int) -> tuple[str, int]:
    end = position + 1 + data[position]
    if end > len(data):
        raise MalformedReply("Truncated string")
    return data[position + 1 : end].decode("ascii"), end


def _read_name(data: bytes, position: int) -> tuple[str, int]:
    """Read a name, following compression pointers backwards only (RFC 1035 §4.1.4)."""
    labels: list[str] = []
    end = -1
    size = 0
    while length := data[position]:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | data[position + 1]
            if target >= position:
                raise MalformedReply("Pointer forward")
            end = position + 2 if end < 0 else end
            position = target
            continue
        size += length + 1
        if length > 63 or size > _MAX_NAME or position + 1 + length > len(data):
            raise MalformedReply("Bad name")
        labels.append(data[position + 1 : position + 1 + length].decode("ascii"))
        position += 1 + length
    return ".".join(labels), position + 1 if end < 0 else end
