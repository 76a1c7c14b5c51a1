"""What enterprises are still to be told: messages that wait until they are delivered.

A message is written in one transaction with what it tells of, once for each address that
wants it. Whoever sends it claims it first, for a short time: if the sender dies between
the receiver's answer and noting it, the message is sent again under the same id.

An address is a webhook's, or ``mailto:`` and a mail address for reports; who sends by mail
claims by mail. The messages of one number to one address go out in their order. A message
that has failed :data:`HOLDS` times lets those behind it pass, and is tried at its times.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

import msgspec

from b2bua.service.callevent import CallEvent, events_of
from b2bua.service.record import CallRecord
from b2bua.service.webhook import origin
from b2bua.store.pool import WORK_SECONDS, Connection, Database

State: TypeAlias = Literal["pending", "delivered", "dead"]

MAILTO: Final = "mailto:"
TRIAL: Final = "test"
"""An event that says nothing of any call."""
HOLDS: Final = 5
"""Failures for which a message holds up those behind it: about a minute."""
LEASE_SECONDS: Final = 30.0
KEPT: Final[Mapping[State, str]] = {"delivered": "7 days", "dead": "30 days"}
"""How long messages are kept that are done with: they hold callers' numbers."""
MAILS_KEPT: Final = "90 days"
"""Those to mail addresses, which hold nothing but who was written to."""
COLUMNS: Final = "seq, id, url, origin, number, event, body, attempts, created_at"
WAY: Final = f"starts_with(url, '{MAILTO}') = $6"
CLAIM: Final = f"""
with recursive head as (
    (select number, url, seq, due_at from webhook_message
     where state = 'pending' and attempts < {HOLDS} and {WAY}
     order by number, url, seq limit 1)
    union all
    select following.* from head cross join lateral (
        select number, url, seq, due_at from webhook_message
        where state = 'pending' and attempts < {HOLDS} and {WAY}
        and (number, url) > (head.number, head.url)
        order by number, url, seq limit 1) as following
), due as (
    select seq from head where due_at <= now()
    union all
    (select seq from webhook_message
     where state = 'pending' and attempts >= {HOLDS} and due_at <= now() and {WAY}
     order by due_at limit 200)
), fair as (
    select seq, due_at, row_number() over (partition by origin order by due_at, seq)
        + coalesce(busy.messages, 0) as place
    from due join webhook_message using (seq)
    left join unnest($2::text[], $3::int[]) as busy (origin, messages) using (origin)
), claimed as (
    update webhook_message set due_at = now() + make_interval(secs => $5)
    where seq = any(array(
        select seq from fair where place <= $4 order by place, due_at limit $1))
    and state = 'pending' and due_at <= now()
    returning {COLUMNS}
)
select {COLUMNS}, case when event = 'report' then (
    select secret from report_run as run join report_subscription as own
    on own.id = run.subscription and own.number = run.number
    where run.id = left(claimed.id, -length(':report')) and run.number = claimed.number
    and (own.webhook = claimed.url
        or claimed.url = any(array(select '{MAILTO}' || one from unnest(own.mail) as one)))
) else (
    select hook->>'secret' from plan join plan_version using (number, version)
    cross join jsonb_array_elements(plan_version.plan->'webhooks') as hook
    where plan.number = claimed.number and hook->>'url' = claimed.url limit 1
) end as secret
from claimed order by seq
"""
FAILED: Final = """
update webhook_message set
    attempts = attempts + 1, said = $2,
    due_at = least(now() + make_interval(secs => $3), expires_at),
    state = case when $4 or now() >= expires_at then 'dead' else state end,
    settled_at = case when $4 or now() >= expires_at then now() end
where seq = $1 and state = 'pending' returning state::text
"""


