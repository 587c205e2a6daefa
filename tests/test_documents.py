"""What is written beside the code stays true, and nothing of the writer's own machine gets into the repository."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.notices import notices

ROOT = Path(__file__).resolve().parent.parent
# The text as the Apache Software Foundation publishes it.
APACHE_2_SHA256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
NOT_TO_BE_WRITTEN_BY_HAND = {"requirements.txt", "requirements-dev.txt", "THIRD_PARTY_NOTICES.md"}

# Written in pieces, so that this list does not find itself.
FORBIDDEN_WORDS = [
    rf"\.{'lib'}rary/",
    rf"\b{'farm'}-studio\b",
    rf"\b{'sub'}-?agents?\b",
    rf"\b{'session'}-of-work\b",
    rf"\b{'iss'}ues? #?\d+",
]
MACHINE_PATHS = [rf"(?<![\w.]){'/ro'}ot/", rf"(?<![\w.}}]){'/wo'}rk/", r"/home/[a-z]\w*/", r"/Users/\w+/"]
REGISTRY_HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com"]


def text_files() -> dict[str, str]:
    """Every text file that is, or is about to be, in the repository, without other people's under vendor/."""
    found = {}
    for name in file_names():
        if "/vendor/" in f"/{name}" or not (ROOT / name).is_file():
            continue
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found[name] = content.decode("utf-8")
    return found


def file_names() -> list[str]:
    """From git where there is a repository; a released archive has none."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [name for name in listed.stdout.split("\0") if name]
    own = (path for path in ROOT.rglob("*") if path.is_file())
    names = (path.relative_to(ROOT) for path in own)
    return [
        str(name)
        for name in names
        if not re.match(r"(\.(?!ci|editor|git[ai])|instance|build|.*__pycache__)", str(name))
    ]


FILES = text_files()


def lines_matching(patterns: list[str], files: dict[str, str]) -> list[str]:
    looked_for = re.compile("|".join(patterns), re.IGNORECASE)
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in files.items()
        if looked_for.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if looked_for.search(line)
    ]


def test_no_file_names_a_path_of_the_writers_machine() -> None:
    here = [re.escape(f"{folder}/") for folder in (ROOT.parent, Path.home()) if len(folder.parts) > 1]
    assert lines_matching([*MACHINE_PATHS, *here], FILES) == []


def test_no_file_names_a_package_registry() -> None:
    assert lines_matching([re.escape(host) for host in [*REGISTRY_HOSTS, *configured_hosts()]], FILES) == []


def test_no_file_speaks_of_the_workshop() -> None:
    assert lines_matching(FORBIDDEN_WORDS, FILES) == []


@pytest.mark.parametrize(
    "line",
    ["see /ro" + "ot/notes", "fixes iss" + "ue 12", "the sub" + "agent", "at /wo" + "rk/main"],
)
def test_the_guards_above_do_notice(line: str) -> None:
    assert lines_matching([*FORBIDDEN_WORDS, *MACHINE_PATHS], {"note.md": line}) == [f"note.md:1: {line}"]


def test_no_python_file_is_named_after_nothing_in_particular() -> None:
    vague = re.compile(r"(utils?|helpers?|manager|base|common|misc)\.py")
    assert [name for name in FILES if vague.fullmatch(Path(name).name)] == []


def test_no_journey_waits_in_a_way_the_policy_of_our_pages_forbids() -> None:
    """Playwright's own wait for a function evaluates text in the page as soon as it has to look twice; `browser.until` never does."""
    assert lines_matching(["wait_for_" + "function\\("], FILES) == []


def test_no_page_style_or_script_loads_anything_from_elsewhere() -> None:
    served = {name: text for name, text in FILES.items() if is_served(name)}
    assert served
    namespaces_aside = r"""["'(=]\s*(?:https?:|wss?:)?//(?!www\.w3\.org/|\{)[\w-]+[.:/]"""
    assert lines_matching([namespaces_aside], served) == []


def test_text_files_end_their_lines_one_way_and_end_with_one() -> None:
    written = {name: text for name, text in FILES.items() if name not in NOT_TO_BE_WRITTEN_BY_HAND}
    assert [name for name, text in written.items() if "\r" in text or (text and not text.endswith("\n"))] == []


@pytest.mark.parametrize(
    "name",
    ["README.md", "CHANGELOG.md", "LICENSE", "NOTICE", "SECURITY.md", "CONTRIBUTING.md", "docs/decisions/README.md"],
)
def test_the_papers_are_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200


def test_readme_says_how_to_run_and_how_to_test() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make run" in readme
    assert "make test" in readme


def test_the_changelog_has_room_for_what_is_not_released_yet() -> None:
    assert "## [Unreleased]" in FILES["CHANGELOG.md"]


def test_the_licence_is_the_unchanged_apache_licence() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_SHA256


def test_third_party_notices_are_fresh() -> None:
    assert notices() == (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8"), "run `make notices`"


def test_every_decision_is_in_the_index_of_decisions() -> None:
    pages = {path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")} - {"0000-template.md"}
    assert pages == set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", FILES["docs/decisions/README.md"]))


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{name}: {target}"
        for name, text in FILES.items()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)", text)
        if not urlsplit(target).scheme and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert dead == []


def test_documents_that_the_code_names_are_there() -> None:
    named = {(name, page) for name, text in FILES.items() for page in re.findall(r"docs/[\w/-]+\.md", text)}
    assert {(name, page) for name, page in named if not (ROOT / page).is_file()} == set()


def test_the_build_server_runs_what_a_desk_runs() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    orders = [line for line in FILES[".ci/run"].splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert orders == ["exec make test"]


def test_make_alone_lists_every_target() -> None:
    targets = make_targets()
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^  make ([a-z-]+) +\S", listed, re.MULTILINE)) == targets
    assert targets >= {"run", "test", "lint", "check"}


def test_every_script_that_make_calls_exists() -> None:
    called = re.findall(r"-m (scripts\.\w+)", FILES["Makefile"])
    assert called
    assert [name for name in called if find_spec(name) is None] == []


def test_documents_name_only_targets_that_make_knows() -> None:
    pages = {name: text for name, text in FILES.items() if name.endswith(".md")}
    named = {(name, target) for name, text in pages.items() for target in re.findall(r"`make ([a-z-]+)", text)}
    assert {(name, target) for name, target in named if target not in make_targets()} == set()


def is_served(name: str) -> bool:
    folders = ("queue_app/web/", "kiosk/", "display/")
    return name.startswith(folders) and name.endswith((".html", ".css", ".js", ".svg", ".jinja", ".txt", ".xml"))


def make_targets() -> set[str]:
    """Targets for people; those that only other targets need are named setup-…."""
    phony = re.search(r"^\.PHONY: (.*)$", FILES["Makefile"], re.MULTILINE)
    assert phony
    return {target for target in phony[1].split() if not target.startswith("setup-")}


def configured_hosts() -> set[str]:
    """The registries that this machine's own pip and npm are set to."""
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    if npm := shutil.which("npm"):
        settings += subprocess.run(
            [npm, "config", "get", "registry"], capture_output=True, text=True, check=False
        ).stdout
    return {host for url in re.findall(r"https?://[^\s'\"]+", settings) if (host := urlsplit(url).hostname)}


def test_every_test_that_shows_a_promise_of_the_screens_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")))
    there = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))
    }
    assert len(named) > 80
    assert named - there == set()
