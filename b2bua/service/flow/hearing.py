"""What a caller is made to hear, by name: the plan's own prompts, the catalogue, tones."""

from typing import Final

from b2bua.call.media import HearPrompts
from b2bua.service.plan import Plan

RINGBACK: Final = "tones/ringback"
ANNOUNCED: Final = "announced"
"""Token of an announcement before a refusal."""

NOTICE: Final = "notice"


def media_name(name: str, plan: Plan | None) -> str:
    """Under which name the media processes know a prompt.

    A name with a slash is such a name already. The catalogue's are in the plan's language,
    Chinese where there is no plan.
    """
    if "/" in name:
        return name
    if plan is None:
        return f"zh/{name}"
    return plan.prompts.get(name, f"{plan.language}/{name}")


def announcement(name: str, plan: Plan | None) -> HearPrompts:
    """An announcement, once; its end is reported."""
    return HearPrompts(prompts=(media_name(name, plan),), token=ANNOUNCED)


def notice(plan: Plan) -> HearPrompts:
    """That the talk will be recorded."""
    return HearPrompts(prompts=(media_name("recording-notice", plan),), token=NOTICE)


def ringback() -> HearPrompts:
    """Our own ringing tone, for as long as it takes."""
    return HearPrompts(prompts=(RINGBACK,), repeat=True)


def greeting(name: str, plan: Plan) -> HearPrompts:
    """The enterprise's greeting while it rings (企业彩铃), a ringing tone between."""
    return HearPrompts(prompts=(media_name(name, plan), RINGBACK), repeat=True)
