-- What the caller thought of the talk: 1 to 5, or empty. A check, as for recordings.

alter table call_record
    add column survey  text  default '',
    add check (survey is not null);
