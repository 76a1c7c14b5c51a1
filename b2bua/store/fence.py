"""Row-level security: a role that sees the rows of one number, and one that sees all.

The portal does everything for a number as :data:`TENANT`, and everything for an operator
as :data:`OPERATOR`; a transaction takes the role and says the number (``b2bua.number``).
Nodes and commands own the tables, and to an owner the policies do not apply. Every table
that has a column ``number`` is fenced, so that a new one cannot be forgotten.

Roles belong to the whole server. Where our user may not make them, whoever runs it does:

    create role b2bua_tenant nologin;
    create role b2bua_operator nologin;
    grant b2bua_tenant, b2bua_operator to OUR_USER;

Until then pages keep to their number by their queries alone, and :func:`gaps` says so.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

import asyncpg

from b2bua.store.pool import Database

TENANT: Final = "b2bua_tenant"
OPERATOR: Final = "b2bua_operator"
SHARED: Final = ("tariff", "calendar_year", "calendar_day", "area_table")
"""What is nobody's own, and everybody's to read."""
CHANGED_BY_TENANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "plan": ("insert", "update"),
    "plan_version": ("insert", "update"),
    "plan_prompt": ("insert", "update", "delete"),
    "plan_draft": ("insert", "update", "delete"),
    "own_prompt": ("insert", "update", "delete"),
    "prompt": ("select", "insert"),
    "account": ("insert", "update", "delete"),
    "recovery_code": ("insert", "update", "delete"),
    "web_session": ("delete",),
    "api_token": ("insert", "update", "delete"),
    "audit": ("insert",),
    "webhook_message": ("insert", "update"),
    "report_subscription": ("insert", "update", "delete"),
    "report_run": ("insert", "delete"),
}
"""Besides reading what is theirs."""
SECRETS: Final[Mapping[str, frozenset[str]]] = {
    "account": frozenset({"hash", "totp_secret", "totp_step"}),
    "web_session": frozenset({"token_hash", "csrf"}),
    "api_token": frozenset({"token_hash"}),
    "recovery_code": frozenset({"code_hash"}),
    "report_subscription": frozenset({"secret"}),
    "phone": frozenset({"md5", "sha256"}),
}
"""Columns that no query of a page needs to read."""
ONLY_READ: Final = frozenset({"call_record", "usage", "lease", "schema_version"})
ONLY_ADDED: Final = frozenset({"audit"})
POLICIES: Final = """
create policy own on {table} using (number = current_setting('b2bua.number', true));
create policy house on {table} using (current_user = 'b2bua_operator');
"""
PROMPTS: Final = """
create policy own on prompt for select using (exists (
    select from plan_prompt where prompt = prompt.name)
    or exists (select from own_prompt where prompt = prompt.name));
create policy added on prompt for insert with check (true);
create policy house on prompt using (current_user = 'b2bua_operator');
"""
"""A prompt is a tenant's if it was uploaded by it, or a version of its plans names it."""
TABLES: Final = """
select class.relname as name, relrowsecurity as fenced,
    array_agg(attname::text) as columns
from pg_class as class join pg_attribute as attribute on attrelid = class.oid
where relnamespace = 'public'::regnamespace and relkind = 'r'
and attnum > 0 and not attisdropped and pg_has_role(relowner, 'usage')
group by class.relname, relrowsecurity
"""


async def raise_fence(connection: asyncpg.Connection) -> None:
    """Make what is missing of roles, policies and rights; what we may not make stays out.

    The caller sees to it that nobody else does the same at the same time.
    """
    for role in (TENANT, OPERATOR):
        await _make_role(connection, role)
    rows = await connection.fetch(TABLES)
    tables = {row["name"]: set(row["columns"]) for row in rows}
    for row in rows:
        if row["fenced"] or not (_is_own(row["columns"]) or row["name"] == "prompt"):
            continue
        name = row["name"]
        policies = PROMPTS if name == "prompt" else POLICIES.format(table=name)
        async with connection.transaction():
            await connection.execute(policies)
            await connection.execute(f"alter table {name} enable row level security")
    for role, wanted in ((TENANT, _tenants(tables)), (OPERATOR, _operators(tables))):
        if await connection.fetchval("select to_regrole($1) is not null", role):
            await _let_in(connection, role)
            await _grant(connection, role, wanted)


