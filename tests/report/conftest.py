"""The PostgreSQL of the store's tests."""

from tests.store.conftest import database, dsn, server

__all__ = ["database", "dsn", "server"]
