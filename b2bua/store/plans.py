"""Plans, their prompts, tariffs and the calendar: publish, read back, make the snapshot."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final, cast

import msgspec

from b2bua.service.plan import Calendar, Plan, Snapshot, Tariff, TrunkRule
from b2bua.service.planfile import MalformedPlan, plan_from_mapping, plan_to_mapping
from b2bua.store.errors import PlanMoved, PlanRefused
from b2bua.store.pool import WORK_SECONDS, Connection, Database

SECRET_FIELDS: Final = frozenset({"password", "secret"})
LONGEST_PROMPT: Final = 20_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan to be published."""

    plan: Plan
    """Its version is ignored."""
    source: str
    """The YAML it was read from."""
    prompts: Mapping[str, bytes] = field(default_factory=dict)
    """Contents of prompts by the name under which media processes know them; those that
    are stored already may be left out."""
    base: int | None = None
    """The version that was changed: if it is not the current, nothing is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of a draft."""

    number: str
    version: int
    changes: tuple[str, ...]
    """Such as ``forwarding.max_forwards: 2 -> 3``; empty if the plan stayed as it was."""
    new: bool = False
    """The number had no plan."""


def prompt_name(content: bytes) -> str:
    """The name of a prompt for the media processes, which add ``.wav`` to it."""
    return f"plan/{hashlib.sha256(content).hexdigest()}"


class Plans:
    """The plans in one database; one instance remembers what it has read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: dict[tuple[str, int], Plan] = {}
        self.faults: dict[str, str] = {}
        """Numbers whose stored plan the last snapshot could not read, and why."""

    async def publish(self, drafts: Sequence[Draft]) -> list[Published]:
        """Publish all drafts or none.

        A draft that equals the current plan makes no new version; its text is kept all the
        same. Raises PlanRefused if a number comes twice or a prompt's content is missing,
        PlanMoved if a draft is based on a version that is not the current any more.
        """
        numbers = [draft.plan.number for draft in drafts]
        for number in numbers:
            if numbers.count(number) > 1:
                raise PlanRefused(f"{number} is in the drafts more than once")
        async with self._database.transaction() as connection:
            # Two publishers of one number must not both make its next version.
            await connection.execute("lock table plan in share row exclusive mode")
            return [await _publish(connection, draft) for draft in drafts]

    async def withdraw(self, number: str) -> bool:
        """Take a number out of service; its versions stay. False if it had no plan."""
        async with self._database.connection() as connection:
            done: str = await connection.execute(
                "delete from plan where number = $1", number
            )
        return done == "DELETE 1"

    async def snapshot(self, trunks: Mapping[str, TrunkRule]) -> Snapshot:
        """Everything published at this moment; ``trunks`` come from the configuration."""
        async with self._database.transaction(one_moment=True) as connection:
            rows = await connection.fetch("select number, version from plan")
            current = {(row["number"], row["version"]) for row in rows}
            missing = sorted(current - self._read.keys())
            found = await connection.fetch(
                "select number, version, plan::text from plan_version join"
                " unnest($1::text[], $2::int[]) as wanted (number, version)"
                " using (number, version)",
                [number for number, _ in missing],
                [version for _, version in missing],
            )
            tariffs = await _tariffs(connection)
            calendar = await _calendar(connection)
            owners = await connection.fetch("select extension, number from phone")
        kept = {key: plan for key, plan in self._read.items() if key in current}
        self.faults = {}
        for row in found:
            try:
                plan = plan_from_mapping(msgspec.json.decode(row["plan"]))
            except MalformedPlan as error:
                self.faults[row["number"]] = str(error)
            else:
                kept[row["number"], row["version"]] = plan
        self._read = kept
        plans = {plan.number: plan for plan in kept.values()}
        return Snapshot(
            plans=plans,
            trunks=trunks,
            tariffs=tariffs,
            calendar=calendar,
            phones={row["extension"]: row["number"] for row in owners},
        )

    async def versions(self, number: str) -> dict[int, Plan]:
        """Every version of a number's plan that can still be read."""
        async with self._database.connection(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                "select version, plan::text from plan_version where number = $1", number
            )
        found: dict[int, Plan] = {}
        for row in rows:
            # An old version may have fields that plans no longer have.
            with suppress(MalformedPlan):
                found[row["version"]] = plan_from_mapping(msgspec.json.decode(row["plan"]))
        return found

    async def export(self, number: str) -> str:
        """The text of the current plan; raises PlanRefused if the number has none."""
        async with self._database.connection() as connection:
            source: str | None = await connection.fetchval(
                "select source from plan join plan_version using (number, version)"
                " where number = $1",
                number,
            )
        if source is None:
            raise PlanRefused(f"{number} has no plan")
        return source

    async def prompts(self, number: str) -> dict[str, bytes]:
        """The prompts of the current plan by the name under which media knows them."""
        async with self._database.connection(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                "select name, content from plan join plan_prompt using (number, version)"
                " join prompt on name = prompt where number = $1",
                number,
            )
        return {row["name"]: row["content"] for row in rows}

    async def materialise(self, directory: Path) -> list[Path]:
        """Write every prompt in use to its file below ``directory``; the files written.

        A file that is there already is left alone: a name stands for one content. A file
        appears whole or not at all, so that media processes may look at any time.
        """
        async with self._database.connection(WORK_SECONDS) as connection:
            rows = await connection.fetch(
                "select distinct prompt from plan join plan_prompt using (number, version)"
            )
            paths = {row["prompt"]: directory / f"{row['prompt']}.wav" for row in rows}
            missing = sorted(name for name, path in paths.items() if not path.exists())
            for name in missing:
                content: bytes = await connection.fetchval(
                    "select content from prompt where name = $1", name
                )
                _write_whole(paths[name], content)
        return [paths[name] for name in missing]

    async def publish_tariff(self, tariff: Tariff) -> int:
        """Make a new version of a price if it differs from the current; its version."""
        async with self._database.transaction() as connection:
            await connection.execute("lock table tariff in share row exclusive mode")
            current = (await _tariffs(connection)).get(tariff.name)
            version = 0 if current is None else current.version
            if current == replace(tariff, version=version):
                return version
            await connection.execute(
                "insert into tariff values ($1, $2, $3, $4)",
                tariff.name,
                version + 1,
                tariff.unit_seconds,
                tariff.unit_price,
            )
        return version + 1

    async def calendar(self) -> Calendar:
        """What is known of holidays and moved workdays."""
        async with self._database.transaction() as connection:
            return await _calendar(connection)


