"""Descriptions to text: the reverse of :mod:`~b2bua.sip.sdp.parser`."""

from b2bua.core.errors import InvalidState
from b2bua.sip.sdp.codecs import STATIC
from b2bua.sip.sdp.description import Format, MediaDescription, SessionDescription


def serialize_description(description: SessionDescription) -> bytes:
    """The bytes of a description.

    Raises :class:`InvalidState` on CR, LF or NUL in a value.
    """
    lines = [
        "v=0",
        f"o={description.username} {description.session_id} {description.version} "
        f"IN {_typed(description.origin_address)}",
        "s=-",
    ]
    if description.address:
        lines.append(f"c=IN {_typed(description.address)}")
    lines.append("t=0 0")
    for media in description.media:
        lines += _media_lines(media, description.address)
    text = "\r\n".join(lines) + "\r\n"
    breaks = len(lines)
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise InvalidState("CR, LF or NUL in a session description")
    return text.encode("utf-8")


def _media_lines(media: MediaDescription, session_address: str) -> list[str]:
    """One m= section; of a refused stream nothing but its m= line (RFC 3264 §6)."""
    names = media.raw_formats or [str(format_.payload_type) for format_ in media.formats]
    lines = [f"m={media.kind} {media.port} {media.protocol} {' '.join(names) or '0'}"]
    if media.address and media.address != session_address:
        lines.append(f"c=IN {_typed(media.address)}")
    if media.port == 0:
        return lines
    if media.rtcp_off:
        lines += ["b=RS:0", "b=RR:0"]
    for format_ in media.formats:
        lines += _format_lines(format_)
    if media.packet_ms is not None:
        lines.append(f"a=ptime:{media.packet_ms}")
    if media.rtcp_port is not None:
        lines.append(f"a=rtcp:{media.rtcp_port}")
    if media.rtcp_mux:
        lines.append("a=rtcp-mux")
    lines += [f"a=crypto:{crypto.line}" for crypto in media.crypto]
    lines.append(f"a={media.direction.value}")
    return lines


def _format_lines(format_: Format) -> list[str]:
    lines: list[str] = []
    if format_.encoding:
        channels = f"/{format_.channels}" if format_.channels != 1 else ""
        lines.append(
            f"a=rtpmap:{format_.payload_type} "
            f"{format_.encoding}/{format_.clock_rate}{channels}"
        )
    elif format_.payload_type in STATIC:
        raise InvalidState(f"Payload type {format_.payload_type} has a name")
    if format_.parameters:
        lines.append(f"a=fmtp:{format_.payload_type} {format_.parameters}")
    return lines


def _typed(address: str) -> str:
    return f"IP6 {address}" if ":" in address else f"IP4 {address}"
