"""What can go wrong with the database, as sentences for an operator."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be used as it is; the message says why and what to do."""


class DatabaseUnavailable(StoreError):
    """The database cannot be reached, or did not answer, at the moment; the same work may succeed later."""


class AnotherAdmin(DatabaseUnavailable):
    """Another Admin is active on this database."""


class Collision(StoreError):
    """The database refused a row because of one that another process stored meanwhile."""
