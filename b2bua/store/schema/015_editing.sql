-- What an enterprise is at work on: a plan that is not published yet, and its own sounds.

create table plan_draft (
    number        text        primary key,
    base          int         not null,
    source        text        not null,
    changed_at    timestamptz not null default now()
);
comment on column plan_draft.base is 'the version that it was made from';

create table own_prompt (
    number        text        not null,
    name          text        not null check (length(name) between 1 and 64),
    prompt        text        not null references prompt,
    seconds       real        not null check (seconds > 0),
    uploaded_at   timestamptz not null default now(),
    primary key (number, name)
);
comment on column own_prompt.name is 'by which plans name it; prompt is what media processes know';
