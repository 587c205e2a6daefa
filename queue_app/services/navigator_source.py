"""YAML text as plain values, with the line on which each of them stands.

Decides what is readable at all. What the values should be is checked by `navigator_shape` and `navigator_links`.
Anchors are refused: no rule file needs them, and a few of them can blow up to any size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

Path = tuple[str | int, ...]
"""The way to a value: keys and places in lists, from the top."""

Reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEEPEST = 40
"""Nothing in a rule file is nested like this; deeper ones would exhaust whatever walks through them."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake. `line` counts from 1; `code` is stable; `message` is for whoever edits the file."""

    line: int
    code: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} [{self.code}]"


@dataclass(slots=True)
class Source:
    """A file that was read, and what is wrong with it so far."""

    name: str
    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def line(self, path: Path) -> int:
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def add(self, path: Path, code: str, message: str) -> None:
        self.findings.append(Finding(self.line(path), code, message, self.name))

    def mapping(self, *path: str | int) -> Mapping[str, object]:
        """The mapping at a path; an empty one where there is something else."""
        value = self.at(path)
        return value if isinstance(value, dict) else {}

    def sequence(self, *path: str | int) -> Sequence[object]:
        value = self.at(path)
        return value if isinstance(value, list) else []

    def at(self, path: Path) -> object:
        """The value at a path, None where there is nothing."""
        value = self.value
        for step in path:
            if isinstance(value, list) and isinstance(step, int):
                value = value[step] if step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return value


def read_source(text: str, name: str) -> Source:
    """Never raises: what cannot be read becomes a finding."""
    source = Source(name)
    try:
        if _is_plain(text, source):
            node = yaml.compose(text, Loader=Reader)
            source.value = None if node is None else _value(node, (), source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.lines[()] = mark.line + 1 if mark else 1
        source.add((), "not_yaml", f"This cannot be read as YAML: {error.problem}")
    except yaml.YAMLError as error:
        source.add((), "not_yaml", f"This cannot be read as YAML: {type(error).__name__}")
    return source


def _is_plain(text: str, source: Source) -> bool:
    """Whether the text can be composed safely. The C reader composes by recursion and takes the whole process with it
    when some ten thousand brackets are opened; its stream of events does not."""
    depth = 0
    for event in yaml.parse(text, Loader=Reader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
            source.lines[()] = event.start_mark.line + 1 if event.start_mark else 1
            break
    else:
        return True
    if depth > DEEPEST:
        source.add((), "too_deep", "This is nested too deeply")
    else:
        source.add((), "alias", "An alias (*name) is not allowed; write the value out")
    return False


def _value(node: yaml.Node, path: Path, source: Source) -> object:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*path, place), source) for place, child in enumerate(node.value)]
    return _scalar(node, path, source)


def _mapping(node: yaml.MappingNode, path: Path, source: Source) -> dict[str, object]:
    values: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = _scalar(key_node, path, source) if isinstance(key_node, yaml.ScalarNode) else None
        here = key_node.start_mark.line + 1
        if not isinstance(key, str):
            text = key_node.value if isinstance(key_node, yaml.ScalarNode) else "a list or mapping"
            source.findings.append(Finding(here, "wrong_key", f"Put the key {text} into quotation marks", source.name))
        elif key in values:
            source.findings.append(Finding(here, "duplicate_key", f"{key} stands here twice", source.name))
        else:
            source.lines[(*path, key)] = here
            values[key] = _value(value_node, (*path, key), source)
    return values


def _scalar(node: yaml.Node, path: Path, source: Source) -> object:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        source.add(path, "not_yaml", "This value cannot be read")
        return None
