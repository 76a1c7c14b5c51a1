-- What whoever runs all numbers looks at: nodes that were heard of, and what they complain of.

create table node (
    name          text         primary key,
    started_at    timestamptz  not null,
    seen_at       timestamptz  not null default now(),
    state         text         not null check (state in ('serving', 'draining')),
    version       text         not null,
    calls         int          not null,
    waiting       int          not null
);
comment on column node.waiting is 'records that are not in the database yet';

create table alarm (
    node          text         not null,
    kind          text         not null,
    subject       text         not null default '',
    detail        text         not null default '',
    since         timestamptz  not null default now(),
    primary key (node, kind, subject)
);

create index audit_sign_ins on audit (number, actor, address) where act = 'signed in';