async def gaps(database: Database) -> list[str]:
    """What keeps tenants apart only by our queries; empty: the database does it too."""
    async with database.connection() as connection:
        usable = await connection.fetch(
            "select rolname from pg_roles"
            " where rolname = any($1::text[]) and pg_has_role(oid, 'member')",
            [TENANT, OPERATOR],
        )
        rows = await connection.fetch(TABLES)
    missing = {TENANT, OPERATOR} - {row["rolname"] for row in usable}
    found = [
        f"the role {role} is missing, or not granted to us" for role in sorted(missing)
    ]
    found += [
        f"the table {row['name']} has no row-level security"
        for row in rows
        if _is_own(row["columns"]) and not row["fenced"]
    ]
    return found


async def _make_role(connection: asyncpg.Connection, role: str) -> None:
    """The role, and our right to take it on; both may be refused, and then stay out."""
    refused = (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.DuplicateObjectError,
        asyncpg.UniqueViolationError,
    )
    if not await connection.fetchval("select to_regrole($1) is not null", role):
        with suppress(*refused):
            await connection.execute(f"create role {role} nologin")
    if await connection.fetchval(
        "select to_regrole($1) is not null and not exists (select from pg_roles"
        " where rolname = current_user and rolsuper)"
        " and not exists (select from pg_auth_members"
        " where roleid = to_regrole($1) and member = current_user::regrole"
        " and coalesce((to_jsonb(pg_auth_members)->>'set_option')::boolean, true))",
        role,
    ):
        with suppress(*refused):
            await connection.execute(f"grant {role} to current_user")


async def _let_in(connection: asyncpg.Connection, role: str) -> None:
    """Into the schema, which is open to everybody unless somebody has closed it."""
    if not await connection.fetchval(
        "select has_schema_privilege($1, 'public', 'usage')", role
    ):
        with suppress(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"grant usage on schema public to {role}")


async def _grant(
    connection: asyncpg.Connection, role: str, wanted: Iterable[tuple[str, str, str]]
) -> None:
    """Only what is missing: a grant that is there already would be written again."""
    for table, privilege, columns in wanted:
        given = await connection.fetchval(
            "select has_any_column_privilege($1, $2, $3)"
            if columns or privilege in ("select", "insert", "update")
            else "select has_table_privilege($1, $2, $3)",
            role,
            table,
            privilege,
        )
        if not given:
            await connection.execute(f"grant {privilege}{columns} on {table} to {role}")


def _tenants(tables: Mapping[str, set[str]]) -> Iterable[tuple[str, str, str]]:
    """Table, privilege, and the columns in parentheses if not all."""
    for table, columns in sorted(tables.items()):
        if table in SHARED:
            yield table, "select", ""
        elif _is_own(columns):
            yield table, "select", _readable(table, columns)
        for privilege in CHANGED_BY_TENANTS.get(table, ()):
            yield table, privilege, ""


def _operators(tables: Mapping[str, set[str]]) -> Iterable[tuple[str, str, str]]:
    for table, columns in sorted(tables.items()):
        yield table, "select", _readable(table, columns)
        if table in ONLY_READ:
            continue
        yield table, "insert", ""
        if table not in ONLY_ADDED:
            yield table, "update", ""
            yield table, "delete", ""


def _readable(table: str, columns: set[str]) -> str:
    secret = SECRETS.get(table)
    return f" ({', '.join(sorted(columns - secret))})" if secret else ""


def _is_own(columns: Iterable[str]) -> bool:
    return "number" in columns
