"""SRTP and SRTCP as RFC 3711 and RFC 6188 describe them, apart from libsrtp."""

import hmac
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SALT = 14
TAG = 10


def _stream(key: bytes, start: int, data: bytes) -> bytes:
    """AES in counter mode from a block number (§4.1.1)."""
    counter = modes.CTR(start.to_bytes(16, "big"))
    return Cipher(algorithms.AES(key), counter).encryptor().update(data)


class Srtp:
    """One direction under one master key."""

    def __init__(self, master: bytes, *, tag: int = TAG) -> None:
        self._master, salt = master[:-SALT], master[-SALT:]
        self._salt = int.from_bytes(salt, "big")
        self._tag = tag
        self._highest: dict[int, int] = {}
        self._reports = 0
        self._seen: set[tuple[bool, int, int]] = set()

    def seal(self, data: bytes, rtcp: bool = False) -> bytes | None:
        """The packet sealed, None if one of its number was sealed before."""
        ssrc = int.from_bytes(data[4:8] if rtcp else data[8:12], "big")
        if rtcp:
            self._reports += 1
            index = self._reports
            sealed = data[:8] + self._crypt(data[8:], ssrc, index, rtcp=True)
            sealed += (0x80000000 | index).to_bytes(4, "big")
            return sealed + self._sign(sealed, rtcp=True)
        index = self._index(ssrc, int.from_bytes(data[2:4], "big"))
        if (rtcp, ssrc, index) in self._seen:
            return None
        self._note(ssrc, index)
        sealed = data[:12] + self._crypt(data[12:], ssrc, index, rtcp=False)
        return sealed + self._sign(sealed + (index >> 16).to_bytes(4, "big"), rtcp=False)

    def open(self, data: bytes, rtcp: bool = False) -> bytes | None:
        """The packet in the clear, None if it is not authentic or was here before."""
        tag = TAG if rtcp else self._tag
        body, signed = data[:-tag], data[-tag:]
        if rtcp:
            if len(body) < 12 or not hmac.compare_digest(self._sign(body, True), signed):
                return None
            index = int.from_bytes(body[-4:], "big") & 0x7FFFFFFF
            ssrc = int.from_bytes(body[4:8], "big")
            return body[:8] + self._crypt(body[8:-4], ssrc, index, rtcp=True)
        if len(body) < 12:
            return None
        ssrc = int.from_bytes(body[8:12], "big")
        index = self._index(ssrc, int.from_bytes(body[2:4], "big"))
        if index < 0 or (rtcp, ssrc, index) in self._seen:
            return None
        known = self._sign(body + (index >> 16).to_bytes(4, "big"), rtcp=False)
        if not hmac.compare_digest(known, signed):
            return None
        self._note(ssrc, index)
        return body[:12] + self._crypt(body[12:], ssrc, index, rtcp=False)

    def _note(self, ssrc: int, index: int) -> None:
        self._seen.add((False, ssrc, index))
        self._highest[ssrc] = max(index, self._highest.get(ssrc, 0))

    def _index(self, ssrc: int, sequence: int) -> int:
        """The packet's index: the one nearest to the highest so far (§3.3.1)."""
        if ssrc not in self._highest:
            return sequence
        highest = self._highest[ssrc]
        rolled = (highest >> 16) << 16
        candidates = (rolled + turn + sequence for turn in (-0x10000, 0, 0x10000))
        return min(candidates, key=lambda index: abs(index - highest))

    def _derived(self, label: int, size: int) -> bytes:
        """A session key (§4.3.1)."""
        start = (self._salt ^ label << 48) << 16
        return _stream(self._master, start, bytes(size))

    def _crypt(self, data: bytes, ssrc: int, index: int, *, rtcp: bool) -> bytes:
        key = self._derived(3 * rtcp, len(self._master))
        salt = int.from_bytes(self._derived(3 * rtcp + 2, SALT), "big")
        return _stream(key, salt << 16 ^ ssrc << 64 ^ index << 16, data)

    def _sign(self, data: bytes, rtcp: bool) -> bytes:
        key = self._derived(3 * rtcp + 1, 20)
        return hmac.digest(key, data, sha1)[: TAG if rtcp else self._tag]
