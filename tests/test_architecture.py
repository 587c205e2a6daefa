"""The guards: what the house promises about itself and nobody can check by reading one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from queue_app.domain.access import Right
from queue_app.domain.events import UNDOABLE, Event
from queue_app.services.routes import ROUTES
from queue_app.store.database import db
from queue_app.web.i18n import DEFAULT, catalogue

ROOT = Path(__file__).parent.parent
LAYERS = ["domain", "store", "services", "adapters", "web", "app"]
"""Who may import whom: each only what stands before it; web and adapters are neighbours and may not meet."""

OWN_CODE = ("queue_app", "kiosk", "display")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for top in OWN_CODE:
        for file in sorted((ROOT / top).rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] in ("kiosk", "display"):
        return "frontend"
    if parts[0] != "queue_app" or len(parts) < 2:
        return None
    return parts[1] if parts[1] in LAYERS else None


ALLOWED = {
    "domain": {"domain"},
    "store": {"domain", "store"},
    "services": {"domain", "store", "services"},
    "adapters": {"domain", "services", "adapters"},
    "web": {"domain", "store", "services", "web"},
}


def test_imports_go_one_way() -> None:
    wrong = []
    for file, tree in modules():
        own = layer(".".join(file.relative_to(ROOT).with_suffix("").parts))
        if own not in ALLOWED:
            continue
        for name in imports_of(tree):
            other = layer(name)
            if other is not None and other not in ALLOWED[own]:
                wrong.append(f"{file.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_only_run_knows_the_front_ends() -> None:
    wrong = [
        str(file.relative_to(ROOT))
        for file, tree in modules()
        if file.parts[len(ROOT.parts)] == "queue_app"
        and any(name.split(".")[0] in ("kiosk", "display") for name in imports_of(tree))
    ]
    assert wrong == []


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    foreign = {"flask", "sqlalchemy", "pydantic", "yaml", "redis", "gevent", "twilio", "PIL"}
    for file, tree in modules():
        if "domain" not in file.parts:
            continue
        used = {name.split(".")[0] for name in imports_of(tree)}
        assert used & foreign == set(), file
        if "planning" not in file.parts:
            assert "numpy" not in used, file


def test_only_one_file_reads_the_clock() -> None:
    reads = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\(")
    found = [str(file.relative_to(ROOT)) for file, _tree in modules() if reads.search(file.read_text(encoding="utf-8"))]
    assert found == ["queue_app/adapters/clock.py"]


def test_only_the_deeds_at_the_counter_give_a_stage_its_next_state() -> None:
    """There the table of transitions is asked; the only other way is back, from a before-image."""
    found = {file.name for file, tree in modules() if "services" in file.parts and list(stage_states_set(tree))}
    assert found == {"calling.py", "forwarding.py"}


def stage_states_set(tree: ast.Module) -> Iterator[ast.Attribute]:
    """Assignments to the `state` of something that is called a stage, alone or in a row of targets."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in [one for each in targets for one in (each.elts if isinstance(each, ast.Tuple) else [each])]:
            is_state = isinstance(target, ast.Attribute) and target.attr == "state"
            if is_state and isinstance(target.value, ast.Name) and target.value.id in ("stage", "each", "dropped"):
                yield target


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    silent = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue
        if not isinstance(getattr(view, "right", None), Right) and not getattr(view, "is_open", False):
            silent.append(str(rule))
    assert silent == []


def test_every_event_has_a_route() -> None:
    assert set(ROUTES) == set(Event)
    assert set(Event) > UNDOABLE


def test_no_route_changes_anything_on_get(app: Flask) -> None:
    """A change is a POST; what answers GET under the API is declared as a reading."""
    from queue_app.web.api.endpoint import ENDPOINTS

    assert {endpoint.method for endpoint in ENDPOINTS} == {"GET", "POST"}
    for rule in app.url_map.iter_rules():
        if str(rule).startswith("/api/v1/") and "POST" in (rule.methods or set()):
            assert "GET" not in (rule.methods or set())


def test_migrations_give_exactly_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.metadata)
    assert differences == []


@pytest.mark.parametrize("language", ["en"])
def test_a_complete_language_has_every_text(language: str) -> None:
    assert set(catalogue(DEFAULT)) - set(catalogue(language)) == set()


def test_texts_used_in_the_code_exist() -> None:
    used = re.compile(r"""\bt\(\s*["']([a-z_]+(?:\.[a-z0-9_]+)+)["']\s*[,)]""")
    missing = set()
    for file in [p for top in OWN_CODE for p in (ROOT / top).rglob("*") if p.suffix in (".py", ".html")]:
        keys = used.findall(file.read_text(encoding="utf-8"))
        missing |= {f"{file.relative_to(ROOT)}: {key}" for key in keys if key not in catalogue(DEFAULT)}
    assert missing == set()


def test_a_text_names_the_same_facts_in_every_language() -> None:
    facts = re.compile(r"\{(\w+)\}")
    wrong = [
        key
        for key, text in catalogue("en").items()
        if set(facts.findall(text)) - set(facts.findall(catalogue(DEFAULT).get(key, text)))
    ]
    assert wrong == []
