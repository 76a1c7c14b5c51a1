"""The pages that the navigation names, of an enterprise and of the operator.

A place is added by one line. Its key is the name of its template, whose word it shows; a
page that belongs to another's place says so by ``place=`` when it is rendered.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry of the navigation."""

    path: str
    key: str
    icon: str
    """One of setup.py's ``ICONS``."""
    thumb: bool = False
    """On a phone it is at the bottom, in reach of a thumb."""


Navigation = tuple[tuple[Place, ...], ...]
"""Places in groups, which a line parts."""

ENTERPRISE: Final[Navigation] = (
    (
        Place(path="/", key="today", icon="home", thumb=True),
        Place(path="/calls", key="calls", icon="phone", thumb=True),
        Place(path="/analysis", key="analysis", icon="chart-bar"),
    ),
    (
        Place(path="/answering", key="answering", icon="phone-incoming", thumb=True),
        Place(path="/screening", key="screening", icon="shield", thumb=True),
    ),
    (
        Place(path="/try", key="try", icon="flask"),
        Place(path="/plan", key="plan", icon="file-text"),
        Place(path="/access", key="access", icon="users"),
    ),
)
OPERATOR: Final[Navigation] = ()


def places(navigation: Navigation) -> tuple[Place, ...]:
    """Every place of a navigation."""
    return tuple(place for group in navigation for place in group)
