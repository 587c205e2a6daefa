"""What of others is in Matazu: the libraries locked in requirements.txt and the files under vendor/ folders.

Licence and home page of a library come from what it says itself once installed, so this runs in the dev .venv. The same
list comes out on every machine: a library that only some machines install is listed with its condition.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^\s;\\]+)\s*(;\s*(?P<condition>[^\\]+))?")
# The machine that the list is written for.
USUAL_MACHINE = {
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "sys_platform": "linux",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}
CLASSIFIER_NAMES = {"MIT License": "MIT", "BSD License": "BSD", "Apache Software License": "Apache-2.0"}


@dataclass(frozen=True)
class Component:
    name: str
    version: str
    licence: str
    home: str
    condition: str = ""
    package_url: str = ""


def libraries() -> list[Component]:
    """In the order of requirements.txt, which is alphabetical."""
    text = (ROOT / "requirements.txt").read_text("utf-8").replace("\\\n", " ")
    return [library(found) for line in text.splitlines() if (found := LOCKED.match(line))]


def library(found: re.Match[str]) -> Component:
    name, version, condition = found["name"], found["version"], without_hashes(found["condition"] or "")
    installed_here = not condition or Marker(condition).evaluate(dict(USUAL_MACHINE))
    return Component(
        name=name,
        version=version,
        condition=condition,
        licence=licence_of(name) if installed_here else "see its package",
        home=home_of(name) if installed_here else "",
        package_url=f"pkg:pypi/{name}@{version}",
    )


def vendored(under: Path = ROOT / "queue_app") -> list[Component]:
    manifests = sorted(under.rglob("vendor/MANIFEST.json"))
    return [vendored_package(entry) for path in manifests for entry in json.loads(path.read_text("utf-8"))["packages"]]


def vendored_package(entry: dict[str, object]) -> Component:
    source = str(entry["source"]).replace("@", "%40")
    return Component(
        name=str(entry["name"]),
        version=str(entry["version"]),
        licence=str(entry["licence"]),
        home=str(entry["home"]),
        package_url=f"pkg:npm/{source}@{entry['version']}",
    )


def without_hashes(condition: str) -> str:
    return condition.partition("--hash")[0].strip()


def licence_of(name: str) -> str:
    facts = metadata(name)
    stated = short_fact(facts, "License-Expression") or short_fact(facts, "License")
    if stated:
        return stated
    classifiers = facts.get_all("Classifier") or []
    classified = [value.rsplit(" :: ", 1)[1] for value in classifiers if value.startswith("License ::")]
    if not classified:
        raise LookupError(f"{name} states no licence that a program can read")
    return " / ".join(CLASSIFIER_NAMES.get(one, one) for one in classified)


def home_of(name: str) -> str:
    """The page its authors name, preferring where the source is kept."""
    facts = metadata(name)
    pages: dict[str, str] = dict(page.split(", ", 1) for page in facts.get_all("Project-URL") or [])
    by_label = {label.lower(): page for label, page in pages.items()}
    for label in ("source", "source code", "repository", "github", "homepage", "home"):
        if label in by_label:
            return by_label[label]
    return short_fact(facts, "Home-page") or next(iter(pages.values()), "")


def short_fact(facts: PackageMetadata, field: str) -> str:
    """Empty where the field is missing, or holds a whole licence text instead of its name."""
    stated: str = (facts.get_all(field) or [""])[0]
    return "" if "\n" in stated or len(stated) >= 80 else stated
