"""A language, and how words are kept: by a short key, in Chinese and in English."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Tongue: TypeAlias = Literal["zh", "en"]
Entries: TypeAlias = Mapping[str, tuple[str, str]]
"""Chinese and English by key."""
