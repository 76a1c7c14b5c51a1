"""The table of trunk states, and the accounts of phones."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from b2bua.store.errors import Rejected
from b2bua.store.phones import Phones
from b2bua.store.plans import Plans
from b2bua.store.pool import Database
from b2bua.store.tenant import Tenant
from b2bua.store.trunks import TrunkBoard, TrunkStatus

UP = TrunkStatus(
    node="n1",
    trunk="unicom",
    address="udp:192.0.2.1:5060",
    state="up",
    since=datetime(2026, 3, 31, 12, 0, tzinfo=UTC),
    calls=3,
    registered=True,
)
DOWN = replace(UP, address="udp:192.0.2.2:5060", state="down", detail="no answer")


async def test_each_announcement_replaces_what_the_node_said(database: Database) -> None:
    board = TrunkBoard(database)
    other = replace(UP, node="n2")
    await board.announce("n2", [other])
    await board.announce("n1", [DOWN, UP])
    assert await board.all() == [UP, DOWN, other]
    await board.announce("n1", [replace(UP, state="probing")])
    assert await board.all() == [replace(UP, state="probing"), other]


async def test_a_node_that_is_gone_is_forgotten_after_a_day(
    dsn: str, database: Database
) -> None:
    board = TrunkBoard(database)
    await board.announce("n2", [replace(UP, node="n2")])
    connection = await asyncpg.connect(dsn)
    await connection.execute("update trunk_status set told_at = now() - interval '2 days'")
    await connection.close()
    await board.announce("n1", [UP])
    assert await board.all() == [UP]


async def test_a_phone_is_kept_as_hashes_alone(dsn: str, database: Database) -> None:
    phones = Phones(database)
    assert await phones.put("801", "b2bua", "correct horse", "前台")
    [kept] = await phones.all()
    secret = b"801:b2bua:correct horse"
    assert kept.md5 == hashlib.md5(secret, usedforsecurity=False).hexdigest()
    assert kept.sha256 == hashlib.sha256(secret).hexdigest()
    assert kept.md5 not in repr(kept)
    assert not await phones.put("801", "b2bua", "another one")
    assert (await phones.all())[0].md5 != kept.md5
    assert await phones.remove("801")
    assert not await phones.remove("801")
    assert await phones.all() == []


@pytest.mark.parametrize(
    ("extension", "password"),
    [("8", "long enough"), ("80a", "long enough"), ("801", "short"), ("801", "a\nbcdefgh")],
)
async def test_useless_accounts_are_rejected(
    database: Database, extension: str, password: str
) -> None:
    with pytest.raises(Rejected):
        await Phones(database).put(extension, "b2bua", password)


async def test_a_phone_is_of_one_number_or_of_the_house(database: Database) -> None:
    phones = Phones(database)
    await phones.put("801", "realm", "password", number="4006001234")
    await phones.put("802", "realm", "password")
    assert await phones.owners() == {"801": "4006001234", "802": ""}
    await phones.put("801", "realm", "another password")
    assert (await phones.all())[0].number == "4006001234"
    assert await phones.give("801", "")
    assert await phones.give("802", "4006005678")
    assert not await phones.give("803", "")
    assert await phones.owners() == {"801": "", "802": "4006005678"}
    snapshot = await Plans(database).snapshot({})
    assert snapshot.phones == {"801": "", "802": "4006005678"}


async def test_a_tenant_knows_its_own_phones_and_no_passwords(database: Database) -> None:
    phones = Phones(database)
    await phones.put("801", "realm", "password", number="4006001234")
    await phones.put("802", "realm", "password")
    await phones.put("803", "realm", "password", number="4006005678")
    tenant = Tenant(database, "4006001234")
    surroundings = await tenant.surroundings()
    assert surroundings.phones == {"801": "4006001234", "802": ""}
    async with tenant.database.transaction() as connection:
        rows = await connection.fetch("select extension from phone")
    assert [row["extension"] for row in rows] == ["801"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant.database.transaction() as connection:
            await connection.fetch("select md5 from phone")
