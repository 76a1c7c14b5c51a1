"""The phases of a call, and how long each may last."""

import enum
from typing import Final

UNANSWERED_LIMIT: Final = 90.0
"""Seconds that a call may go on without a destination answering (§10)."""
ASKING_LIMIT: Final = 300.0
"""Seconds that a caller may spend with a password and menus."""
ANNOUNCEMENT_LIMIT: Final = 15.0
"""Seconds that a refusal may be spoken (§9)."""
TALK_LIMIT: Final = 4 * 3600.0
"""Seconds that any talk may last: the last of the three reapers."""
QUOTA_LIMIT: Final = 1.0
"""Seconds that a caller may wait for quota; then there is none."""
SETTLE_LIMIT: Final = 1.0
"""Seconds that a record waits for ports and sessions to come back."""
WAITING_LIFETIME: Final = 600.0
"""Seconds of media for a call that nobody has answered yet."""
MESSAGE_LIFETIME: Final = 900.0
"""Seconds of media for a caller who leaves a message."""
TALKING_LIFETIME: Final = TALK_LIMIT + 60.0
RETRY_AFTER: Final = 5
"""Seconds after which a caller for whom no port was free may try again."""
NO_AUDIO: Final = {488: 88, 503: 42}
"""Q.850 causes of a caller who can have no audio: incompatible, or congestion."""


class Phase(enum.Enum):
    """How far the call has come."""

    ADMITTING = "admitting"
    """Waits for quota from the store."""
    OPENING = "opening"
    """Waits for the caller's port."""
    ANNOUNCING = "announcing"
    PASSWORD = "password"
    MENU = "menu"
    RECALLING = "recalling"
    """Waits to be told whom the caller knows."""
    HUNTING = "hunting"
    QUEUE = "queue"
    """Waits, with music, for a destination to be free."""
    NOTICE = "notice"
    """Both sides are told that the talk will be recorded."""
    TALKING = "talking"
    SURVEY = "survey"
    """The destination has hung up, and the caller is asked about the talk."""
    VOICEMAIL = "voicemail"
    ENDING = "ending"
    OVER = "over"
