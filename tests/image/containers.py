"""Building the image and running it, in a store of images of its own: build/containers."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.gates.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STORE = ROOT / "build" / "containers"
TOOLS = ("podman", "runc", "catatonit", "mmdebstrap")
EPOCH = "1700000000"
USER = "65532"
REVISION = "0123456789abcdef0123456789abcdef01234567"

PODMAN = (
    *("podman", "--log-level", "error", "--runtime", "runc", "--cgroup-manager", "cgroupfs"),
    *("--root", str(STORE / "root"), "--runroot", str(STORE / "runroot")),
)
_SCRATCH = "/tmp:mode=1777"  # noqa: S108 - the container's own
RESTRICTED = (
    *("--read-only", "--tmpfs", _SCRATCH, "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--user", f"{USER}:{USER}", "--memory", "256m"),
    *("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"),
    *("--no-healthcheck", "--log-driver", "k8s-file"),
)
"""What the restricted Pod Security standard and the chart ask for, with limits that hosts grant."""

_BASE = "localhost/rotator-base:bookworm-1"
"""Stands in for the official image, with pip as there; count up when its recipe changes."""

_BASE_PACKAGES = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SOURCES = STORE / "sources"
_BUILD_SECONDS = 600


def need_tools() -> None:
    """Skip the test where the image cannot be built, unless it must be possible."""
    if os.geteuid():
        pytest.skip("not root, so no image is built: run `make image-test` as root")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"no {', '.join(missing)}: run `make system-deps`")
    if missing:
        pytest.skip(f"no {', '.join(missing)}, so no image is built: run `make system-deps`")


def run(
    *command: str,
    seconds: float = 120,
    environ: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; the caller looks at how it ended."""
    return subprocess.run(
        command,
        env={**os.environ, **(environ or {})},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def podman(
    *arguments: str, seconds: float = 120, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run podman on our store to its end."""
    return run(*PODMAN, *arguments, seconds=seconds, environ=environ)


def must(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a command printed; it must have succeeded."""
    assert done.returncode == 0, f"{done.args}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def inspected(name: str) -> dict[str, Any]:
    """Return all that podman tells of one image or container."""
    (found,) = json.loads(must(podman("inspect", name)))
    return dict(found)


def built(name: str) -> str:
    """Build the image in two steps and return its name; what did not change comes from a cache.

    The first step, which fetches wheels, is given what this machine tells pip, by volumes. Their
    mount points stay behind in its layers, which the second step does not take over.
    """
    need_tools()
    STORE.mkdir(parents=True, exist_ok=True)
    this_run, known = os.environ.get("PYTEST_XDIST_TESTRUNUID", ""), STORE / "built-by"
    with _alone():
        if this_run and known.exists() and known.read_text() == this_run:
            return name  # by another worker of this run
        if podman("image", "exists", _BASE).returncode:
            _make_base()
        _copy_sources()
        _make(f"{name}-wheels", "--target", "build", *_pip_settings())
        _make(name)
        podman("image", "prune", "--force")
        known.write_text(this_run)
    return name


@contextmanager
def _alone() -> Iterator[None]:
    """Keep other workers of the tests from building at the same time."""
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def built_anew(name: str) -> str:
    """Build the image from the same sources again, in one step and without a cache."""
    with _alone():
        _make(name, "--no-cache", *_pip_settings())
    return name


def _copy_sources() -> None:
    """Take the sources as they are now, so that every build of this session has the same."""
    shutil.rmtree(_SOURCES, ignore_errors=True)
    _SOURCES.mkdir()
    names = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    for name in ("Makefile", "Dockerfile", ".dockerignore", *names):
        source, target = ROOT / name, _SOURCES / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)


def _make(name: str, *options: str) -> None:
    arguments = ("--isolation", "chroot", "--network", "host", *options)
    done = run(
        *("make", "image", f"ENGINE={' '.join(PODMAN)}", f"IMAGE={name}", f"BASE={_BASE}"),
        *(f"SOURCE_DATE_EPOCH={EPOCH}", f"REVISION={REVISION}"),
        f"IMAGE_ARGS={' '.join(arguments)}",
        seconds=_BUILD_SECONDS,
        environ={"MAKEFLAGS": ""},
        folder=_SOURCES,
    )
    must(done)


def _make_base() -> None:
    archive = STORE / "base.tar"
    if not archive.exists():
        half = STORE / "base-half.tar"
        leave_out = [f"--dpkgopt=path-exclude=/usr/share/{it}/*" for it in ("doc", "man", "locale")]
        recipe = ("--quiet", "--variant=minbase", f"--include={_BASE_PACKAGES}", *leave_out)
        must(run("mmdebstrap", *recipe, "bookworm", str(half), seconds=_BUILD_SECONDS))
        half.rename(archive)
    must(podman("import", "--quiet", "--change", f"ENV {_PATH}", str(archive), _BASE, seconds=300))


def _pip_settings() -> Sequence[str]:
    """Write down what this machine tells pip, and list the volumes which that needs."""
    file = STORE / "pip.conf"
    told = must(run(sys.executable, "-m", "pip", "config", "list")).splitlines()
    options: dict[str, list[str]] = {}
    for name, _, value in sorted((line.partition("=") for line in told), reverse=True):
        options[name.rpartition(".")[2]] = ast.literal_eval(value).split()  # :env: comes last
    lines = [f"{name} = {' '.join(words)}\n" for name, words in sorted(options.items())]
    file.write_text("[global]\n" + "".join(lines))
    places = {place for words in options.values() for word in words for place in _places(word)}
    mounts = {"/etc/pip.conf": str(file), **{place: place for place in sorted(places)}}
    return [f"--volume={source}:{target}:ro" for target, source in mounts.items()]


def _places(word: str) -> Iterator[str]:
    """Name the local path that a setting of pip means; an index's files lie beside the index."""
    path = Path(word.removeprefix("file://"))
    if path.is_absolute() and path.exists():
        yield str(path.parent if word.startswith("file://") else path)


@contextmanager
def container(
    image: str,
    *arguments: str,
    options: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a container as a pod would; gives its id, and leaves none behind."""
    named = [f"--env={name}" for name in environ or ()]
    created = podman(*("create", *RESTRICTED, *named, *options, image, *arguments), environ=environ)
    container_id = must(created).strip()
    try:
        must(podman("start", container_id))
        yield container_id
    finally:
        podman("rm", "--force", "--time", "0", container_id)
