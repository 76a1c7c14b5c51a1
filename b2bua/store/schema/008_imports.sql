-- The area table is kept as the file that was imported: it is read whole or not at all.

drop table area_prefix;
drop table area_source;

create table area_table (
    single        boolean     primary key default true check (single),
    name          text        not null,
    dated         date,
    sha256        bytea       not null check (length(sha256) = 32),
    content       bytea       not null,
    imported_at   timestamptz not null default now()
);
alter table area_table alter column content set storage external;
create trigger told after insert or update or delete or truncate on area_table
    for each statement execute function tell_snapshot();

alter table calendar_year add column source text not null default 'chinesecalendar';
alter table calendar_year add column imported_at timestamptz not null default now();
