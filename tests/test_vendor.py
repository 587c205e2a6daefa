"""The vendored files are exactly what their manifests say: nothing edited, nothing missing, nothing unlisted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = [ROOT / "queue_app/web/static/vendor/MANIFEST.json", ROOT / "tests/vendor/MANIFEST.json"]
ALLOWED = {"MIT", "0BSD", "MPL-2.0", "OFL-1.1"}


def packages(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["packages"]
    return found


FILES = [
    pytest.param(manifest.parent / entry["path"], entry["sha256"], id=f"{package['source']}:{entry['path']}")
    for manifest in MANIFESTS
    for package in packages(manifest)
    for entry in package["files"]
]


@pytest.mark.parametrize(("path", "expected"), FILES)
def test_vendored_file_has_the_recorded_content(path: Path, expected: str) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() == expected


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parts[-3])
def test_every_vendored_file_is_listed(manifest: Path) -> None:
    listed = {entry["path"] for package in packages(manifest) for entry in package["files"]} | {"MANIFEST.json"}
    present = {path.relative_to(manifest.parent).as_posix() for path in manifest.parent.rglob("*") if path.is_file()}
    assert present == listed


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parts[-3])
def test_every_package_names_version_licence_and_licence_text(manifest: Path) -> None:
    for package in packages(manifest):
        assert package["version"] and package["source"] and package["licence"] in ALLOWED
        assert any("LICENSE" in entry["path"] for entry in package["files"]), package["name"]
