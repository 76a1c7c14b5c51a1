"""Who may call: white list, blacklist, areas, anonymous callers, frequency (§§2 and 3).

Each rule is a function that gives a reason in plain words, so that a trace can quote it.
White-listed callers skip what follows, except caps. Nobody knows the area of some
callers: a deny-list does not match them, and an allow-list does not let them in.
"""

from b2bua.service.number import Caller, CallerKind, first_match, first_place, masked
from b2bua.service.plan import Anonymous, Screening


def whitelisted(rule: Screening, caller: Caller) -> str:
    """The entry of the white list that lets the caller through, or empty."""
    return first_match(caller, rule.whitelist) or ""


def blacklisted(rule: Screening, caller: Caller) -> str:
    """The entry of the blacklist that stops the caller, or empty."""
    return first_match(caller, rule.blacklist) or ""


def area_blocked(rule: Screening, caller: Caller) -> str:
    """Why the caller's area is blocked, or empty."""
    denied = first_place(caller, rule.deny_areas)
    if denied is not None:
        return f"{whereabouts(caller)} is on the deny-list ({denied})"
    if rule.allow_areas is not None and first_place(caller, rule.allow_areas) is None:
        return f"{whereabouts(caller)} is not on the allow-list"
    return ""


def anonymous_rejected(rule: Screening, caller: Caller) -> bool:
    """Whether the caller is refused for hiding the number."""
    return rule.anonymous is Anonymous.REJECT and caller.kind is CallerKind.ANONYMOUS


def too_frequent(rule: Screening, recent_calls: int) -> bool:
    """Whether one more call, after ``recent_calls`` in the rule's window, is too many."""
    return rule.frequency is not None and recent_calls >= rule.frequency.calls


def whereabouts(caller: Caller) -> str:
    """Where the caller is from, in words."""
    if caller.area:
        return f"area {caller.area}" + (f" {caller.province}" if caller.province else "")
    return "unknown area"


def described(caller: Caller) -> str:
    """The caller in words, the number masked."""
    if not caller.number:
        return f"{caller.kind.value} caller"
    return f"{caller.kind.value} {masked(caller.number)}, {whereabouts(caller)}"
