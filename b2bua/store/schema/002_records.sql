-- What happened. A record and the usage it moves come in one transaction.

create table call_record (
    id                       text        primary key,
    node                     text        not null,
    number                   text        not null,
    caller                   text        not null,
    caller_private           boolean     not null,
    area                     text        not null,
    trunk                    text        not null,
    plan_version             int         not null,
    invite_at                timestamptz not null,
    early_media_at           timestamptz,
    answered_at              timestamptz,
    destination_answered_at  timestamptz,
    ended_at                 timestamptz not null,
    outcome                  text        not null,
    end_reason               text        not null,
    status                   int         not null,
    q850                     int         not null,
    destination              text        not null,
    route                    text        not null,
    keys                     text        not null,
    setup_ms                 bigint      not null,
    talk_ms                  bigint      not null,
    charge_basis             text        not null,
    charged_ms               bigint      not null,
    fee                      bigint      not null,
    caller_fee               bigint      not null,
    tariff                   text        not null,
    tariff_version           int         not null,
    arithmetic               text        not null,
    attempts                 jsonb       not null,
    trace                    jsonb       not null,
    ladder                   jsonb       not null,
    quality                  jsonb       not null,
    fault                    text        not null
);
comment on column call_record.fee is 'li (0.001 yuan)';
create index call_record_by_number on call_record (number, invite_at desc, id desc);
create index call_record_by_time on call_record (invite_at desc, id desc);

create type period as enum ('week', 'month');

create table usage (
    number        text        not null,
    period        period      not null,
    starts        date        not null,
    offered       bigint      not null default 0,
    admitted      bigint      not null default 0,
    answered      bigint      not null default 0,
    spend         bigint      not null default 0,
    primary key (number, period, starts)
);
comment on column usage.starts is 'first day of the period in the zone of the plan';
comment on column usage.spend is 'li (0.001 yuan)';
