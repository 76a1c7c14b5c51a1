-- Quota: what each node may use of a capped period. What a period's row in usage holds and
-- all that is leased and not settled never exceed the cap when something is granted. Rows
-- are written while the row of the same period in usage is locked.

alter table usage add column capped bigint not null default 0;
comment on column usage.capped is 'offered calls that a cap refused: they never count';
update usage set capped = refused.calls from (
    select call.number, one as period,
        date_trunc(one::text, invite_at at time zone timezone)::date as starts,
        count(*) as calls
    from call_record as call
    join plan_version as known
        on known.number = call.number and known.version = call.plan_version
    cross join unnest(enum_range(null::period)) as one
    where end_reason in ('month cap', 'week cap', 'spend cap')
    group by 1, 2, 3
) as refused
where usage.number = refused.number and usage.period = refused.period
and usage.starts = refused.starts;

create table lease (
    number        text        not null,
    period        period      not null,
    starts        date        not null,
    unit          text        not null check (unit in ('calls', 'spend')),
    node          text        not null,
    turn          bigint      not null default 0,
    granted       bigint      not null default 0,
    settled       bigint      not null default 0,
    spare         bigint      not null default 0,
    asked_at      timestamptz not null default now(),
    primary key (number, period, starts, unit, node)
);
comment on column lease.granted is 'calls, or li; ever given, less what was given back';
comment on column lease.settled is 'what delivered records of the node came to';
comment on column lease.spare is 'at most so much of it was unused at the last question';
comment on column lease.turn is 'the last question acted upon; earlier ones are void';
create index lease_by_node on lease (node, starts);
