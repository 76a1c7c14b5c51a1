"""Phones of one tenant, and of no other."""

from dataclasses import replace

import pytest

from b2bua.store.phones import Phones
from b2bua.web.portal import Portal
from tests.web.conftest import OURS, THEIRS, signed_in


@pytest.mark.parametrize(
    ("extension", "status"), [("801", 200), ("802", 200), ("803", 422), ("804", 422)]
)
async def test_a_tenant_publishes_what_rings_its_own_phones(
    portal: Portal, extension: str, status: int
) -> None:
    phones = Phones(portal.database)
    await phones.put("801", "realm", "password", number=OURS)
    await phones.put("802", "realm", "password")
    await phones.put("803", "realm", "password", number=THEIRS)
    known = replace(portal.known, trunks={"unicom", "phones"})
    async with signed_in(replace(portal, known=known)) as ours:
        plan = (await ours.get("/api/plan")).json()["plan"]
        plan["destinations"]["desk"] = {"number": extension, "trunk": "phones"}
        done = await ours.put("/api/plan", json={"plan": plan, "version": 1})
        assert done.status_code == status, done.text
        if status == 422:
            assert f"{extension} is no phone of this number" in done.text
            assert THEIRS not in done.text
