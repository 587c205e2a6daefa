"""What a deleted row leaves in the files of an SQLite database.

Freed space is overwritten as it is freed (`secure_delete`, set with each connection in `database`); the log of pages
beside the file still holds them as they were, until it is emptied. PostgreSQL keeps old versions of rows in its pages
and in its own log for as long as it likes: there, what is forgotten dies with the key that sealed it (`rotate-keys`).
"""

from __future__ import annotations

from sqlalchemy.engine import Engine

PATIENCE_MS = 5_000


def empty_the_log(engine: Engine) -> bool:
    """Move the log's pages into the file and cut the log to nothing; False when somebody read for too long."""
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={PATIENCE_MS}")
        is_busy, *_pages = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_busy
    finally:
        connection.close()
