"""Publication is all or nothing, and what is read back is what was published."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from b2bua.service.plan import Calendar, Caps, Forwarding, Tariff, TrunkRule
from b2bua.store.calendars import Calendars
from b2bua.store.errors import PlanRefused
from b2bua.store.plans import Draft, Plans, differences, prompt_name
from b2bua.store.pool import Database
from tests.store.builders import SOURCE, plan

WAV = b"RIFF....WAVE"
NAME = prompt_name(WAV)


def draft(number: str = "4006001234", **changes: object) -> Draft:
    return Draft(plan=plan(number, **changes), source=SOURCE)


async def test_a_published_plan_comes_back_as_it_was(database: Database) -> None:
    plans = Plans(database)
    [published] = await plans.publish([draft()])
    assert (published.version, published.new) == (1, True)
    snapshot = await plans.snapshot({"unicom": TrunkRule(name="unicom")})
    assert snapshot.plans == {"4006001234": plan(version=1)}
    assert snapshot.trunks == {"unicom": TrunkRule(name="unicom")}
    assert snapshot.tariffs == {"standard": Tariff(name="standard")}
    assert await plans.export("4006001234") == SOURCE


async def test_only_a_change_makes_a_version_and_says_what_changed(
    database: Database,
) -> None:
    plans = Plans(database)
    await plans.publish([draft(), draft("4006009999")])
    changed = draft(
        forwarding=Forwarding(busy=("two",), no_answer=("two",), max_forwards=3)
    )
    first, second = await plans.publish([changed, draft("4006009999")])
    assert (first.version, second.version) == (2, 1)
    assert first.changes == ("forwarding.max_forwards: 2 -> 3",)
    assert (second.changes, second.new) == ((), False)
    snapshot = await plans.snapshot({})
    assert snapshot.plans["4006001234"].forwarding.max_forwards == 3
    assert snapshot.plans["4006001234"].version == 2


async def test_text_that_means_the_same_is_kept_without_a_version(
    database: Database,
) -> None:
    plans = Plans(database)
    await plans.publish([draft()])
    [published] = await plans.publish([replace(draft(), source="# hello\n" + SOURCE)])
    assert (published.version, published.changes) == (1, ())
    assert (await plans.export("4006001234")).startswith("# hello")


async def test_one_bad_draft_publishes_none(database: Database) -> None:
    plans = Plans(database)
    missing = draft("4006009999", prompts={"hello": "plan/none.wav"})
    with pytest.raises(PlanRefused, match=r"prompt plan/none\.wav is missing"):
        await plans.publish([draft(), missing])
    with pytest.raises(PlanRefused, match="more than once"):
        await plans.publish([draft(), draft()])
    assert (await plans.snapshot({})).plans == {}


@pytest.mark.parametrize("name", ["../x.wav", "/etc/passwd", "a/../../b", ""])
async def test_a_prompt_cannot_leave_its_directory(database: Database, name: str) -> None:
    bad = replace(draft(prompts={"hello": name}), prompts={name: WAV})
    with pytest.raises(PlanRefused, match="cannot name a prompt"):
        await Plans(database).publish([bad])


async def test_prompts_are_stored_with_the_plan_and_written_out(
    database: Database, tmp_path: Path
) -> None:
    plans = Plans(database)
    with_prompt = replace(draft(prompts={"hello": NAME}), prompts={NAME: WAV})
    await plans.publish([with_prompt])
    await plans.publish([draft("4006009999", prompts={"same": NAME})])
    assert await plans.prompts("4006009999") == {NAME: WAV}
    written = await plans.materialise(tmp_path)
    assert written == [tmp_path / f"plan/{hashlib.sha256(WAV).hexdigest()}.wav"]
    assert written[0].read_bytes() == WAV
    assert await plans.materialise(tmp_path) == []


async def test_a_withdrawn_number_goes_and_its_versions_go_on(database: Database) -> None:
    plans = Plans(database)
    await plans.publish([draft()])
    assert await plans.withdraw("4006001234")
    assert not await plans.withdraw("4006001234")
    assert (await plans.snapshot({})).plans == {}
    with pytest.raises(PlanRefused, match="has no plan"):
        await plans.export("4006001234")
    [again] = await plans.publish([draft()])
    assert (again.version, again.new) == (2, True)


async def test_a_plan_that_cannot_be_read_takes_no_other_down(
    database: Database, dsn: str
) -> None:
    plans = Plans(database)
    await plans.publish([draft(), draft("4006009999")])
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "update plan_version set plan = plan - 'routes' where number like '%99'"
    )
    await connection.close()
    assert (await plans.snapshot({})).plans.keys() == {"4006001234"}
    assert plans.faults.keys() == {"4006009999"}


async def test_prices_have_versions(database: Database) -> None:
    plans = Plans(database)
    assert await plans.publish_tariff(Tariff(name="standard", version=9)) == 1
    assert await plans.publish_tariff(Tariff(name="standard", unit_seconds=6)) == 2
    assert (await plans.snapshot({})).tariffs["standard"] == Tariff(
        name="standard", version=2, unit_seconds=6
    )


async def test_a_year_of_the_calendar_is_replaced_whole(database: Database) -> None:
    plans, calendars = Plans(database), Calendars(database)
    old = Calendar(
        holidays=frozenset({date(2025, 1, 1), date(2026, 1, 1)}),
        workdays=frozenset({date(2026, 1, 4)}),
        years=frozenset({2025, 2026}),
    )
    await calendars.publish(old, "notice")
    assert (await plans.snapshot({})).calendar == old
    new = Calendar(holidays=frozenset({date(2026, 5, 1)}), years=frozenset({2026}))
    await calendars.publish(new, "notice")
    assert (await plans.snapshot({})).calendar == Calendar(
        holidays=frozenset({date(2025, 1, 1), date(2026, 5, 1)}),
        years=frozenset({2025, 2026}),
    )
    stray = Calendar(holidays=frozenset({date(2026, 5, 1)}))
    with pytest.raises(PlanRefused, match="in none of the calendar's years"):
        await calendars.publish(stray, "notice")


def test_secrets_are_named_and_not_shown() -> None:
    assert list(differences({"password": "1234"}, {"password": "9999"})) == [
        "password: changed"
    ]


async def test_caps_are_kept(database: Database) -> None:
    plans = Plans(database)
    caps = Caps(calls_per_month=10, calls_per_week=3, spend_per_month=500_000)
    await plans.publish([draft(caps=caps)])
    assert (await plans.snapshot({})).plans["4006001234"].caps == caps
