"""Which RFC is obeyed where: ``docs/rfc.md``, made from what the code cites.

    python -m tests.architecture.rfc_index

writes the page again; ``make format`` does it too.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from tests.architecture.sources import PROGRAM, ROOT

PAGE: Final = ROOT / "docs" / "rfc.md"
CITATION: Final = re.compile(r"\bRFCs? ?(\d{3,5})((?:(?:, | and | to )(?:RFC )?\d{4})*)")
SUFFIXES: Final = {".py", ".pyi", ".c", ".h"}
TITLES: Final = {
    1035: "Domain names: implementation and specification",
    2046: "MIME: media types",
    2069: "Digest access authentication, first edition",
    2474: "Differentiated services field",
    2543: "SIP, first edition",
    2617: "HTTP authentication: basic and digest",
    2782: "DNS SRV records",
    3246: "An expedited forwarding per-hop behaviour",
    3261: "SIP: Session Initiation Protocol",
    3262: "Reliability of provisional responses (PRACK)",
    3263: "Locating SIP servers",
    3264: "Offer/answer model with SDP",
    3311: "UPDATE",
    3323: "Privacy mechanism for SIP",
    3325: "P-Asserted-Identity",
    3326: "Reason header field",
    3398: "ISUP to SIP mapping",
    3403: "Naming authority pointer (NAPTR) records",
    3489: "STUN, first edition",
    3515: "REFER",
    3550: "RTP: real-time transport protocol",
    3551: "RTP profile for audio and video",
    3556: "Bandwidth modifiers for RTCP in SDP",
    3581: "Symmetric response routing (rport)",
    3605: "RTCP attribute in SDP",
    3611: "RTCP extended reports",
    3665: "SIP basic call flow examples",
    3711: "SRTP: secure real-time transport protocol",
    3834: "Automatic responses to electronic mail",
    3840: "Indicating user agent capabilities",
    3891: "Replaces header field",
    3960: "Early media and ringing tone generation",
    3966: "The tel URI",
    4028: "Session timers",
    4244: "History-Info, first edition",
    4291: "IPv6 addressing architecture",
    4320: "Actions addressing issues with the non-INVITE transaction",
    4458: "SIP URIs for voicemail and IVR",
    4475: "SIP torture test messages",
    4566: "SDP, second edition",
    4568: "SDP security descriptions for media streams",
    4594: "Classes of differentiated service",
    4648: "Base64, base32 and base16",
    4733: "RTP payload for DTMF digits and telephony events",
    5118: "SIP torture test messages for IPv6",
    5009: "P-Early-Media",
    5234: "ABNF",
    5321: "Simple Mail Transfer Protocol",
    5407: "Example call flows of race conditions",
    5621: "Message body handling in SIP",
    5626: "Managing client-initiated connections (outbound)",
    5630: "sips: URIs",
    5737: "IPv4 address blocks reserved for documentation",
    5761: "Multiplexing RTP and RTCP on one port",
    5806: "Diversion indication",
    5922: "Domain certificates in SIP",
    5923: "Connection reuse in SIP",
    6026: "Correct transaction handling for 2xx responses to INVITE",
    6052: "IPv6 addressing of IPv4/IPv6 translators",
    6157: "IPv6 transition in SIP",
    6188: "AES-192 and AES-256 in SRTP",
    6228: "Response code for the end of an early dialog (199)",
    6238: "TOTP: time-based one-time passwords",
    6337: "SIP usage of the offer/answer model",
    6455: "The WebSocket protocol",
    6665: "SIP-specific event notification",
    6724: "Default address selection for IPv6",
    7022: "Choosing RTCP CNAMEs",
    7044: "History-Info",
    7092: "A taxonomy of SIP back-to-back user agents",
    7118: "WebSocket as a transport for SIP",
    7315: "Private header extensions for 3GPP",
    7332: "Loop detection by back-to-back user agents",
    7544: "Mapping between Diversion and History-Info",
    7616: "HTTP digest access authentication",
    8643: "Opportunistic SRTP",
    8760: "Digest algorithms in SIP",
    8866: "SDP: Session Description Protocol",
    9110: "HTTP semantics",
}
"""Our short words for each, not always the document's own title."""
HEAD: Final = """\
# Which RFC is obeyed where

Made from the citations in `b2bua/` and `media/` by `make format`; `docs/architecture.md`
tells what the folders are.

| RFC | is about | cited in |
|---|---|---|
"""


def cited(text: str) -> set[int]:
    """The numbers that a text cites, ``RFC 3261``, ``RFCs 3264 and 6337`` alike."""
    numbers: set[int] = set()
    for first, more in CITATION.findall(text):
        numbers |= {int(first), *map(int, re.findall(r"\d{4}", more))}
    return numbers


def citations(root: Path = ROOT) -> dict[int, list[str]]:
    """Each RFC that the program cites, and the files that do."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for folder in PROGRAM:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                for number in cited(path.read_text(encoding="utf-8")):
                    found[number].append(path.relative_to(root).as_posix())
    return dict(sorted(found.items()))


def page() -> str:
    """What ``docs/rfc.md`` should say."""
    rows = [
        f"| {number} | {TITLES.get(number, '')} | {', '.join(map(link, files))} |\n"
        for number, files in citations().items()
    ]
    return HEAD + "".join(rows)


def link(path: str) -> str:
    """A file as the page names it."""
    return f"[{path}](../{path})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
