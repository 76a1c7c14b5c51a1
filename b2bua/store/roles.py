"""What somebody who is signed in may do: roles, and the rights that they have."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

HOUSE: Final = ""
"""Stands where a number stands for those who run all numbers."""
FIRST: Final = "owner"
"""The user whom a number has from the beginning; signs in with the number alone."""


class Right(Enum):
    """One thing that may be done."""

    LOOK = "look"
    REVEAL = "reveal"
    """See callers' numbers whole."""
    CHANGE = "change"
    """Publish plans."""
    USERS = "users"
    """Say who else may come in, and see what they did."""
    OPERATE = "operate"
    """Run all numbers."""


class Role(Enum):
    """What somebody is to a number, or to the house."""

    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"
    OPERATOR = "operator"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset({Right.LOOK, Right.REVEAL, Right.CHANGE, Right.USERS}),
    Role.MANAGER: frozenset({Right.LOOK, Right.REVEAL, Right.CHANGE}),
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.OPERATOR: frozenset({Right.OPERATE}),
}
ENTERPRISE: Final = (Role.OWNER, Role.MANAGER, Role.VIEWER)
"""Roles that a number's users may have."""