async def _publish(connection: Connection, draft: Draft) -> Published:
    plan = draft.plan
    row = await connection.fetchrow(
        "select version, plan::text from plan join plan_version"
        " using (number, version) where number = $1",
        plan.number,
    )
    if draft.base is not None and draft.base != (row["version"] if row else 0):
        raise PlanMoved(f"{plan.number}: version {draft.base} is not the current any more")
    before: dict[str, object] = {} if row is None else msgspec.json.decode(row["plan"])
    before.pop("version", None)
    after = cast(
        dict[str, object],
        msgspec.to_builtins(plan_to_mapping(plan), str_keys=True),
    )
    after.pop("version", None)
    changes = tuple(differences(before, after))
    if row is not None and not changes:
        await connection.execute(
            "update plan_version set source = $3"
            " where number = $1 and version = $2 and source <> $3",
            plan.number,
            row["version"],
            draft.source,
        )
        return Published(number=plan.number, version=row["version"], changes=())
    version: int = await connection.fetchval(
        "select coalesce(max(version), 0) + 1 from plan_version where number = $1",
        plan.number,
    )
    await connection.execute(
        # The zone is tried out here: a record must never fail on it.
        "insert into plan_version (number, version, plan, source, timezone)"
        " select $1, $2, $3::text::jsonb, $4, $5 where now() at time zone $5 is not null",
        plan.number,
        version,
        msgspec.json.encode({**after, "version": version}).decode(),
        draft.source,
        plan.timezone,
    )
    await _store_prompts(connection, draft, version)
    await connection.execute(
        "insert into plan values ($1, $2) on conflict (number)"
        " do update set version = excluded.version",
        plan.number,
        version,
    )
    return Published(number=plan.number, version=version, changes=changes, new=row is None)


async def _store_prompts(connection: Connection, draft: Draft, version: int) -> None:
    for name in sorted(set(draft.plan.prompts.values())):
        _check_prompt_name(name)
        content = draft.prompts.get(name)
        if content is not None:
            if len(content) > LONGEST_PROMPT:
                raise PlanRefused(f"prompt {name} is larger than {LONGEST_PROMPT} bytes")
            await connection.execute(
                "insert into prompt values ($1, $2, $3) on conflict do nothing",
                name,
                hashlib.sha256(content).digest(),
                content,
            )
        elif not await connection.fetchval("select 1 from prompt where name = $1", name):
            raise PlanRefused(
                f"{draft.plan.number}: the content of prompt {name} is missing"
            )
        await connection.execute(
            "insert into plan_prompt values ($1, $2, $3)", draft.plan.number, version, name
        )


def _check_prompt_name(name: str) -> None:
    """A prompt's name becomes a path: it must stay below its directory."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise PlanRefused(f"{name!r} cannot name a prompt")


async def _tariffs(connection: Connection) -> dict[str, Tariff]:
    rows = await connection.fetch(
        "select distinct on (name) name, version, unit_seconds, unit_price from tariff"
        " order by name, version desc"
    )
    return {row["name"]: Tariff(**dict(row)) for row in rows}


async def _calendar(connection: Connection) -> Calendar:
    years = await connection.fetch("select year from calendar_year")
    rows = await connection.fetch("select day, workday from calendar_day")
    days: list[tuple[date, bool]] = [(row["day"], row["workday"]) for row in rows]
    return Calendar(
        holidays=frozenset(day for day, workday in days if not workday),
        workdays=frozenset(day for day, workday in days if workday),
        years=frozenset(row["year"] for row in years),
    )


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Where two plain values differ, in words; secrets are named, not shown."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys(), key=str):
            below = f"{path}.{key}" if path else str(key)
            yield from differences(before.get(key), after.get(key), below)
    elif before != after:
        was, becomes = _shown(before), _shown(after)
        if path.rpartition(".")[2] in SECRET_FIELDS or was == becomes:
            yield f"{path}: changed"
        else:
            yield f"{path}: {was} -> {becomes}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return msgspec.json.encode(_without_secrets(value)).decode()


def _without_secrets(value: object) -> object:
    match value:
        case dict():
            return {
                key: "…" if key in SECRET_FIELDS else _without_secrets(item)
                for key, item in value.items()
            }
        case list():
            return [_without_secrets(item) for item in value]
        case _:
            return value


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(content)
    unfinished.rename(path)
