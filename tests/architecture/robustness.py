"""What befell other servers, what is right, and the tests that fail without the rule.

    python -m tests.architecture.robustness

writes ``docs/robustness.md`` again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.architecture.sources import ROOT

PAGE: Final = ROOT / "docs" / "robustness.md"
HEAD: Final = """\
# Robustness

Each row befell a real SIP server or relay, or is a rule that has saved one. The tests named
fail without the rule; `python -m tests.architecture.robustness` writes this page.

- `python -m tests.bench.storm`: are ordinary calls set up amid all that the hostile send?
- `python -m tests.bench.load --calls 50`: is a third party heard, or does it hear?
- `python -m tests.fuzz.message --seconds 600`: does anything make a reader raise? Also
  `sdp`, `framing`, `rtp`, `control`, `dns`, `endpoint`, `engine`; `--guided` is by atheris.
- `make sanitize`: does the compiled engine touch what it must not?
- `b2bua bans`: who is not heard now; `--lift ADDRESS` ends it.

One round of the storm, on two cores that a dozen other programs wanted too: 10 000
half-open INVITEs at 500/s, 79 of 79 ordinary calls set up, median 31 ms, slowest 217;
5 000 datagrams of garbage and scans, slowest 198; 1 500 mutated INVITEs, 52; 200 slow
connections, 67; heads of 4 MB, 52. Control grew from 78 to 103 MB. Fifty calls with audio
while a third party sent 190 400 packets to their ports: all came, none of its did, and it
heard nothing.

| # | what befalls | what we do | tests |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One failure, or one rule."""

    number: str
    befalls: str
    right: str
    tests: tuple[str, ...]
    """``file::test``, below ``tests/``."""


_LATCH: Final = "media/engine/test_latch.py"
_RTP: Final = "media/rtp"
_CALLED: Final = "sip/endpoint/test_called.py"
_CALLING: Final = "sip/endpoint/test_calling.py"
_DOORWAY: Final = "sip/endpoint/test_doorway.py"
_LIFE: Final = "sip/endpoint/test_lifetime.py"
_BANS: Final = "sip/endpoint/test_bans.py"
_PARSER: Final = "sip/message/test_parser.py"
_LAYER: Final = "sip/transaction/test_layer.py"
_RACES: Final = "rfc/test_races_5407.py"
_PHASES: Final = "exchange/test_every_phase.py"
_TCP: Final = "net/test_tcp.py"
_FRAMING: Final = "sip/transport/test_framing.py"
_HOSTILE: Final = "wire/test_hostile_wire.py"
_JOURNAL: Final = "store/test_journal.py"

