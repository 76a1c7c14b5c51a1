-- What was kept of a call's sound: files in the recordings of the node that carried it.
-- Checks, not "not null": a node of the version before copies its records through a table
-- that is made like this one without its defaults.

alter table call_record
    add column recording     text    default '',
    add column recording_ms  bigint  default 0,
    add column voicemail     text    default '',
    add column voicemail_ms  bigint  default 0,
    add check (recording is not null and recording_ms is not null),
    add check (voicemail is not null and voicemail_ms is not null);
