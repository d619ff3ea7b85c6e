"""Whether the house's console belongs to anybody yet. Apart from :mod:`edge.api.web.accounts`, for whoever must know
before what serves the page is loaded.
"""

from apsw import Connection

from edge.ports import Storage


async def claimed(storage: Storage) -> bool:
    """Whether anybody can show who they are: a password is set, or there is a token. Raises StorageError."""
    return await storage.read(_claimed)


def _claimed(connection: Connection) -> bool:
    tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('access_person', 'access_login')"
    if connection.execute(tables).get < 2:  # noqa: PLR2004  # nobody was ever served
        return False
    query = """SELECT EXISTS (SELECT 1 FROM access_person WHERE password IS NOT NULL)
        OR EXISTS (SELECT 1 FROM access_login WHERE kind = 'token')"""
    return bool(connection.execute(query).get)
