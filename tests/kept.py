"""What thousands of applications of one test run would each work out again: addresses, statements, templates.

An application is made for each test and stands for a city's start, where it is right to do all this once. Kept here is
only what follows from the code alone and from nothing a test can change, so every application behaves as if it were the
first. Importing this keeps the addresses; the others are told which application.
"""

from __future__ import annotations

import tempfile
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

from queue_app.store.database import db

_TEMPLATES = FileSystemBytecodeCache(tempfile.mkdtemp(prefix="matazu-templates-"))
MOST_STATEMENTS = 5_000
"""An engine keeps 500, enough for one city and not for all tests."""
_engines: dict[str, Engine] = {}
_compile_rule: Any = Rule.compile
_rules: dict[tuple[object, ...], Rule] = {}


def keep_templates(app: Flask) -> None:
    app.jinja_env.bytecode_cache = _TEMPLATES


def keep_engine(engine: Engine) -> None:
    """From now on the engines of this kind of database compile each statement once together. This one is connected."""
    cache: Any = engine._compiled_cache
    cache.capacity = MOST_STATEMENTS
    _engines[engine.dialect.name] = engine


def share_engine() -> None:
    """For the application at hand. What is compiled belongs to a dialect, so both are shared; on a database that
    serves one test after the other the connection is, too."""
    engine = db.engine
    kept = _engines.get(engine.dialect.name)
    if kept is None:
        return
    if kept.url == engine.url:
        engines: Any = db.engines
        engines[None] = kept
    else:
        engine.dialect, engine._compiled_cache = kept.dialect, kept._compiled_cache
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _do_not_wait_for_the_disk)


def let_go() -> None:
    """At the end of an application: what stays open is at most the one connection that the next test begins with."""
    db.session.remove()
    engine = db.engine
    if engine not in _engines.values() or engine.pool.checkedin() > 1:  # type: ignore[attr-defined]
        engine.dispose()


def _do_not_wait_for_the_disk(connection: Any, _record: object) -> None:
    """As the PostgreSQL of the tests does: nothing here outlives the run. What a city's server does: `test_durability`."""
    connection.execute("PRAGMA synchronous=OFF")


def _compile_rule_once(rule: Rule) -> None:
    kinds = len(rule.map.converters)
    key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), rule.merge_slashes, rule.map.host_matching, kinds)
    known = _rules.get(key)
    if known is None:
        _compile_rule(rule)
        _rules[key] = rule
        return
    rule._parts, rule._trace, rule._converters = known._parts, known._trace, known._converters
    rule.arguments = set(known.arguments)
    build: Any = known._build
    build_unknown: Any = known._build_unknown
    rule._build, rule._build_unknown = build.__func__.__get__(rule, None), build_unknown.__func__.__get__(rule, None)


# The same few hundred addresses in each application: 150 ms of every test in which nothing is kept.
Rule.compile = _compile_rule_once  # type: ignore[method-assign, assignment]
