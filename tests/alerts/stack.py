"""A real Prometheus and a real Alertmanager, with our rules, and whom they wake."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from tests.alerts.promtool import FILES, RUNBOOKS
from tests.process.installation import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WIKI = "https://wiki.example.org/rotator/"
"""Where this installation keeps its runbooks."""

_OK = 200
_STOP_SECONDS = 10


def program(name: str) -> str:
    """Find a program; skip the test where there is none, unless there must be one."""
    found = shutil.which(name)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"no {name}: run `make system-deps`")
    if found is None:
        pytest.skip(f"no {name}, so no alarm is tried: run `make system-deps` as root")
    return found


def free_ports(count: int) -> list[int]:
    """Find ports of this machine that nobody listens to."""
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in opened]
    for one in opened:
        one.close()
    return ports


class Pager:
    """What the webhook of the one who is woken was sent."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Receive; gives the webhook's address."""
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pages.extend(json.loads(body)["alerts"])
                self.send_response(_OK)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing on the screen of the tests."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def wait_for(self, name: str, status: str) -> dict[str, Any]:
        """Return the first page about an alert with this status."""

        def probe() -> dict[str, Any] | None:
            of_it = (page for page in list(self.pages) if page["labels"]["alertname"] == name)
            return next((page for page in of_it if page["status"] == status), None)

        return eventually(probe, what=f"a page that {name} is {status}: {self.pages}")


def impatient(folder: Path) -> list[str]:
    """Copy the rules as they are shipped, but with links that lead somewhere and no patience.

    Only ``for`` is shortened, to a second, and only so that a test need not wait.
    """
    made = []
    for file in FILES:
        text = file.read_text(encoding="utf-8").replace(RUNBOOKS, WIKI)
        document = yaml.safe_load(text)
        for group in document["groups"]:
            for rule in group["rules"]:
                if "for" in rule:
                    rule["for"] = "1s"
        copy = folder / file.name
        copy.write_text(yaml.safe_dump(document), encoding="utf-8")
        made.append(str(copy))
    return made


@contextmanager
def alarmed(folder: Path, scraped: str, pager: str) -> Iterator[str]:
    """Run both programs on one daemon, whose address is given; gives Prometheus' own."""
    prometheus, alertmanager = program("prometheus"), program("prometheus-alertmanager")
    for_prometheus, for_alertmanager = free_ports(2)
    route = {
        "receiver": "pager",
        "group_by": ["..."],
        "group_wait": "1s",
        "group_interval": "1s",
        "repeat_interval": "1h",
    }
    hook = {"url": pager, "send_resolved": True}
    receivers = [{"name": "pager", "webhook_configs": [hook]}]
    _write(folder / "alertmanager.yaml", {"route": route, "receivers": receivers})
    _write(
        folder / "prometheus.yaml",
        {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": impatient(folder),
            "scrape_configs": [{"job_name": "any", "static_configs": _at(scraped)}],
            "alerting": {
                "alertmanagers": [{"static_configs": _at(f"127.0.0.1:{for_alertmanager}")}]
            },
        },
    )
    with ExitStack() as stack:
        stack.enter_context(
            _running(
                folder / "alertmanager.log",
                [
                    alertmanager,
                    f"--config.file={folder / 'alertmanager.yaml'}",
                    f"--storage.path={folder / 'alertmanager'}",
                    f"--web.listen-address=127.0.0.1:{for_alertmanager}",
                    "--cluster.listen-address=",
                ],
            )
        )
        stack.enter_context(
            _running(
                folder / "prometheus.log",
                [
                    prometheus,
                    f"--config.file={folder / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={folder / 'prometheus'}",
                    f"--web.listen-address=127.0.0.1:{for_prometheus}",
                    "--rules.alert.resend-delay=1s",
                ],
            )
        )
        _wait_until_ready(for_alertmanager)
        _wait_until_ready(for_prometheus)
        yield f"http://127.0.0.1:{for_prometheus}"


def _write(file: Path, document: object) -> None:
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def _at(address: str) -> list[dict[str, list[str]]]:
    return [{"targets": [address]}]


@contextmanager
def _running(log: Path, command: Sequence[str]) -> Iterator[None]:
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(port: int) -> None:
    def probe() -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/-/ready", trust_env=False, timeout=5)
        except httpx.TransportError:
            return False
        return answer.status_code == _OK

    eventually(probe, what=f"a program at port {port}")
