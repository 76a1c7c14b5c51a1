"""What a value must look like beyond its type: one function a field, pure.

Each returns what is wrong in a few words, or an empty string.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from typing import Final, cast

from b2bua.config.settings import Addresses, Hop
from b2bua.core.address import Address
from b2bua.report.timetable import is_address
from b2bua.sip.dialog.terms import METHODS
from b2bua.sip.endpoint.manners import HIGHEST_CAUSE
from b2bua.sip.message.errors import MalformedMessage
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.transport.identity import FINGERPRINT, is_fingerprint

Check = Callable[[object], str]

_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?")
_PRICE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
_PATTERN: Final = re.compile(r"[0-9+?]{0,40}\*|[0-9+?]{1,40}")
_PREFIX: Final = re.compile(r"\+?[0-9]{0,20}")
_CODE: Final = re.compile(r"[0-9]{1,3}")
_AREA: Final = re.compile(r"(0[0-9]{2,3})?")
SHORTEST_PASSWORD: Final = 8
"""Of accounts that are let in by digest."""
SUPPORTED: Final = ("udp", "tcp", "tls", "ws", "wss")


def split_address(text: str) -> Address:
    """``127.0.0.1:8400`` or ``[::1]:8400``; raises ValueError with what is wrong."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{text!r}: write an IPv6 address in brackets")
    if not colon or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{text!r} is not ADDRESS:PORT")
    return str(ip_address(host)), int(port)


def split_listener(text: str) -> tuple[str, Address]:
    """``udp:127.0.0.1:5060``; raises ValueError with what is wrong."""
    transport, colon, rest = text.partition(":")
    if not colon or transport not in SUPPORTED:
        known = ", ".join(f"{one}:" for one in SUPPORTED)
        raise ValueError(f"{text!r} is none of {known} then ADDRESS:PORT")
    return transport, split_address(rest)


def _listeners(value: object) -> str:
    texts = cast(Sequence[str], value)
    if not texts:
        return "at least one is needed"
    try:
        found = [split_listener(text) for text in texts]
    except ValueError as error:
        return str(error)
    if len(set(found)) < len(found):
        return "one is given twice"
    return ""


def _address(value: object) -> str:
    try:
        split_address(cast(str, value))
    except ValueError as error:
        return str(error)
    return ""


def _address_or_none(value: object) -> str:
    return "" if value == "" else _address(value)


def _literals(value: object) -> str:
    if fault := _bound(value):
        return fault
    for text in addresses(cast(Addresses, value)):
        if ip_address(text).is_unspecified:
            return f"{text} is no address that anybody can send to"
    return ""


def _bound(value: object) -> str:
    versions = set()
    for text in addresses(cast(Addresses, value)):
        try:
            version = ip_address(text).version
        except ValueError:
            return f"{text!r} is no IP address"
        if version in versions:
            return f"{text} is the second of IPv{version}"
        versions.add(version)
    return ""


def addresses(given: Addresses) -> tuple[str, ...]:
    """One, several or none, as a tuple."""
    if isinstance(given, str):
        return (given,) if given else ()
    return given


def _ports(value: object) -> str:
    first, dash, last = cast(str, value).partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and len(last) <= 5):
        return f"{value!r} is not FIRST-LAST"
    if not 1024 <= int(first) < int(last) <= 65_535:
        return f"{value} is no range of ports from 1024 up"
    return ""


def _networks(value: object) -> str:
    for text in cast(Sequence[str], value):
        try:
            ip_network(text, strict=False)
        except ValueError:
            return f"{text!r} is no network such as 192.0.2.0/24"
    return ""


def _certificates(value: object) -> str:
    for text in cast(Sequence[str], value):
        if text.lower().startswith(FINGERPRINT):
            if not is_fingerprint(text):
                return f"{text!r}: sha256: needs 64 hexadecimal digits"
        elif _DOMAIN.fullmatch(text) is None:
            return f"{text!r} is no name such as sip.example.com"
    return ""


def _hops(value: object) -> str:
    hops = (value,) if isinstance(value, str) else cast(Sequence[str | Hop], value)
    texts = [hop.uri if isinstance(hop, Hop) else hop for hop in hops]
    if 0 < sum(isinstance(hop, Hop) for hop in hops) < len(hops):
        return "either every address has a weight, or none"
    if len(set(texts)) < len(texts):
        return "one is given twice"
    for text in texts:
        try:
            uri = parse_uri(text) if text else None
        except MalformedMessage as error:
            return f"{text!r} is no SIP URI: {error.reason}"
        if uri is not None and not isinstance(uri, SipUri):
            return f"{text!r} is no SIP URI"
        if uri is not None and uri.user:
            return f"{text!r}: a next hop has no user part"
    return ""


def _pattern(value: object) -> str:
    matched = _PATTERN.fullmatch(cast(str, value))
    if matched:
        return ""
    return f"{value!r} is no pattern: digits, '+', '?' for any, and a last '*' for any rest"


def _prefix(value: object) -> str:
    matched = _PREFIX.fullmatch(cast(str, value))
    return "" if matched else f"{value!r} is no beginning of a number"


