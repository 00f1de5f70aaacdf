"""Swaps in a newer SQLite where the system's has the WAL-reset bug (fixed in 3.51.3)."""

import importlib.util
import sqlite3
import sys


def use_safe_sqlite() -> None:
    """Put ``pysqlite3`` in place of ``sqlite3`` when the latter is older than 3.51.3 and the former is installed."""
    if sqlite3.sqlite_version_info < (3, 51, 3) and importlib.util.find_spec("pysqlite3"):
        sys.modules["sqlite3"] = importlib.import_module("pysqlite3")
        sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")
