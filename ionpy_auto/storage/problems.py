"""What SQLite and the operating system say, told as `StorageError` with something to do."""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ionpy_auto.core.errors import IonpyError, StorageError

_HINTS = (
    ("disk is full", "Free some space; what could not be stored is kept and written then."),
    ("disk i/o error", "Check the disk and its connection; the write is tried again."),
    ("locked", "Another program holds the file; close it."),
    ("malformed", "The file is damaged; it is set aside at the next start. Restore a backup."),
    ("not a database", "The file is damaged; it is set aside at the next start."),
    ("readonly", "Check the permissions of the file and its folder."),
    ("unable to open", "Check that the folder exists and may be written."),
)
_DAMAGE = ("malformed", "not a database")
DEFAULT_HINT = "See the log of the server for the cause."


def _driver_error(error: BaseException) -> BaseException:
    # A full disk ends the whole transaction: going back to a savepoint of it then fails, too.
    while "no such savepoint" in str(error) and error.__context__ is not None:
        error = error.__context__
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def is_damage(error: BaseException) -> bool:
    """True when the error says that the content of the file is broken."""
    text = str(_driver_error(error)).lower()
    return isinstance(_driver_error(error), sqlite3.DatabaseError) and any(
        word in text for word in _DAMAGE
    )


def is_storage(error: BaseException) -> bool:
    """True for errors of the database or the disk, false for errors of the caller."""
    return isinstance(error, DBAPIError | sqlite3.Error | OSError)


def translate(error: Exception, path: Path) -> Exception:
    """The error as callers see it: ours and theirs unchanged, the database's as StorageError."""
    if isinstance(error, IonpyError) or not is_storage(error):
        return error
    text = str(_driver_error(error))
    hint = next((h for word, h in _HINTS if word in text.lower()), DEFAULT_HINT)
    problem = StorageError(f"{path.name}: {text}", hint=hint)
    problem.__cause__ = error
    return problem
