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
        Place(path="/reports", key="reports", icon="calendar"),
    ),
    (
        Place(path="/answering", key="answering", icon="phone-incoming", thumb=True),
        Place(path="/routing", key="routing", icon="route"),
        Place(path="/menus", key="menus", icon="hierarchy"),
        Place(path="/prompts", key="prompts", icon="music"),
        Place(path="/screening", key="screening", icon="shield"),
        Place(path="/settings", key="settings", icon="settings"),
    ),
    (
        Place(path="/try", key="try", icon="flask", thumb=True),
        Place(path="/versions", key="versions", icon="history"),
        Place(path="/plan", key="plan", icon="file-text"),
        Place(path="/access", key="access", icon="users"),
    ),
)
OPERATOR: Final[Navigation] = (
    (
        Place(path="/operator", key="op_home", icon="home", thumb=True),
        Place(path="/operator/live", key="op_live", icon="phone-call", thumb=True),
        Place(path="/operator/numbers", key="op_numbers", icon="list-details", thumb=True),
    ),
    (
        Place(path="/operator/trunks", key="op_trunks", icon="network", thumb=True),
        Place(path="/operator/tariffs", key="op_tariffs", icon="coin"),
        Place(path="/operator/settlement", key="op_settlement", icon="report-money"),
        Place(path="/operator/data", key="op_data", icon="map-pin"),
    ),
    (
        Place(path="/access", key="access", icon="users"),
        Place(path="/audit", key="audit", icon="history"),
    ),
)


def places(navigation: Navigation) -> tuple[Place, ...]:
    """Every place of a navigation."""
    return tuple(place for group in navigation for place in group)
