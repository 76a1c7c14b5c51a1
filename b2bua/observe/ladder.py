"""The SIP messages of a call, drawn: who sent what to whom, and when.

caller           b2bua           sales-1
   |---INVITE (1)-->|               |        0 ms
   |                |--INVITE (1)-->|       12 ms
"""

from typing import Final

from b2bua.service.record import CallRecord, LadderLine

NARROWEST: Final = 22
WIDEST: Final = 34
US: Final = "b2bua"


def draw(record: CallRecord) -> str:
    """One line a message, a column a party; the caller stands left, we next to it."""
    if not record.ladder:
        return "no SIP message was noted"
    legs = list(dict.fromkeys(line.leg for line in record.ladder))
    parties = ["caller", US, *(leg for leg in legs if leg != "caller")]
    longest = max(len(_short(line.line)) for line in record.ladder)
    gap = min(max(longest + 4, NARROWEST), WIDEST)
    heading = "".join(party[: gap - 1].ljust(gap + 1) for party in parties).rstrip()
    rows = [heading, *(_row(line, parties, gap) for line in record.ladder)]
    return "\n".join(rows)


def _row(line: LadderLine, parties: list[str], gap: int) -> str:
    """The arrow spans every column between us and the other party."""
    us, them = parties.index(US), parties.index(line.leg)
    left, right = min(us, them), max(us, them)
    rightwards = (us < them) == line.sent
    room = (right - left) * (gap + 1) - 1
    label = _short(line.line)[: room - 4]
    filled = label.center(room - 2, "-")
    arrow = f"-{filled}>" if rightwards else f"<{filled}-"
    before = "".join("|" + " " * gap for _ in range(left))
    after = "".join("|" + " " * gap for _ in range(right, len(parties) - 1)) + "|"
    return f"{before}|{arrow}{after} {line.at_ms:>8} ms"


def _short(line: str) -> str:
    """A start line without what is the same in all."""
    if line.startswith("SIP/2.0 "):
        return line.removeprefix("SIP/2.0 ")
    method, _, rest = line.partition(" ")
    sequence = rest.rpartition(" ")[2]
    return f"{method} {sequence}" if sequence.startswith("(") else method
