"""What is installed is what the lock files say, nothing more that matters; and a fresh machine gets there by itself."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts.components import LOCKED, libraries

ROOT = Path(__file__).resolve().parent.parent
RUNNING_CODE = ("queue_app", "kiosk", "display", "config.py", "run.py")
TOP = {name.removesuffix(".py") for name in RUNNING_CODE}


@pytest.mark.parametrize("module", ["eventlet", "geventwebsocket"])
def test_nothing_that_silently_changes_the_websocket_driver_is_installed(module: str) -> None:
    assert find_spec(module) is None, "see docs/decisions/0001-two-set-ups.md"


def test_what_runs_here_has_the_locked_versions() -> None:
    expected = {lib.name: lib.version for lib in libraries() if not lib.condition}
    assert {name: version(name) for name in expected} == expected


@pytest.mark.parametrize("lock_file", ["requirements.txt", "requirements-dev.txt", "requirements-voice.txt"])
def test_every_locked_library_has_one_exact_version_and_hashes(lock_file: str) -> None:
    entries = lock_entries(lock_file)
    assert len(entries) > (5 if "voice" in lock_file else 50)
    assert [entry for entry in entries if not LOCKED.match(entry) or "--hash=sha256:" not in entry] == []
    assert len(versions_in(lock_file)) == len(entries)


def test_what_is_tested_is_what_is_shipped() -> None:
    shipped, tested = (versions_in(name) for name in ("requirements.txt", "requirements-dev.txt"))
    assert shipped.items() < tested.items()


def test_running_code_imports_only_libraries_named_in_requirements_in() -> None:
    named = {
        canonical(name)
        for name in re.findall(r"^([A-Za-z0-9._-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    }
    come_with_flask = {"werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker"}
    come_with_flask_wtf_and_socketio = {"wtforms", "python-socketio", "python-engineio"}
    allowed = named | come_with_flask | come_with_flask_wtf_and_socketio
    owners = packages_distributions()
    strangers = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in running_files()
        for module in imported_modules(path) - TOP - set(sys.stdlib_module_names)
        if not {canonical(owner) for owner in owners.get(module, [])} & allowed
    }
    assert strangers == set()


def test_a_missing_program_is_named_loudly_and_stops_the_build_server(tmp_path: Path) -> None:
    bare = folder_of_programs(tmp_path / "bin", "bash", "id", "cat")
    at_a_desk = run_script("scripts/need.sh", "redis", "chromium", PATH=bare, CI="")
    assert at_a_desk.returncode == 0
    assert "MISSING" in at_a_desk.stderr
    assert "redis-server" in at_a_desk.stderr
    assert run_script("scripts/need.sh", "redis", PATH=bare, CI="true").returncode == 1


def test_nothing_is_asked_of_a_machine_that_has_everything(tmp_path: Path) -> None:
    bare = folder_of_programs(tmp_path / "bin", "bash", "id", "cat")
    (tmp_path / "bin/redis-server").symlink_to("/bin/true")
    done = run_script("scripts/need.sh", "redis", PATH=bare, CI="true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path) -> None:
    bare = folder_of_programs(tmp_path / "bin", "bash", "dirname", "mkdir", "cat", "cksum")
    old = tmp_path / "bin/python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    (tmp_path / "with space/scripts").mkdir(parents=True)
    script = shutil.copy(ROOT / "scripts/setup.sh", tmp_path / "with space/scripts/setup.sh")
    refused = run_script(script, "run", PATH=bare, PYTHON="")
    assert refused.returncode == 1
    assert "needs Python 3.11 or newer. Found: Python 3.9.2" in refused.stderr


def versions_in(lock_file: str) -> dict[str, str]:
    matches = (LOCKED.match(entry) for entry in lock_entries(lock_file))
    return {found["name"]: found["version"] for found in matches if found}


def lock_entries(name: str) -> list[str]:
    """One entry a library, its lines joined, its comments dropped."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)
    return [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]


def running_files() -> list[Path]:
    found = [ROOT / name for name in RUNNING_CODE]
    return [
        file for path in found for file in ([path] if path.suffix == ".py" else path.rglob("*.py")) if file.exists()
    ]


def imported_modules(path: Path) -> set[str]:
    """Top names only; imports inside functions count too."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    come_from = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.partition(".")[0] for name in plain | come_from}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def folder_of_programs(folder: Path, *names: str) -> str:
    """A PATH on which only these exist."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


def run_script(script: str | Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(shutil.which("bash")), str(script), *words],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