class _Hook(msgspec.Struct, frozen=True):
    url: str
    events: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event for one address, claimed by us."""

    seq: int
    id: str
    url: str
    origin: str
    number: str
    event: str
    body: str
    attempts: int
    """That have failed."""
    created_at: datetime
    secret: str | None = field(repr=False)
    """None: the plan, or the report, names this address no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One message, as operators see it."""

    id: str
    url: str
    number: str
    event: str
    state: State
    attempts: int
    said: str
    """Why the last attempt failed."""
    created_at: datetime
    due_at: datetime
    settled_at: datetime | None


async def tell(connection: Connection, records: Sequence[CallRecord]) -> None:
    """Write what fresh records tell, in the transaction that stores them."""
    hooks = await _hooks(connection, {record.number for record in records})
    events = [
        event for record in records if record.number in hooks for event in events_of(record)
    ]
    await _put(connection, hooks, events)


class Outbox:
    """The messages in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, events: Sequence[CallEvent]) -> None:
        """Write events that are of no record; those that are there already stay as is."""
        async with self._database.transaction() as connection:
            hooks = await _hooks(connection, {event.number for event in events})
            await _put(connection, hooks, events)

    async def try_out(self, number: str, url: str) -> str:
        """Tell one address of a number something harmless; the id of the message."""
        message_id = f"{uuid.uuid4().hex}:{TRIAL}"
        body = {
            "id": message_id,
            "event": TRIAL,
            "number": number,
            "at": datetime.now(UTC).isoformat(),
        }
        async with self._database.connection(WORK_SECONDS) as connection:
            await connection.execute(
                "insert into webhook_message (id, url, origin, number, event, body)"
                " values ($1, $2, $3, $4, $5, $6)",
                message_id,
                url,
                origin(url),
                number,
                TRIAL,
                msgspec.json.encode(body).decode(),
            )
        return message_id

    async def claim(
        self,
        most: int,
        *,
        busy: Mapping[str, int],
        of_one_origin: int,
        lease: float = LEASE_SECONDS,
        mail: bool = False,
    ) -> list[Message]:
        """Take messages that are due: nobody else gets them for ``lease`` seconds.

        ``busy`` says how many messages are on their way to an origin already. ``mail``
        asks for those to mail addresses, and for no others.
        """
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                CLAIM, most, list(busy), list(busy.values()), of_one_origin, lease, mail
            )
        return [Message(**dict(row)) for row in rows]

    async def delivered(self, seq: int) -> None:
        """The receiver has taken it."""
        async with self._database.connection(WORK_SECONDS) as connection:
            await connection.execute(
                "update webhook_message set attempts = attempts + 1, said = '',"
                " state = 'delivered', settled_at = now() where seq = $1",
                seq,
            )

    async def failed(self, seq: int, why: str, pause: float, *, dead: bool = False) -> bool:
        """It was not taken: again in ``pause`` seconds. True if it is given up."""
        async with self._database.connection(WORK_SECONDS) as connection:
            state = await connection.fetchval(FAILED, seq, why[:200], pause, dead)
        return bool(state == "dead")

    async def posted(
        self, number: str | None = None, states: Collection[State] = (), limit: int = 1000
    ) -> list[Posted]:
        """Messages, newest first; of all states if none is named."""
        async with self._database.connection(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                "select id, url, number, event, state::text, attempts, said, created_at,"
                " due_at, settled_at from webhook_message"
                " where ($1::text is null or number = $1)"
                " and (cardinality($2::text[]) = 0 or state::text = any($2))"
                " order by seq desc limit $3",
                number,
                list(states),
                limit,
            )
        return [Posted(**dict(row)) for row in rows]

    async def retry(self, message_id: str) -> int:
        """Try again what is dead or waits, as if it were new; how many messages."""
        async with self._database.connection(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                "update webhook_message set state = 'pending', attempts = 0,"
                " due_at = now(), expires_at = now() + interval '24 hours',"
                " settled_at = null where id = $1 and state <> 'delivered' returning seq",
                message_id,
            )
        return len(rows)

    async def prune(self) -> None:
        """Forget what was done with long ago."""
        async with self._database.transaction() as connection:
            for state, age in KEPT.items():
                await connection.execute(
                    "delete from webhook_message where state = $1::text::webhook_state"
                    " and settled_at < now() - $2::text::interval"
                    f" and (not starts_with(url, '{MAILTO}')"
                    f" or settled_at < now() - interval '{MAILS_KEPT}')",
                    state,
                    age,
                )


async def _hooks(
    connection: Connection, numbers: Collection[str]
) -> dict[str, list[_Hook]]:
    """Who is to be told, by the plans that are published now."""
    rows = await connection.fetch(
        "select number, (plan_version.plan->'webhooks')::text as hooks"
        " from plan join plan_version using (number, version)"
        " where number = any($1::text[]) and plan_version.plan ? 'webhooks'",
        sorted(numbers),
    )
    return {
        row["number"]: msgspec.json.decode(row["hooks"], type=list[_Hook]) for row in rows
    }


async def _put(
    connection: Connection, hooks: Mapping[str, list[_Hook]], events: Sequence[CallEvent]
) -> None:
    told = [
        (event, hook.url)
        for event in events
        for hook in hooks.get(event.number, ())
        if event.kind.value in hook.events
    ]
    if not told:
        return
    await connection.execute(
        "insert into webhook_message (id, url, origin, number, event, body)"
        " select id, url, origin, number, event, body"
        " from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],"
        " $6::text[]) with ordinality"
        " as told (id, url, origin, number, event, body, place) order by place"
        " on conflict (id, url) do nothing",
        [event.id for event, _ in told],
        [url for _, url in told],
        [origin(url) for _, url in told],
        [event.number for event, _ in told],
        [event.kind.value for event, _ in told],
        [event.body for event, _ in told],
    )
