"""A real PostgreSQL for tests: a cluster of its own, in a folder of its own, on a free port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.brokers import free_port

_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]


class Postgres:
    """A cluster that can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        if os.geteuid() == 0:
            # PostgreSQL refuses to be run by root.
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "hearth", "--no-sync")
        self.start()

    def url(self, database: str = "postgres", user: str = "hearth") -> str:
        """For :class:`cloud_sync.server.database.Database`."""
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template1") -> str:
        """A new database, like ``template``, to which nobody may be connected; returns its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "hearth", "-T", template, database)
        return self.url(database)

    def start(self) -> None:
        """Returns when it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log"), "-w", "start"
        )

    def stop(self, mode: str = "fast") -> None:
        """``immediate`` is what a crash leaves."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        subprocess.run(
            [str(_BIN[0] / program), *arguments], check=True, capture_output=True, user=user, cwd=self.folder
        )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Runs until the block ends."""
    # Not in pytest's folder, which is root's alone.
    with tempfile.TemporaryDirectory(prefix="hearth-postgres-") as folder:
        cluster = Postgres(Path(folder))
        try:
            yield cluster
        finally:
            cluster.stop("immediate")
