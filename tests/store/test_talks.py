"""With whom callers talked, asked of the records of all nodes."""

from datetime import datetime, timedelta
from typing import Final

import pytest

from b2bua.service.plan import Group, Mode
from b2bua.service.talks import LookUpTalk, Talked, TalkFound
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.talks import LastTalks
from tests.store.builders import RECORD, SOURCE, plan, record

AT: Final = RECORD.invite_at


def asked(since: datetime, *members: str, caller: str = RECORD.caller) -> LookUpTalk:
    return LookUpTalk(
        call="x", number="4006001234", caller=caller, members=members, since=since
    )


@pytest.fixture
async def talks(database: Database) -> LastTalks:
    """One talk a day, by turns with one and two; the last calls were none."""
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    one, two, three = AT, AT + timedelta(days=1), AT + timedelta(days=2)
    await Records(database).add(
        [
            record("a", invite_at=one, destination="one"),
            record("b", invite_at=two, destination="two", node="n2"),
            record("c", invite_at=three, destination="", talk_ms=0),
            record("d", invite_at=three, destination="one", caller="13900000000"),
        ]
    )
    return LastTalks(database)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (asked(AT, "one", "two"), Talked("two", AT + timedelta(days=1))),
        (asked(AT, "one"), Talked("one", AT)),
        (asked(AT + timedelta(seconds=1), "one"), None),
        (asked(AT, "three"), None),
        (asked(AT, "one", "two", caller="13700000000"), None),
        (asked(AT, "one", caller="13900000000"), Talked("one", AT + timedelta(days=2))),
    ],
)
async def test_the_last_talk(
    talks: LastTalks, question: LookUpTalk, found: Talked | None
) -> None:
    assert await talks.find(question) == TalkFound(question, found)


async def test_what_every_group_would_be_told(talks: LastTalks) -> None:
    members = (("one", 100), ("two", 0))
    group = Group(name="desks", mode=Mode.PERCENT, members=members, familiar=30)
    wants = plan(groups={"desks": group})
    at = AT + timedelta(days=3)
    told = {"desks": Talked("two", AT + timedelta(days=1))}
    assert await talks.familiar(wants, RECORD.caller, at) == told
    assert await talks.familiar(wants, RECORD.caller, at + timedelta(days=30)) == {
        "desks": None
    }
    assert await talks.familiar(plan(), RECORD.caller, at) == {}
    assert await talks.familiar(wants, "", at) == {}


async def test_a_store_that_is_away_says_so_in_time() -> None:
    nowhere = Database("postgresql://b2bua@127.0.0.1:1/b2bua")
    await nowhere.open()
    question = asked(AT, "one")
    answer = await LastTalks(nowhere).find(question)
    assert answer == TalkFound(question, None, known=False)
    await nowhere.close()
