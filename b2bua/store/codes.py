"""One-time codes of an authenticator app (TOTP, RFC 6238), and codes for when it is lost.

A code is good once: the step that it belongs to is remembered. Of recovery codes only
hashes are kept; they are drawn at random, so a fast hash will do.
"""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp

from b2bua.store.pool import Database

STEP_SECONDS: Final = 30
DRIFT: Final = 1
"""Steps that a phone's clock may be off."""
RECOVERY_CODES: Final = 10
ISSUER: Final = "b2bua 400"


def address_of(secret: str, number: str, name: str) -> str:
    """What an authenticator app reads from a picture (``otpauth:``)."""
    label = f"{number} {name}".strip()
    address: str = pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=ISSUER)
    return address


class Codes:
    """The second keys of accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def draft(self, number: str, name: str) -> str:
        """A new secret, asked for only once a code of it was given."""
        secret = pyotp.random_base32()
        async with self._database.connection() as connection:
            await connection.execute(
                "update account set totp_secret = $3"
                " where number = $1 and name = $2 and not totp_on",
                number,
                name,
                secret,
            )
        return secret

    async def confirm(
        self, number: str, name: str, code: str, at: datetime
    ) -> list[str] | None:
        """Ask for codes from now on; the recovery codes. None for a wrong code."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                "select totp_secret from account where number = $1 and name = $2"
                " and not totp_on and totp_secret <> '' for update",
                number,
                name,
            )
            step = None if row is None else _step(row["totp_secret"], code, at)
            if step is None:
                return None
            await connection.execute(
                "update account set totp_on = true, totp_step = $3"
                " where number = $1 and name = $2",
                number,
                name,
                step,
            )
            drawn = [_drawn() for _ in range(RECOVERY_CODES)]
            await connection.execute(
                "delete from recovery_code where number = $1 and name = $2", number, name
            )
            await connection.execute(
                "insert into recovery_code select $1, $2, unnest($3::bytea[])",
                number,
                name,
                [_hashed(one) for one in drawn],
            )
        return drawn

    async def take(self, number: str, name: str, code: str, at: datetime) -> bool:
        """Whether this is a code that was not used yet; now it is."""
        async with self._database.transaction() as connection:
            secret: str | None = await connection.fetchval(
                "select totp_secret from account"
                " where number = $1 and name = $2 and totp_on for update",
                number,
                name,
            )
            if secret is None:
                return False
            step = _step(secret, code, at)
            if step is not None:
                done: str = await connection.execute(
                    "update account set totp_step = $3"
                    " where number = $1 and name = $2 and totp_step < $3",
                    number,
                    name,
                    step,
                )
                return done == "UPDATE 1"
            done = await connection.execute(
                "delete from recovery_code"
                " where number = $1 and name = $2 and code_hash = $3",
                number,
                name,
                _hashed(code),
            )
        return done == "DELETE 1"

    async def drop(self, number: str, name: str) -> None:
        """Ask for the password alone again."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "update account set totp_on = false, totp_secret = ''"
                " where number = $1 and name = $2",
                number,
                name,
            )
            await connection.execute(
                "delete from recovery_code where number = $1 and name = $2", number, name
            )

    async def left(self, number: str, name: str) -> int:
        """Recovery codes that were not used yet."""
        async with self._database.connection() as connection:
            found: int = await connection.fetchval(
                "select count(*) from recovery_code where number = $1 and name = $2",
                number,
                name,
            )
        return found


def _step(secret: str, code: str, at: datetime) -> int | None:
    """The step that a code belongs to, around ``at``; None for a wrong code."""
    given = "".join(code.split())
    if not (len(given) == 6 and given.isascii() and given.isdecimal()):
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(generator.generate_otp(step), given):
            found = step
    return found


def _drawn() -> str:
    return f"{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def _hashed(code: str) -> bytes:
    plain = "".join(code.lower().split())
    return hashlib.sha256(plain.encode("utf-8", "replace")).digest()