def _meanings(value: object) -> str:
    for key, cause in cast(Mapping[str, int], value).items():
        if not (_is_cause(key) or _is_status(key)):
            return f"{key!r} is neither a Q.850 cause nor a SIP status from 300 to 699"
        if not 1 <= cause <= HIGHEST_CAUSE:
            return f"{cause} is no Q.850 cause from 1 to {HIGHEST_CAUSE}"
    return ""


def _told(value: object) -> str:
    for key, status in cast(Mapping[str, int], value).items():
        if not _is_cause(key):
            return f"{key!r} is no Q.850 cause from 1 to {HIGHEST_CAUSE}"
        if not 400 <= status <= 699:
            return f"{status} is no final status from 400 to 699"
    return ""


def _is_cause(text: str) -> bool:
    return _CODE.fullmatch(text) is not None and 1 <= int(text) <= HIGHEST_CAUSE


def _is_status(text: str) -> bool:
    return _CODE.fullmatch(text) is not None and 300 <= int(text) <= 699


def _accounts(value: object) -> str:
    for name, password in cast(Mapping[str, str], value).items():
        if not name.isprintable() or ":" in name or not name:
            return f"{name!r} is no user name"
        if len(password) < SHORTEST_PASSWORD or not password.isprintable():
            return f"the password of {name!r} has fewer than {SHORTEST_PASSWORD} characters"
    return ""


def split_host(text: str) -> Address:
    """``mail.example.com:587``; raises ValueError with what is wrong."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if _DOMAIN.fullmatch(host) is None:
        raise ValueError(f"{host!r} is no name of a host")
    return host, int(port)


def _host_or_none(value: object) -> str:
    try:
        if value != "":
            split_host(cast(str, value))
    except ValueError as error:
        return str(error)
    return ""


def _mailbox(value: object) -> str:
    text = cast(str, value)
    if text == "" or (text.isprintable() and is_address(parseaddr(text)[1])):
        return ""
    return f"{text!r} is no sender such as 'Reports <reports@example.com>'"


def _methods(value: object) -> str:
    for text in cast(Sequence[str], value):
        if text not in METHODS:
            return f"{text!r} is none of {', '.join(METHODS)}"
    return ""


def _caller_id(value: object) -> str:
    text = cast(str, value)
    if text in ("caller", "number") or re.fullmatch(r"\+?[0-9]{3,20}", text):
        return ""
    return f"{text!r} is neither 'caller', 'number' nor a number"


def _area(value: object) -> str:
    return "" if _AREA.fullmatch(cast(str, value)) else f"{value!r} is no area code"


def _areas(value: object) -> str:
    for prefix, area in cast(Mapping[str, str], value).items():
        if not (prefix.isascii() and prefix.isdecimal()):
            return f"{prefix!r} is no prefix of a number"
        if not area or _area(area):
            return f"{area!r} is no area code"
    return ""


def _prefixes(value: object) -> str:
    for text in cast(Sequence[str], value):
        if not (text.isascii() and text.isdecimal()):
            return f"{text!r} is no prefix of a number"
    return ""


def _price(value: object) -> str:
    matched = _PRICE.fullmatch(cast(str, value))
    return "" if matched else f"{value!r} is no amount in yuan such as 0.40"


def _word(value: object) -> str:
    matched = _WORD.fullmatch(cast(str, value))
    return "" if matched else f"{value!r} is no name of letters, digits, '.', '-' and '_'"


def _word_or_none(value: object) -> str:
    return "" if value == "" else _word(value)


def _line(value: object) -> str:
    return "" if cast(str, value).isprintable() else "it holds control characters"


CHECKS: Final[Mapping[str, Check]] = {
    "data_dir": lambda value: "it must not be empty" if value == "" else _line(value),
    "node": _word_or_none,
    "sip.listen": _listeners,
    "sip.advertise": _literals,
    "sip.user_agent": _line,
    "sip.realm": lambda value: "it must not be empty" if value == "" else _line(value),
    "media.ports": _ports,
    "media.address": _bound,
    "web.listen": _address_or_none,
    "web.proxies": _networks,
    "metrics.listen": _address_or_none,
    "service.allowed_destinations": _prefixes,
    "service.area_overrides": _areas,
    "webhooks.networks": _networks,
    "mail.server": _host_or_none,
    "mail.from": _mailbox,
    "mail.user": _line,
    "mail.password": _line,
    "trunk.name": _word,
    "trunk.from": _networks,
    "trunk.certificate": _certificates,
    "trunk.to": _hops,
    "trunk.username": _line,
    "trunk.password": _line,
    "trunk.realm": _line,
    "trunk.domain": _word_or_none,
    "trunk.caller_id": _caller_id,
    "trunk.default_area": _area,
    "trunk.methods": _methods,
    "trunk.overflow": _word_or_none,
    "trunk.accounts": _accounts,
    "phones.from": _networks,
    "trunk.causes": _meanings,
    "trunk.statuses": _told,
    **{
        f"trunk.rewrite.{way}.{key}": check
        for way in ("called_in", "caller_in", "called_out", "caller_out")
        for key, check in (("match", _pattern), ("prepend", _prefix))
    },
    "tariff.name": _word,
    "tariff.unit_price": _price,
}
"""By the path of a field, without positions in a list."""
