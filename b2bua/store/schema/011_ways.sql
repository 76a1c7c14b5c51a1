-- How the ways to the trunks stand, as each node last told; and the phones that may
-- register with us: hashes of their passwords, never the passwords.

create table trunk_status (
    node          text        not null,
    trunk         text        not null,
    address       text        not null,
    state         text        not null
        check (state in ('up', 'down', 'probing', 'unknown')),
    since         timestamptz not null,
    detail        text        not null default '',
    calls         int         not null default 0 check (calls >= 0),
    registered    boolean     not null default false,
    told_at       timestamptz not null default now(),
    primary key (node, trunk, address)
);

create table phone (
    extension     text        primary key check (extension ~ '^[0-9]{2,8}$'),
    name          text        not null default '',
    realm         text        not null,
    md5           text        not null check (md5 ~ '^[0-9a-f]{32}$'),
    sha256        text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
    changed_at    timestamptz not null default now()
);
comment on column phone.md5 is 'H(extension:realm:password), RFC 7616 section 3.4.2';

create trigger told after insert or update or delete or truncate on phone
    for each statement execute function tell_snapshot();
