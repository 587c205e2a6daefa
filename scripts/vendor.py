"""Re-create the vendored front-end files from their npm packages.

The manifests are the only list: which package, which version, which file goes where, and its SHA-256. Without options
the files are fetched anew and must match the recorded hashes; `--record` writes new hashes after a version was raised
by hand. For maintainers only: nothing here runs when the system runs. Needs `npm` on the path.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Settle = Callable[[dict[str, str], bytes], None]
ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = (ROOT / "queue_app/web/static/vendor/MANIFEST.json", ROOT / "tests/vendor/MANIFEST.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the hashes found instead of checking them")
    settle = record_hash if parser.parse_args().record else check_hash
    for path in MANIFESTS:
        manifest = json.loads(path.read_text("utf-8"))
        for package in manifest["packages"]:
            unpack(package, path.parent, settle)
        path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def unpack(package: dict[str, Any], folder: Path, settle: Settle) -> None:
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(fetch(package, Path(scratch))) as archive:
        for entry in package["files"]:
            content = read(archive, f"package/{entry['from']}")
            settle(entry, content)
            target = folder / entry["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    print(f"{package['name']} {package['version']}: {len(package['files'])} files")


def fetch(package: dict[str, Any], scratch: Path) -> Path:
    spec = f"{package['source']}@{package['version']}"
    subprocess.run(["npm", "pack", "--silent", spec], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    return next(scratch.glob("*.tgz"))


def read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise SystemExit(f"the package has no file {name}")
    return member.read()


def check_hash(entry: dict[str, str], content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != entry.get("sha256"):
        raise SystemExit(f"{entry['path']}: expected {entry.get('sha256')}, the package holds {found}")


def record_hash(entry: dict[str, str], content: bytes) -> None:
    entry["sha256"] = hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
