"""A real PostgreSQL for tests: a cluster of its own, in a folder of its own, on a free port."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.brokers import free_port

_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]


class Postgres:
    """A cluster that can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            # PostgreSQL refuses to be run by root.
            shutil.chown(folder, "postgres", "postgres")
            for parent in folder.parents:
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)
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
def postgres(folder: Path) -> Iterator[Postgres]:
    """Runs until the block ends."""
    cluster = Postgres(folder)
    try:
        yield cluster
    finally:
        cluster.stop("immediate")
