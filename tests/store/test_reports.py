"""Reports from the timetable to the mailbox: real database, mail server and receiver."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from b2bua.app.clerk import Clerk
from b2bua.app.postman import Postman
from b2bua.app.webhooks import Webhooks
from b2bua.net.mail import Mail, MailServer
from b2bua.report.month import Month
from b2bua.report.timetable import MOST_SUBSCRIPTIONS, Rhythm, Subscription
from b2bua.service.callevent import signature
from b2bua.service.webhook import Reach
from b2bua.store.outbox import Outbox, Posted
from b2bua.store.plans import Draft, Plans
from b2bua.store.pool import Database
from b2bua.store.records import Records
from b2bua.store.reportruns import ReportRuns
from b2bua.store.reports import MOST_ASKED, Reports, TooMany
from b2bua.web.analyst import Analyst
from tests.store.builders import SOURCE, plan, record
from tests.support.postoffice import PostOffice
from tests.support.receiver import Receiver

HERE = "127.0.85.1"
THERE = "127.0.85.2"
NUMBER = "4006001234"
SECRET = "correct-horse-battery"
BOSS, DESK = "boss@example.org", "desk@example.org"
DUE = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
"""08:00 in China."""
CALLS = 7


@pytest.fixture
async def month(database: Database) -> Database:
    """A number with some calls in November."""
    await Plans(database).publish([Draft(plan=plan(), source=SOURCE)])
    first = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
    await Records(database).add(
        [
            record(f"r{n}", invite_at=first + timedelta(hours=n), fee=400)
            for n in range(CALLS)
        ]
    )
    return database


async def subscribe(database: Database, **changes: object) -> int:
    asked = {"rhythm": Rhythm.MONTH, "mail": (BOSS, DESK), **changes}
    made = await Reports(database, NUMBER).add(Subscription(**asked), SECRET, "owner")  # type: ignore[arg-type]
    async with database.connection() as connection:
        await connection.execute(
            "update report_subscription set since = $1", DUE - timedelta(days=20)
        )
    return made


def clerk(database: Database, at: datetime = DUE) -> Clerk:
    analyst = Analyst(lambda: 0.0)
    return Clerk(database, analyst, lambda _: "", asyncio.Event(), clock=lambda: at)


def postman(database: Database, office: PostOffice) -> Postman:
    server = MailServer(
        host=office.host, port=office.port, security="none", sender="r@example.com"
    )
    return Postman(Outbox(database), ReportRuns(database), Mail(server, patience=10))


async def messages(database: Database) -> list[Posted]:
    return sorted(await Outbox(database).posted(), key=lambda one: one.url)


async def hurry(dsn: str) -> None:
    """As if pauses and leases were over."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("update webhook_message set due_at = now()")
    await connection.execute("update report_run set due_at = now()")
    await connection.close()


async def test_a_month_is_mailed_once_whoever_looks(month: Database) -> None:
    await subscribe(month)
    clerks = [clerk(month) for _ in range(4)]
    async with PostOffice(HERE) as office:
        assert sum(await asyncio.gather(*(one.look() for one in clerks))) == 1
        assert await clerk(month, DUE + timedelta(days=3)).look() == 0
        men = [postman(month, office) for _ in range(3)]
        await asyncio.gather(*(one.look() for one in men))
    assert sorted(one["To"] for one in office.letters) == [BOSS, DESK]
    assert [one.state for one in await messages(month)] == ["delivered", "delivered"]
    for letter in office.letters:
        assert letter["Subject"].startswith("话务分析 2026-11 · 4006001234")
        body = letter.get_body(("plain",))
        assert body is not None
        assert f"呼叫次数: {CALLS} " in body.get_content()
        assert "企业话费（元）: 2.80 " in body.get_content()  # noqa: RUF001
        names = [one.get_filename() for one in letter.iter_attachments()]
        assert names == [f"{NUMBER}-2026-11.xlsx", f"{NUMBER}-2026-11.html"]
    (run,) = await Reports(month, NUMBER).runs()
    assert (run.state, run.period, run.asked_by) == ("made", "2026-11", "")
    assert {one.state for one in run.sent} == {"delivered"}


async def test_before_its_time_nothing_is_made(month: Database) -> None:
    await subscribe(month)
    assert await clerk(month, DUE - timedelta(seconds=1)).look() == 0
    assert await Reports(month, NUMBER).runs() == []


async def test_who_dies_while_making_leaves_it_to_another(
    month: Database, dsn: str
) -> None:
    await subscribe(month)
    runs = ReportRuns(month)
    assert await runs.open(DUE) == 1
    taken = await runs.claim()
    assert taken is not None
    # Killed here: nothing is written, and while the claim lasts nobody else makes it.
    assert await clerk(month).look() == 0
    await hurry(dsn)
    assert await clerk(month).look() == 1
    assert len(await messages(month)) == 2


async def test_two_who_made_the_same_report_write_it_once(
    month: Database, dsn: str
) -> None:
    await subscribe(month)
    runs, slow = ReportRuns(month), clerk(month)
    await runs.open(DUE)
    taken = await runs.claim()
    assert taken is not None
    await hurry(dsn)
    assert await clerk(month).look() == 1
    late = await slow._made(taken)
    assert not await runs.settle(taken, late)
    assert len(await messages(month)) == 2


async def test_who_dies_between_making_and_sending_has_lost_nothing(
    month: Database, dsn: str
) -> None:
    await subscribe(month, mail=(BOSS,))
    await clerk(month).look()
    claimed = await Outbox(month).claim(9, busy={}, of_one_origin=9, lease=600, mail=True)
    assert [one.url for one in claimed] == [f"mailto:{BOSS}"]
    async with PostOffice(HERE) as office:
        assert await postman(month, office).look() == 0, "another has it"
        await hurry(dsn)
        assert await postman(month, office).look() == 1
        await hurry(dsn)
        assert await postman(month, office).look() == 0
    assert len(office.letters) == 1


