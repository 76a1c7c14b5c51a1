-- Who is signed in to the portal. Of what a cookie holds only the hash is kept.

create table web_session (
    token_hash    bytea       primary key check (length(token_hash) = 32),
    number        text        not null references account on delete cascade,
    csrf          text        not null,
    address       text        not null,
    reveal        boolean     not null default false,
    created_at    timestamptz not null default now(),
    seen_at       timestamptz not null default now()
);
comment on column web_session.reveal is 'callers are shown whole';
create index web_session_by_number on web_session (number);
