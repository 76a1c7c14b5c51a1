-- What is configured. Each change of these tables is told on the channel b2bua_snapshot.

create table plan_version (
    number        text        not null,
    version       int         not null check (version > 0),
    plan          jsonb       not null,
    source        text        not null,
    timezone      text        not null,
    published_at  timestamptz not null default now(),
    primary key (number, version)
);

create table plan (
    number        text        primary key,
    version       int         not null,
    foreign key (number, version) references plan_version
);

create table prompt (
    name          text        primary key,
    sha256        bytea       not null check (length(sha256) = 32),
    content       bytea       not null
);
comment on column prompt.name is 'the name under which media processes know it';
alter table prompt alter column content set storage external;

create table plan_prompt (
    number        text        not null,
    version       int         not null,
    prompt        text        not null references prompt,
    primary key (number, version, prompt),
    foreign key (number, version) references plan_version
);

create table tariff (
    name          text        not null,
    version       int         not null check (version > 0),
    unit_seconds  int         not null check (unit_seconds > 0),
    unit_price    int         not null check (unit_price >= 0),
    primary key (name, version)
);
comment on column tariff.unit_price is 'li (0.001 yuan) per started unit';
insert into tariff values ('standard', 1, 60, 400);

create table calendar_year (
    year          int         primary key
);

create table calendar_day (
    day           date        primary key,
    workday       boolean     not null
);

create table area_source (
    name          text        primary key,
    dated         date        not null,
    imported_at   timestamptz not null default now()
);

create table area_prefix (
    prefix        text        primary key check (prefix ~ '^[0-9]{2,11}$'),
    area          text        not null,
    source        text        not null references area_source
);

create function tell_snapshot() returns trigger language plpgsql as $$
begin
    perform pg_notify('b2bua_snapshot', tg_table_name);
    return null;
end $$;

create trigger told after insert or update or delete or truncate on plan
    for each statement execute function tell_snapshot();
create trigger told after insert or update or delete or truncate on tariff
    for each statement execute function tell_snapshot();
create trigger told after insert or update or delete or truncate on calendar_year
    for each statement execute function tell_snapshot();
create trigger told after insert or update or delete or truncate on calendar_day
    for each statement execute function tell_snapshot();
create trigger told after insert or update or delete or truncate on area_source
    for each statement execute function tell_snapshot();
