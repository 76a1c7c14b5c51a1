"""Where the searches begin: the torture messages, and what ordinary peers send."""

from pathlib import Path
from typing import Final

TORTURE: Final = tuple(
    path.read_bytes()
    for folder in ("torture", "ipv6")
    for path in sorted((Path(__file__).parents[1] / "rfc" / folder).glob("*.sip"))
)

_HEAD: Final = (
    b"Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bKseed;rport\r\n"
    b'Max-Forwards: 70\r\nFrom: "Seed" <sip:13800138000@127.0.1.1>;tag=far\r\n'
    b"To: <sip:4006001234@127.0.2.1>\r\nCall-ID: seed\r\n"
    b"Contact: <sip:far@127.0.1.1:5060>\r\n"
)
OFFER: Final = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.1.1\r\ns=-\r\nc=IN IP4 127.0.1.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    b"a=rtcp:20001\r\n"
)
DESCRIPTIONS: Final = (
    OFFER,
    OFFER.replace(b"a=sendrecv", b"a=sendonly"),
    OFFER.replace(b"127.0.1.1", b"0.0.0.0"),
    b"v=0\r\no=jdoe 2890844526 2890842807 IN IP6 ::1\r\ns=\r\nt=0 0\r\n"
    b"m=audio 0 RTP/AVP 0\r\nm=video 51372 RTP/AVP 99\r\nc=IN IP6 ff1e::1/3\r\n"
    b"a=rtpmap:99 h263-1998/90000\r\nm=audio 4000/2 RTP/SAVP 18 8\r\nc=IN IP6 ::1\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b"A" * 40 + b"\r\n",
)


def _request(method: bytes, more: bytes = b"", body: bytes = b"") -> bytes:
    return (
        method
        + b" sip:4006001234@127.0.2.1 SIP/2.0\r\n"
        + _HEAD
        + b"CSeq: 1 "
        + method
        + b"\r\n"
        + more
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body
    )


MESSAGES: Final = (
    *TORTURE,
    _request(
        b"INVITE",
        b"Content-Type: application/sdp\r\nSupported: 100rel, timer\r\n"
        b"Session-Expires: 1800;refresher=uas\r\nMin-SE: 90\r\nAllow: INVITE, BYE\r\n"
        b"P-Asserted-Identity: <tel:+8613800138000>\r\nPrivacy: id\r\n"
        b"Diversion: <sip:1@h>;reason=user-busy;counter=2\r\n"
        b"History-Info: <sip:1@h>;index=1, <sip:2@h>;index=1.1\r\n",
        OFFER,
    ),
    _request(
        b"INVITE",
        b"Content-Type: multipart/mixed;boundary=b\r\nRequire: 100rel\r\n",
        b"--b\r\nContent-Type: application/sdp\r\n\r\n" + OFFER + b"\r\n--b--\r\n",
    ),
    _request(b"OPTIONS", b"Accept: application/sdp\r\n"),
    _request(b"ACK"),
    _request(b"BYE", b'Reason: Q.850;cause=16;text="bye"\r\n'),
    _request(b"CANCEL", b"Reason: SIP;cause=200\r\n"),
    _request(
        b"INFO", b"Content-Type: application/dtmf-relay\r\n", b"Signal=5\r\nDuration=160"
    ),
    _request(b"PRACK", b"RAck: 1 1 INVITE\r\n"),
    _request(
        b"REGISTER",
        b'Authorization: Digest username="u", realm="r", nonce="n", uri="sip:r", '
        b'response="00", qop=auth, nc=00000001, cnonce="c"\r\nExpires: 3600\r\n',
    ),
    b"SIP/2.0 401 Unauthorized\r\n"
    + _HEAD
    + b'CSeq: 1 INVITE\r\nWWW-Authenticate: Digest realm="r", nonce="n", '
    b'algorithm=SHA-256, qop="auth,auth-int", opaque="o", stale=true\r\n\r\n',
    b"SIP/2.0 183 Session Progress\r\n"
    + _HEAD
    + b"CSeq: 1 INVITE\r\nRequire: 100rel\r\nRSeq: 1\r\nRecord-Route: <sip:h;lr>\r\n"
    b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(OFFER) + OFFER,
)

SIP_WORDS: Final = (
    *(b"\r\n", b"\r\n ", b"\r\n\r\n", b"\r", b"\n", b":", b";", b",", b"<", b">", b'"'),
    *(b"\\", b"%00", b"%0d%0a", b"@", b"=", b"sip:", b"sips:", b"tel:+1", b"[::1]", b"*"),
    *(b"SIP/2.0", b"SIP/2.0/TCP x", b"INVITE", b"BYE", b"1 INVITE", b"z9hG4bK", b";tag="),
    *(b";rport", b";received=", b";branch=", b";lr", b";maddr=224.0.0.1", b"?Route=%3C"),
    *(b"Via", b"v", b"From", b"f", b"To", b"t", b"Call-ID", b"i", b"CSeq", b"Contact"),
    *(b"Route", b"Record-Route", b"Content-Length", b"l", b"Content-Type", b"Require"),
    *(b"Supported", b"RSeq", b"RAck", b"Session-Expires", b"Min-SE", b"Max-Forwards"),
    *(b"application/sdp", b"multipart/mixed;boundary=b", b"--b", b"--b--", b"100rel"),
    *(b"timer", b"\xff\xfe", b"\xe4\xbd\xa0", b"\xc4\xe3", b"Retry-After", b"Allow"),
)
SDP_WORDS: Final = (
    *(b"\r\n", b"\n", b"=", b" ", b"/", b":", b"v=", b"o=", b"s=", b"c=", b"t=", b"m="),
    *(b"a=", b"b=", b"k=", b"z=", b"m=audio 1 RTP/AVP 0\r\n", b"IN IP4 ", b"IN IP6 "),
    *(b"a=rtpmap:", b"a=fmtp:", b"a=ptime:", b"a=rtcp:", b"a=inactive", b"a=rtcp-mux"),
    *(b"PCMA/8000", b"telephone-event/8000", b"224.2.1.1/127/3", b"::", b"RTP/SAVP"),
    *(b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:", b"0.0.0.0", b"101", b"65536"),
)
