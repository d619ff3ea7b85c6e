"""What the bridge is told, and the shape of its store."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text
from typer.testing import CliRunner

from cloud_sync.server import tables
from cloud_sync.server.cli import app
from cloud_sync.server.database import Database, metadata
from cloud_sync.server.migrate import StoreTooNew, migrate
from cloud_sync.server.settings import CloudSettingsError, load

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def test_nothing_need_be_said():
    settings = load()
    assert settings.url == f"sqlite+aiosqlite:///{settings.data_dir / 'cloud.db'}"
    assert settings.nats_url is None


def test_the_command_line_is_above_the_environment_and_that_above_secrets_and_the_file(tmp_path, monkeypatch):
    file, secrets = tmp_path / "cloud.toml", tmp_path / "secrets"
    file.write_text('port = 1\nhost = "of file"\nlog_level = "debug"\nconnections = 7\n')
    secrets.mkdir()
    (secrets / "database_url").write_text("postgresql://u:secret@db/x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    monkeypatch.setenv("HEARTH_CLOUD_PORT", "2")
    monkeypatch.setenv("HEARTH_CLOUD_HOST", "of environment")
    # A key of the assistant's own section about the bridge.
    monkeypatch.setenv("HEARTH_CLOUD__URL", "wss://x")
    settings = load(file, {"port": 3, "host": None})
    assert (settings.port, settings.host, settings.log_level, settings.connections) == (3, "of environment", "debug", 7)
    assert settings.url == "postgresql+psycopg://u:secret@db/x"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("of_file", "environment", "message"),
    [
        ("prot = 1", {}, "did you mean port"),
        ("port = 70000", {}, "port: Input should be less than"),
        ("port = ", {}, "can't be read"),
        ('database_url = "postgresql://u:p@h/d"', {}, "is a secret"),
        ("", {"HEARTH_CLOUD_PROT": "1"}, "unknown environment variable HEARTH_CLOUD_PROT"),
        ('nats_url = "http://x"', {}, "nats_url"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, monkeypatch, of_file, environment, message):
    file = tmp_path / "cloud.toml"
    file.write_text(of_file)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CloudSettingsError, match=message) as raised:
        load(file)
    assert "u:p@h" not in str(raised.value)


def test_backup_and_restore_by_command(tmp_path):
    run, data, file = CliRunner(), tmp_path / "data", tmp_path / "copy"
    assert run.invoke(app, ["backup", str(file), "--data", str(data)]).exit_code == 1
    data.mkdir()
    asyncio.run(_made(f"sqlite+aiosqlite:///{data / 'cloud.db'}"))
    assert "is safe" in run.invoke(app, ["backup", str(file), "--data", str(data)]).output
    assert run.invoke(app, ["restore", str(file), "--data", str(data)]).exit_code == 1
    assert "Restored, as epoch" in run.invoke(app, ["restore", str(file), "--data", str(tmp_path / "new")]).output
    assert run.invoke(app, ["serve", "--config", str(tmp_path / "nothing.toml")]).exit_code == 2


async def _made(url: str) -> None:
    async with Database(url) as database:
        await migrate(database)


async def test_the_steps_lead_to_the_tables_of_now(database_url):
    def differences(connection: Connection) -> list[object]:
        def is_ours(name: str | None, kind: str, _parents: object) -> bool:
            # The partitions are tables, too, which no program names; the index by age is of a kind that SQLite lacks.
            return name is None or (not (kind == "table" and name.startswith("event_")) and name != "event_by_age")

        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        return list(compare_metadata(context, metadata))

    await _made(database_url)
    async with Database(database_url) as database, database.transaction() as connection:
        assert await connection.run_sync(differences) == []


async def test_workers_that_start_at_once_migrate_once(cluster, tmp_path):
    url = cluster.create("at_once")
    await asyncio.gather(*(_made(url) for _ in range(3)))
    async with Database(url) as database, database.transaction() as connection:
        assert len((await connection.execute(select(tables.store))).all()) == 1


async def test_a_store_of_a_newer_program_is_left_alone(tmp_path: Path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'cloud.db'}"
    await _made(url)
    async with Database(url) as database:
        async with database.transaction() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
        with pytest.raises(StoreTooNew, match="update hearth-cloud"):
            await migrate(database)
