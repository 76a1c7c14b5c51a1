-- What enterprises are still to be told, written with what it tells of in one transaction.

create type webhook_state as enum ('pending', 'delivered', 'dead');

create table webhook_message (
    seq           bigint         generated always as identity primary key,
    id            text           not null,
    url           text           not null,
    origin        text           not null,
    number        text           not null,
    event         text           not null,
    body          text           not null,
    state         webhook_state  not null default 'pending',
    attempts      int            not null default 0,
    said          text           not null default '',
    created_at    timestamptz    not null default now(),
    due_at        timestamptz    not null default now(),
    expires_at    timestamptz    not null default now() + interval '24 hours',
    settled_at    timestamptz,
    unique (id, url)
);
comment on column webhook_message.id is 'call and event: the same however often it is sent';
comment on column webhook_message.origin is 'scheme, host and port of the receiver';
comment on column webhook_message.due_at is 'while it is being sent, when it counts as lost';
create index webhook_message_queue on webhook_message (number, url, seq)
    where state = 'pending';
create index webhook_message_due on webhook_message (due_at) where state = 'pending';
create index webhook_message_settled on webhook_message (settled_at)
    where state <> 'pending';
