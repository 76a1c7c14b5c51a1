-- What is going on, and who may look.

create table live_call (
    id            text        primary key,
    node          text        not null,
    number        text        not null,
    caller        text        not null,
    state         text        not null,
    since         timestamptz not null,
    destination   text        not null,
    lease_until   timestamptz not null
);
create index live_call_by_node on live_call (node);

create table account (
    number        text        primary key,
    hash          text        not null,
    changed_at    timestamptz not null default now()
);
