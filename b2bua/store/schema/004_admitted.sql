-- A record says by itself whether it counts towards the caps: a call that was refused after
-- it had passed screening does. A check, not "not null", as nodes of the version before copy
-- their records through a table that is made like this one without its defaults.

alter table call_record add column admitted boolean default true;
update call_record set admitted = false where outcome = 'refused';
alter table call_record add check (admitted is not null);