async def test_a_server_that_is_away_is_tried_again(month: Database, dsn: str) -> None:
    await subscribe(month, mail=(BOSS,))
    await clerk(month).look()
    async with PostOffice(HERE) as office:
        pass
    await postman(month, office).look()
    (waits,) = await messages(month)
    assert (waits.state, waits.attempts) == ("pending", 1)
    assert "not reached" in waits.said
    assert await postman(month, office).look() == 0, "there is a pause"
    await hurry(dsn)
    async with PostOffice(HERE, refused={BOSS: "451 later"}) as office:
        await postman(month, office).look()
        (waits,) = await messages(month)
        assert (waits.state, waits.attempts) == ("pending", 2)
        office.refused.clear()
        await hurry(dsn)
        await postman(month, office).look()
    (done,) = await messages(month)
    assert (done.state, done.said) == ("delivered", "")
    assert len(office.letters) == 1


async def test_an_address_that_nobody_has_is_given_up(month: Database) -> None:
    await subscribe(month)
    await clerk(month).look()
    async with PostOffice(HERE, refused={BOSS: "550 nobody here"}) as office:
        await postman(month, office).look()
    boss, desk = await messages(month)
    assert (boss.state, desk.state) == ("dead", "delivered")
    assert "550 nobody here" in boss.said


async def test_an_address_that_was_taken_off_gets_nothing_more(month: Database) -> None:
    made = await subscribe(month)
    await clerk(month).look()
    only = Subscription(rhythm=Rhythm.MONTH, mail=(DESK,))
    await Reports(month, NUMBER).change(made, only, "", "owner")
    async with PostOffice(HERE) as office:
        await postman(month, office).look()
    assert office.recipients == [[DESK]]
    boss, _ = await messages(month)
    assert boss.state == "dead"


@asynccontextmanager
async def told(database: Database) -> AsyncIterator[None]:
    task = asyncio.create_task(Webhooks(Outbox(database), Reach()).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_webhook_gets_the_same_figures_signed(month: Database) -> None:
    async with Receiver(THERE) as receiver:
        await subscribe(month, mail=(BOSS,), webhook=receiver.url("/reports"))
        await clerk(month).look()
        async with told(month):
            await receiver.wait_for(1)
    (came,) = receiver.received
    sent_at = int(came.headers["X-B2bua-Signature"].partition(",")[0].removeprefix("t="))
    assert came.headers["X-B2bua-Signature"] == signature(SECRET, sent_at, came.body)
    assert came.headers["X-B2bua-Event"] == "report"
    report = came.told["report"]
    assert (came.told["number"], report["month"]) == (NUMBER, "2026-11")
    assert (report["calls"], report["complete"]) == (CALLS, True)
    assert "13800138000" not in json.dumps(came.told), "numbers are masked"
    assert f"mailto:{BOSS}" in {one.url for one in await messages(month)}


async def test_what_goes_by_mail_is_no_webhooks(month: Database) -> None:
    await subscribe(month)
    await clerk(month).look()
    assert await Outbox(month).claim(9, busy={}, of_one_origin=9) == []


async def test_a_removed_subscription_is_not_made(month: Database) -> None:
    made = await subscribe(month)
    own = Reports(month, NUMBER)
    await ReportRuns(month).open(DUE)
    assert await own.remove(made)
    assert not await own.remove(made)
    assert await clerk(month).look() == 0


async def test_who_removes_it_while_it_is_made_stops_it(month: Database) -> None:
    made = await subscribe(month)
    runs = ReportRuns(month)
    await runs.open(DUE)
    taken = await runs.claim()
    assert taken is not None
    content = await clerk(month)._made(taken)
    await Reports(month, NUMBER).remove(made)
    assert not await runs.settle(taken, content)
    assert await messages(month) == []


async def test_a_rest_is_not_made_up_for(month: Database) -> None:
    made = await subscribe(month)
    own = Reports(month, NUMBER)
    asked = (await own.all())[0].asked
    rest = Subscription(rhythm=asked.rhythm, mail=asked.mail, active=False)
    await own.change(made, rest, "", "owner")
    assert await clerk(month).look() == 0
    await own.change(made, asked, "", "owner")
    assert await clerk(month, datetime.now(UTC)).look() == 0


async def test_there_is_an_end_to_what_a_number_may_ask_for(month: Database) -> None:
    own = Reports(month, NUMBER)
    made = [await subscribe(month) for _ in range(MOST_SUBSCRIPTIONS)]
    with pytest.raises(TooMany, match="too_many"):
        await subscribe(month)
    for _ in range(MOST_ASKED):
        await own.ask(made[0], Month(2026, 11), "owner")
    with pytest.raises(TooMany, match="too_often"):
        await own.ask(made[0], Month(2026, 11), "owner")


async def test_what_cannot_be_made_says_why_and_comes_again(
    month: Database, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribe(month)
    monkeypatch.setattr("b2bua.web.analyst.FEW", 1)
    with monkeypatch.context() as broken:
        broken.setattr("b2bua.web.counter.__name__", "b2bua.web.no_such_counter")
        assert await clerk(month).look() == 0
    (run,) = await Reports(month, NUMBER).runs()
    assert (run.state, run.attempts) == ("pending", 1)
    assert "has ended with 1" in run.said
    await hurry(dsn)
    assert await clerk(month).look() == 1
    (run,) = await Reports(month, NUMBER).runs()
    assert (run.state, run.said) == ("made", "")
