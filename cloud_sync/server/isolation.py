"""Every house sees its own rows alone: PostgreSQL's row-level security, beside the WHERE of every query.

The tables belong to whoever migrates the store. Workers take the role ``hearth_worker``, which owns nothing and may not
bypass security: what their transaction does not name a house for, they neither see nor write. SQLite has no such thing;
there the WHERE clauses alone keep houses apart, and the tests look at every one of them.
"""

from typing import Final

from sqlalchemy import Connection, inspect

from cloud_sync.server.database import HOUSES, WORKER

_BY_KEY: Final = {
    "device": ("device", ("SELECT",)),
    "token": ("token_hash", ("SELECT",)),
    "enrolment": ("code_hash", ("SELECT", "DELETE")),
}
"""Who somebody is must be known before their house is: such a row is seen by whoever names its key. And what they may
then do with it."""
_GRANTS: Final = {"audit": "SELECT, INSERT", "store": "SELECT", "alembic_version": "SELECT"}
_GRANT: Final = "SELECT, INSERT, UPDATE, DELETE"
_POLICY: Final = "of_house"


def isolate(connection: Connection) -> None:
    """See to it that every table has its policies and grants; what is there already is not touched. To be called in the
    transaction that migrates, after all steps. Nothing happens in SQLite.
    """
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql(_ROLE)
    secured = set(connection.exec_driver_sql(_SECURED).scalars())
    columns = inspect(connection)
    for name in columns.get_table_names():
        if name not in secured:
            _isolate(connection, name, {column["name"] for column in columns.get_columns(name)})


def _isolate(connection: Connection, name: str, columns: set[str]) -> None:
    # Names are those of our own tables.
    does = [f'GRANT {_GRANTS.get(name, _GRANT)} ON "{name}" TO {WORKER}']
    does.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {WORKER}")
    rule = HOUSES if "house" in columns else "true"
    does.append(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY')
    does.append(f'CREATE POLICY {_POLICY} ON "{name}" USING ({rule}) WITH CHECK ({rule})')
    column, allowed = _BY_KEY.get(name, ("", ()))
    by_key = f"USING ({column} = ANY (current_setting('hearth.keys', true)::text[]))"
    does += [f'CREATE POLICY by_key_{what.lower()} ON "{name}" FOR {what} {by_key}' for what in allowed]
    for sql in does:
        connection.exec_driver_sql(sql)


_SECURED: Final = f"SELECT tablename FROM pg_policies WHERE schemaname = current_schema() AND policyname = '{_POLICY}'"  # noqa: S608
_ROLE: Final = f"""DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{WORKER}') THEN
        CREATE ROLE {WORKER} NOLOGIN NOBYPASSRLS NOSUPERUSER;
    END IF;
    IF NOT pg_has_role(current_user, '{WORKER}', 'MEMBER') THEN
        GRANT {WORKER} TO CURRENT_USER;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$"""
