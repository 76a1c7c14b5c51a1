"""What can go wrong between the program and what it keeps."""

from b2bua.core.errors import B2buaError


class StoreError(B2buaError):
    """Anything the store raises on purpose."""


class Unavailable(StoreError):
    """PostgreSQL cannot be asked now; later it may answer, and nothing was half done."""


class Rejected(StoreError):
    """PostgreSQL will never take this value."""


class PostgresFailed(StoreError):
    """The embedded PostgreSQL cannot be initialised, started or stopped."""


class VersionMismatch(PostgresFailed):
    """The data directory was made by another major version of PostgreSQL."""


class MigrationRefused(StoreError):
    """The schema there is not ours, is newer, or may not be changed by us."""


class PlanRefused(StoreError):
    """A draft cannot be published, or a plan that was asked for is not there."""


class PlanMoved(PlanRefused):
    """Somebody else has published a plan for the number in the meantime."""