ROWS: Final = (
    Row(
        "1",
        "RTP bleed and injection: another source takes or hears the audio",
        "the described address locks at once; another must be of its host and send five in "
        "a row of one source; nothing goes to the unconfirmed; silence does not unlock",
        (
            f"{_LATCH}::test_a_candidate_needs_five_in_a_row_and_is_sent_nothing_before",
            f"{_LATCH}::test_another_host_is_no_candidate_unless_trusted",
            f"{_LATCH}::test_the_described_address_wins_a_stolen_lock_back",
            f"{_LATCH}::test_silence_does_not_unlock_but_signalling_does",
            f"{_HOSTILE}::test_a_third_party_is_neither_heard_nor_given_anything",
        ),
    ),
    Row(
        "2",
        "short RTP and RTCP, absurd CSRC counts, extensions, padding",
        "length before any field; dropped and counted",
        (
            f"{_RTP}/test_packet.py::test_parsing_is_total",
            f"{_RTP}/test_rtcp.py::test_parsing_is_total",
            "media/engine/test_differential.py::test_both_engines_mean_the_same",
            "media/engine/test_sanitized.py::test_nothing_bad_is_touched",
        ),
    ),
    Row(
        "3",
        "packets of a stranger end a call",
        "what is not of the far end is dropped and ends nothing",
        (
            "media/engine/test_reports.py::test_nonsense_harms_nothing",
            f"{_LATCH}::test_reports_are_believed_from_the_far_ends_host_only",
        ),
    ),
    Row(
        "4",
        "a challenge to a BYE draws credentials out of the calling side",
        "credentials are of one trunk, its realm, and of calls that we make",
        (
            f"{_CALLED}::test_digest_is_never_answered_where_we_were_called",
            f"{_CALLING}::test_another_realm_gets_no_credentials",
        ),
    ),
    Row(
        "5",
        "methods that nobody thought of are served without a question",
        "one list for each trunk, in and outside dialogs; what is not on it is 405",
        (
            f"{_DOORWAY}::test_methods_outside_a_dialog",
            f"{_DOORWAY}::test_a_trunk_may_be_allowed_less",
            f"{_DOORWAY}::test_a_trunk_may_be_allowed_less_inside_a_dialog_too",
        ),
    ),
    Row(
        "6",
        "toll fraud: scanners, prefixes, REFER, 302, Route",
        "only a plan's numbers are dialled; strangers get 403 a few times, then silence",
        (
            "exchange/test_apart.py::test_a_call_goes_where_its_plan_says_and_nowhere_else",
            f"{_DOORWAY}::test_a_route_is_not_followed",
            f"{_CALLING}::test_a_refusal_is_final",
            f"{_DOORWAY}::test_strangers_are_refused_and_then_ignored",
            "wire/test_interop.py::test_sipvicious_finds_nothing_and_calls_go_on",
        ),
    ),
    Row(
        "7",
        "floods",
        "rates of each source and of all, 503 with Retry-After without a transaction, then "
        "silence, then a ban; memory bounded by caps",
        (
            f"{_DOORWAY}::test_draining_and_the_cap_refuse_new_calls_statelessly",
            f"{_DOORWAY}::test_too_many_calls_of_one_source",
            f"{_BANS}::test_whoever_goes_on_gets_silence",
            f"{_LAYER}::test_an_overloaded_server_answers_once_and_keeps_nothing",
            "bench/test_storm.py::test_ordinary_calls_pass_amid_a_storm",
        ),
    ),
    Row(
        "8",
        "overflow of CSeq, branch, tag; numbers of thousands of digits",
        "lines of 8 kB, 256 of them, CSeq below 2³¹, digits counted before they are read",
        (
            f"{_PARSER}::test_what_is_wrong_is_refused",
            f"{_HOSTILE}::test_a_malformed_invite_gets_400",
        ),
    ),
    Row(
        "9",
        "malformed session descriptions",
        "reading is total: a value, or 400 or 488",
        (
            "sip/sdp/test_parser.py::test_the_parser_is_total",
            f"{_DOORWAY}::test_a_description_that_cannot_be_read",
            "fuzz/test_fuzzers.py::test_nothing_is_found",
        ),
    ),
    Row(
        "10",
        "multipart bodies",
        "parts are bounded, LF is taken, no boundary is 400",
        (
            "sip/message/test_multipart.py::test_what_is_wrong_is_refused",
            "sip/message/test_multipart.py::test_finding_is_total",
        ),
    ),
    Row(
        "11",
        "streams: negative and huge lengths, octets that drip",
        "bounds on head, body, time and connections; 400 and the end; dialogs live on",
        (
            f"{_FRAMING}::test_a_bad_length_is_answered_with_400_and_ends_the_stream",
            f"{_FRAMING}::test_a_begun_message_has_30_seconds",
            f"{_TCP}::test_connections_of_one_host_are_bounded_and_places_come_back",
            f"{_LIFE}::test_a_connection_that_is_gone_leaves_its_session_alive",
        ),
    ),
    Row(
        "12",
        "header smuggling",
        "the other leg is built and never copied; CR, LF and NUL are refused",
        (
            f"{_PARSER}::test_no_value_makes_a_line",
            "sip/sdp/test_parser.py::test_no_value_makes_a_line",
            "exchange/test_hiding.py::test_nothing_of_one_side_is_told_to_the_other",
        ),
    ),
    Row(
        "13",
        "a number cut off at an escaped NUL",
        "control characters are refused after unescaping",
        ("sip/message/test_values.py::test_malformed",),
    ),
    Row(
        "14",
        "re-INVITEs that meet",
        "491, and again after 2.1 to 4 s, or 0 to 2 s",
        (
            f"{_CALLED}::test_glare_is_answered_491_and_tried_again",
            f"{_RACES}::test_reinvite_crosses_reinvite",
        ),
    ),
    Row(
        "15",
        "CANCEL before a response, CANCEL that meets the 200",
        "it waits for a 1xx; a late 200 is acknowledged and released",
        (
            f"{_CALLING}::test_cancel_waits_for_a_provisional_response",
            f"{_RACES}::test_200_crosses_the_cancel",
            "sip/endpoint/test_strays.py::test_a_stray_answer_is_acknowledged_and_released",
        ),
    ),
    Row(
        "16",
        "a forked 2xx",
        "every 2xx is acknowledged, all but the first are released",
        (f"{_CALLING}::test_forks_the_first_wins_and_the_others_are_released",),
    ),
    Row(
        "17",
        "a lost ACK",
        "the 200 is repeated until 64 T1, then both legs get BYE, and the record says so",
        (
            f"{_CALLED}::test_a_200_is_repeated_until_bye_when_nobody_acknowledges",
            f"{_PHASES}::test_a_lost_ack_is_told_in_the_record",
        ),
    ),
    Row(
        "18",
        "a lost BYE",
        "repeated and forgotten; the other leg was released at once",
        ("exchange/test_apart.py::test_a_bye_that_nobody_answers_holds_up_nobody",),
    ),
    Row(
        "19",
        "calls that are half dead",
        "silence, session timer and an absolute limit end them; so does an operator",
        (
            "exchange/test_audio.py::test_silence_ends_a_call_unless_somebody_holds",
            f"{_LIFE}::test_a_far_end_that_should_refresh_and_does_not_is_hung_up",
            f"{_PHASES}::test_every_phase_has_its_limit",
            "app/test_node.py::test_an_operator_ends_a_call",
        ),
    ),
    Row(
        "20",
        "media sessions that nobody owns any more",
        "each has an owner and a deadline from birth",
        (
            "media/worker/test_worker.py::test_a_session_expires_unless_extended",
            "media/session/test_any_order.py::test_every_port_comes_back_whatever_was_ordered",
        ),
    ),
    Row(
        "21",
        "the wall clock steps",
        "timers and durations are on the monotonic clock",
        ("exchange/test_apart.py::test_the_wall_clock_only_stamps",),
    ),
    Row(
        "22",
        "a slow or dead name server",
        "asked beside the loop, the last good answer kept, failure at once",
        (
            "sip/transport/test_target.py::test_a_dead_dns_leaves_the_last_good_answer",
            "sip/transport/test_target.py::test_a_name_without_an_answer_fails_at_once_and_for_a_while",
            "net/test_resolver.py::test_a_slow_name_holds_up_neither_the_loop_nor_the_call",
        ),
    ),
    Row(
        "23",
        "PostgreSQL fails over, and the pool stays with the demoted server",
        "its errors end the connection; connections do not grow old; calls need none",
        (
            "store/test_pool.py::test_a_demoted_server_is_left",
            "store/test_pool.py::test_connections_do_not_grow_old",
            "app/test_node.py::test_the_death_of_postgresql_loses_no_record",
        ),
    ),
    Row(
        "24",
        "a full disk",
        "a bounded queue and an alarm; calls go on",
        (
            f"{_JOURNAL}::test_a_full_disk_is_an_alarm_and_calls_go_on",
            f"{_JOURNAL}::test_what_waits_for_a_full_disk_is_bounded",
        ),
    ),
    Row(
        "25",
        "killed in mid-call",
        "talks are taken back and work both ways; the rest is released and recorded, and "
        "who rings is cancelled",
        (
            "exchange/test_killed_anywhere.py::test_killed_after_any_output",
            "exchange/test_killed_anywhere.py::test_who_rings_when_the_process_dies_rings_no_longer",
            "exchange/test_crash.py::test_the_destination_hangs_up_after_a_restart",
            "wire/test_killed_control.py::test_nobody_hears_it",
        ),
    ),
    Row(
        "26",
        "leaks",
        "whatever ends, everything of it is released",
        (
            "exchange/test_chaos.py::test_every_call_ends_once_and_leaves_nothing",
            "sip/endpoint/test_chaos.py::test_everything_ends_once",
            "wire/test_waiting_calls.py::test_nothing_is_left",
        ),
    ),
    Row(
        "27",
        "two records of one call",
        "one owner writes it, once",
        (
            f"{_JOURNAL}::test_a_call_has_one_record",
            "store/test_delivery.py::test_two_that_deliver_the_same_at_once_count_it_once",
        ),
    ),
    Row(
        "28",
        "spoofed responses",
        "matched by branch, method, sent-by and source",
        (
            f"{_CALLING}::test_a_spoofed_response_does_nothing",
            f"{_LAYER}::test_a_response_from_a_stranger_is_dropped",
            f"{_LAYER}::test_branch_and_method_both_count",
            "sip/endpoint/test_strays.py::test_a_response_to_another_element_draws_nothing_from_us",
        ),
    ),
    Row(
        "29",
        "an INVITE that comes again, or by another way",
        "absorbed, or 482: one call, one record",
        (
            f"{_HOSTILE}::test_an_invite_that_comes_three_times_is_one_call",
            f"{_HOSTILE}::test_an_invite_by_another_way_is_482",
        ),
    ),
    Row(
        "30",
        "one call's fault takes all down",
        "it ends that call, with a record, BYE on both legs and a traceback",
        (
            "exchange/test_faults.py::test_a_broken_session_takes_its_call_with_it_and_no_other",
            f"{_LIFE}::test_other_sessions_lose_nothing_when_one_breaks",
            "net/test_driver.py::test_an_exception_costs_one_datagram_and_is_told",
        ),
    ),
    Row(
        "31",
        "a host that closed its port leaves an ICMP error for each of a thousand responses",
        "an error looks at the requests that wait for that host, and at nothing else",
        (
            f"{_LAYER}::test_an_icmp_error_costs_the_same_whatever_its_sender_has_left_behind",
        ),
    ),
    Row(
        "32",
        "one source's flood makes every other caller wait or be refused",
        "its burst is half a second's; behind its time, the node refuses first who "
        "calls most",
        (
            "sip/transport/test_admission.py::test_under_pressure_who_calls_most_is_refused_first",
            "bench/test_storm.py::test_ordinary_calls_pass_amid_a_storm",
        ),
    ),
    Row(
        "33",
        "reflection and amplification",
        "one datagram for one, hardly larger, to where it came from, and soon none",
        (
            f"{_BANS}::test_nothing_is_amplified",
            "sip/transport/test_response_path.py::test_over_udp_the_host_is_the_source_and_the_port_as_asked",
        ),
    ),
    Row(
        "34",
        "a flood fills the socket, and answers and other callers wait behind it",
        "what is under way goes first, then each source has its turn; waiting is lag",
        (
            "net/test_backlog.py::test_each_source_has_its_turn",
            "net/test_backlog.py::test_what_is_under_way_goes_first_and_in_its_order",
            "net/test_udp.py::test_what_is_under_way_does_not_wait_behind_a_flood",
        ),
    ),
    Row(
        "one owner",
        "nobody, or two, release a call",
        "one owner, one tested way out: legs, media, slots, quota, one record",
        ("exchange/test_chaos.py::test_so_it_is_when_the_process_dies_on_the_way",),
    ),
    Row(
        "transactions first",
        "a retransmission is worked on",
        "absorbed before anything else; RFC 2543's matching for a bare branch",
        (
            f"{_LAYER}::test_an_invite_goes_up_once_and_its_copies_are_absorbed",
            f"{_LAYER}::test_a_peer_of_rfc_2543_is_matched_by_what_it_sends",
        ),
    ),
    Row(
        "total parser",
        "silence, on which a carrier repeats for 32 s",
        "a message or a refusal; what has a Via is answered",
        (
            f"{_PARSER}::test_the_parser_is_total",
            "rfc/torture/test_verdicts.py::test_verdict",
            "rfc/ipv6/test_verdicts.py::test_verdict",
        ),
    ),
    Row(
        "build, do not copy",
        "Max-Forwards, tags and Call-ID cross",
        "one serialiser; Max-Forwards is carried on, less one, and 0 is 483",
        (
            "exchange/test_hiding.py::test_legs_share_no_name",
            f"{_DOORWAY}::test_invites_that_are_refused",
        ),
    ),
    Row(
        "legs apart",
        "a BYE waits for the other leg",
        "200 at once; the other leg's BYE is its own transaction",
        ("exchange/test_apart.py::test_a_bye_that_nobody_answers_holds_up_nobody",),
    ),
    Row(
        "an INVITE outlives its caller",
        "a late 2xx is left alone",
        "acknowledged and released; an ICMP error fails over at once",
        (
            f"{_CALLING}::test_a_200_that_crosses_the_cancel_is_acknowledged_and_released",
            f"{_CALLING}::test_an_unreachable_hop_fails_over_at_once",
            f"{_RACES}::test_a_200_after_its_transaction_is_acknowledged_again",
        ),
    ),
    Row(
        "admission before work",
        "load is noticed when it is too late",
        "rates and caps before parsing for strangers, before sessions for trunks",
        (
            f"{_BANS}::test_a_flood_is_an_offence_before_anything_is_read",
            "sip/transport/test_admission.py::test_memory_is_bounded_and_the_quiet_are_forgotten_first",
        ),
    ),
    Row(
        "deadlines",
        "a wait without end",
        "every wait has one, on the monotonic clock",
        (
            f"{_PHASES}::test_every_phase_has_its_limit",
            f"{_CALLING}::test_a_silent_hop_is_left_after_the_patience",
            "store/test_pool.py::test_a_stalled_server_costs_no_more_than_its_time",
            "sip/transport/test_target.py::test_a_question_without_an_answer_has_a_deadline",
        ),
    ),
    Row(
        "circuit breakers",
        "every call tries a dead address first",
        "failures open it, a probe closes it, busy and no answer never count",
        (
            "sip/endpoint/test_way.py::test_several_calls_that_find_nobody_open_the_breaker_and_one_probe_closes_it",
            "sip/endpoint/test_ways.py::test_busy_and_no_answer_open_nothing",
        ),
    ),
    Row(
        "no blocking call on the loop",
        "the loop stands still and nobody knows",
        "a watchdog tells of 50 ms, and over 250 ms fewer calls are taken",
        (
            "net/test_driver.py::test_a_busy_loop_is_told",
            "app/test_shedding.py::test_a_loop_that_stays_behind_refuses_until_it_keeps_up",
        ),
    ),
    Row(
        "digest",
        "replayed or guessed credentials; 407 passed to the caller",
        "nonces are counted; a challenge is answered from the trunk or fails over",
        (
            "sip/message/test_digest.py::test_each_count_and_method_gives_another_proof",
            "rfc/test_digest_7616.py::test_what_was_rejected_is_not_tried_again",
            f"{_CALLING}::test_a_wrong_password_is_not_repeated_for_ever",
        ),
    ),
    Row(
        "TCP",
        "no or a bad Content-Length",
        "400 and the end; a pong to a double CRLF; bounds on all of it",
        (
            f"{_TCP}::test_a_bad_content_length_gets_400_and_the_end",
            f"{_TCP}::test_keep_alives_are_answered_and_pieces_put_together",
            f"{_FRAMING}::test_a_head_without_an_end_is_bounded",
        ),
    ),
)


def page() -> str:
    """The table in Markdown."""
    lines = []
    for row in ROWS:
        tests = ", ".join(
            f"[{test.partition('::')[2].removeprefix('test_').replace('_', ' ')}]"
            f"(../tests/{test.partition('::')[0]})"
            for test in row.tests
        )
        lines.append(f"| {row.number} | {row.befalls} | {row.right} | {tests} |\n")
    return HEAD + "".join(lines)


def named(test: str) -> bool:
    """Whether there is a test of that name where it is said to be."""
    path, _, name = test.partition("::")
    found = Path(ROOT / "tests" / path)
    return found.exists() and f"def {name}(" in found.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
