-- Whose a phone is: one 400 number's, or the house's, which every number may ring.

alter table phone
    add column number text not null default '' check (number ~ '^(400[0-9]{7})?$');
comment on column phone.number is 'empty: the house''s';
create index phone_by_number on phone (number);
