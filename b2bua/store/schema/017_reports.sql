-- Reports that are sent by themselves: who asked for which, and each one that was made.

create table report_subscription (
    id            bigint      generated always as identity primary key,
    number        text        not null,
    rhythm        text        not null check (rhythm in ('week', 'month')),
    hour          int         not null check (hour between 0 and 23),
    language      text        not null check (language in ('zh', 'en')),
    mail          text[]      not null,
    webhook       text        not null,
    secret        text        not null,
    whole         boolean     not null,
    active        boolean     not null,
    since         timestamptz not null default now(),
    changed_by    text        not null
);
comment on column report_subscription.since is 'what was due before is not sent';
comment on column report_subscription.whole is 'with callers'' whole numbers';
create index report_subscription_by_number on report_subscription (number);

create table report_run (
    id            text        primary key,
    number        text        not null,
    subscription  bigint      not null,
    period        text        not null,
    asked_by      text        not null default '',
    state         text        not null default 'pending'
                              check (state in ('pending', 'made', 'failed')),
    attempts      int         not null default 0,
    said          text        not null default '',
    created_at    timestamptz not null default now(),
    due_at        timestamptz not null default now(),
    made_at       timestamptz,
    whole         boolean     not null default false,
    subject       text        not null default '',
    letter        text        not null default '',
    html          text        not null default '',
    page          bytea,
    sheet         bytea
);
comment on column report_run.id is 'subscription and period, so that there is one; more if it was asked for';
comment on column report_run.asked_by is 'who sent it before its time; empty: the timetable';
comment on column report_run.due_at is 'while it is being made, when that counts as lost';
create index report_run_by_number on report_run (number, created_at desc);
create index report_run_due on report_run (due_at) where state = 'pending';
