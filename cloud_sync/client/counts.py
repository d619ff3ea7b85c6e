"""What was lost, by kind, for a person to see: nothing goes without being counted."""

from collections.abc import Mapping

from apsw import Connection


def count(connection: Connection, what: str, n: int = 1) -> None:
    """``n`` more of it."""
    connection.execute(
        "INSERT INTO sync_count VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET n = n + excluded.n", (what, n)
    )


def counts(connection: Connection) -> Mapping[str, int]:
    """All of it: ``given_up.turn``, ``expired``, ``damaged``, ``refused`` and the like."""
    return dict(connection.execute("SELECT what, n FROM sync_count ORDER BY what"))
