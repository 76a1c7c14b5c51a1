-- Who may come to the portal, by which keys, and what they did there.

alter table live_call add column private boolean not null default false;
comment on column live_call.private is 'the caller asked for privacy';

alter table web_session drop constraint web_session_number_fkey;
alter table account drop constraint account_pkey;
alter table account
    add column name          text         not null default 'owner',
    add column role          text         not null default 'owner'
        check (role in ('owner', 'manager', 'viewer', 'operator')),
    add column totp_secret   text         not null default '',
    add column totp_on       boolean      not null default false,
    add column totp_step     bigint       not null default 0,
    add column created_at    timestamptz  not null default now(),
    add column signed_in_at  timestamptz,
    add primary key (number, name),
    add check ((role = 'operator') = (number = ''));
comment on column account.number is 'empty: the house, whose people run all numbers';
comment on column account.totp_step is 'the last that was taken: a code is good once';

alter table web_session
    add column id              uuid     not null unique default gen_random_uuid(),
    add column name            text     not null default 'owner',
    add column agent           text     not null default '',
    add column acting_for      text     not null default '',
    add column acting_changes  boolean  not null default false,
    add foreign key (number, name) references account on delete cascade;
comment on column web_session.acting_for is 'the number that somebody of the house looks at';

create table recovery_code (
    number        text         not null,
    name          text         not null,
    code_hash     bytea        not null check (length(code_hash) = 32),
    primary key (number, name, code_hash),
    foreign key (number, name) references account on delete cascade
);

create table api_token (
    id            uuid         primary key default gen_random_uuid(),
    number        text         not null,
    name          text         not null,
    label         text         not null,
    token_hash    bytea        not null unique check (length(token_hash) = 32),
    scopes        text[]       not null,
    created_at    timestamptz  not null default now(),
    expires_at    timestamptz,
    used_at       timestamptz,
    used_from     text         not null default '',
    foreign key (number, name) references account on delete cascade
);
create index api_token_by_number on api_token (number);

create table audit (
    seq           bigint       generated always as identity primary key,
    at            timestamptz  not null default now(),
    number        text         not null,
    actor         text         not null,
    role          text         not null,
    address       text         not null,
    act           text         not null,
    subject       text         not null default '',
    detail        text         not null default ''
);
comment on column audit.number is 'whose affair it was; empty: the house''s';
create index audit_by_number on audit (number, seq desc);

create function audit_stands() returns trigger language plpgsql as $$
begin
    raise exception 'what is in the audit log stands';
end $$;
create trigger stands before update or delete or truncate on audit
    for each statement execute function audit_stands();
