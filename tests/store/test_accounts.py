"""Passwords are kept as argon2 hashes and as nothing else."""

import logging
from datetime import UTC, datetime, timedelta

import asyncpg
import pyotp
import pytest
from argon2 import PasswordHasher

from b2bua.store import accounts
from b2bua.store.accounts import Accounts
from b2bua.store.codes import Codes
from b2bua.store.errors import Rejected
from b2bua.store.pool import Database
from b2bua.store.roles import FIRST, Right, Role
from b2bua.store.tokens import Tokens


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(accounts, "HASHER", cheap)
    accounts._nobody.cache_clear()


async def hash_of(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    found: str = await connection.fetchval("select hash from account")
    await connection.close()
    return found


async def test_a_password_is_verified_and_changed(dsn: str, database: Database) -> None:
    kept = Accounts(database)
    await kept.set_password("4006001234", "correct horse")
    assert await kept.verify("4006001234", "correct horse")
    assert not await kept.verify("4006001234", "correct horsf")
    assert not await kept.verify("4006001234", "")
    assert not await kept.verify("4006001234", "x" * 1_000_000)
    assert not await kept.verify("4006009999", "correct horse")
    first = await hash_of(dsn)
    assert first.startswith("$argon2id$")
    await kept.set_password("4006001234", "another one")
    assert await hash_of(dsn) != first
    assert not await kept.verify("4006001234", "correct horse")
    assert await kept.verify("4006001234", "another one")
    assert await kept.remove("4006001234")
    assert not await kept.verify("4006001234", "another one")


async def test_a_weak_hash_is_renewed_when_the_password_is_given(
    dsn: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Accounts(database)
    await kept.set_password("4006001234", "correct horse")
    weak = await hash_of(dsn)
    stronger = PasswordHasher(time_cost=2, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(accounts, "HASHER", stronger)
    assert not await kept.verify("4006001234", "wrong")
    assert await hash_of(dsn) == weak
    assert await kept.verify("4006001234", "correct horse")
    assert "t=2" in await hash_of(dsn)
    assert await kept.verify("4006001234", "correct horse")


async def test_no_password_opens_an_account_that_is_not_there(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_nobody", lambda: accounts.HASHER.hash("correct horse"))
    assert not await Accounts(database).verify("4006009999", "correct horse")


@pytest.mark.parametrize("password", ["", "12345", "x" * 129])
async def test_useless_passwords_are_refused(database: Database, password: str) -> None:
    with pytest.raises(Rejected, match="6 to 128"):
        await Accounts(database).set_password("4006001234", password)


async def test_a_reset_ends_codes_and_tokens_of_that_user_alone(
    database: Database,
) -> None:
    number, at = "4006001234", datetime(2026, 11, 22, tzinfo=UTC)
    kept, codes, tokens = Accounts(database), Codes(database), Tokens(database)
    await kept.set_password(number, "correct horse")
    await kept.add(number, "wang", Role.VIEWER, "battery staple")
    for name in (FIRST, "wang"):
        secret = await codes.draft(number, name)
        assert await codes.confirm(number, name, pyotp.TOTP(secret).at(at), at)
        await tokens.make(number, name, "till", {Right.LOOK}, at + timedelta(days=9))
    await kept.reset(number, "another one", "wang")
    assert await kept.verify(number, "another one", "wang")
    left = {one.name: one.codes for one in await kept.users(number)}
    assert left == {FIRST: True, "wang": False}
    assert await codes.left(number, "wang") == 0
    assert [one.name for one in await tokens.of(number)] == [FIRST]


async def test_nothing_of_it_is_logged(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = Accounts(database)
    await kept.set_password("4006001234", "correct horse")
    await kept.verify("4006001234", "correct horse")
    assert "argon2" not in caplog.text
    assert "horse" not in caplog.text
