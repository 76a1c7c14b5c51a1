-- With whom a caller talked last: asked while the caller waits.

create index call_record_by_talk on call_record (number, caller, invite_at desc)
    where destination <> '' and talk_ms > 0;
