"""Whether the entries of a rule file fit together: ids exist, nothing runs in a circle, nothing is out of reach.

Decides over the whole file, after `navigator_shape` has looked at each entry. Broken entries are passed over, so one
mistake is not reported twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from queue_app.domain.navigator.answers import COMPUTE
from queue_app.domain.navigator.conditions import Answer, Condition, Leaf, both, leaves
from queue_app.domain.navigator.model import QuestionType
from queue_app.domain.navigator.questions import MOST_PAGES
from queue_app.domain.navigator.reach import Declared, can_be_true, tells_apart
from queue_app.services.navigator_conditions import ConditionReader, option_values
from queue_app.services.navigator_source import Path, Source

DATES = frozenset({"move_date", "visit_date"})
"""Sources of a computed answer that are no questions; `domain.household` makes numbers of them."""

Entry = Mapping[str, object]


def check_links(source: Source) -> None:
    reader = ConditionReader(source)
    read, all_readable = reader.read_all(_condition_paths(source))
    for path, question in _entries(source, "questions"):
        _check_question(source, path, question, reader)
    for path, procedure in _entries(source, "procedures"):
        _check_procedure(source, path, procedure, reader)
    if len(source.sequence("pages")) > MOST_PAGES:
        source.add(("pages", MOST_PAGES), "too_many_pages", f"A questionnaire has at most {MOST_PAGES} pages")
    _check_page_order(source, read)
    _check_after_loops(source)
    _check_reach(source, read)
    if all_readable:  # Otherwise what hangs on an answer may be what could not be read.
        _check_use(source, reader, read)


def _entries(source: Source, section: str) -> Iterator[tuple[Path, Entry]]:
    for place, entry in enumerate(source.sequence(section)):
        if isinstance(entry, dict):
            yield (section, place), entry


def _condition_paths(source: Source) -> list[Path]:
    """Where the file has conditions, apart from the named ones."""
    paths = [(*path, "show_when") for path, question in _entries(source, "questions") if "show_when" in question]
    for path, procedure in _entries(source, "procedures"):
        paths += [(*path, key) for key in ("when", "online_if") if key in procedure]
        extras = enumerate(source.sequence(*path, "documents_if"))
        paths += [(*path, "documents_if", place, "when") for place, extra in extras if isinstance(extra, dict)]
    paths += [(*path, "when") for path, warning in _entries(source, "warnings") if "when" in warning]
    return paths


def _check_question(source: Source, path: Path, question: Entry, reader: ConditionReader) -> None:
    subject = reader.subjects.get(str(question.get("id")))
    if subject is None:
        return
    default = question.get("default")
    if question["id"] in source.mapping("city_options"):
        source.add((*path, "id"), "duplicate_id", f"{question['id']} is already a switch of the city")
    if subject.type is QuestionType.CHOICE and not subject.options:
        source.add(path, "missing_key", f"{question['id']} is a choice and has no options")
    elif "default" in question and not subject.accepts(default):
        source.add((*path, "default"), "wrong_type", f"The default {default!r} is no {subject.type}")
    elif subject.type is QuestionType.CHOICE and default not in subject.options:
        source.add((*path, "default"), "unknown_option", f"The default {default} is not among the options")
    for place, value in enumerate(subject.options):
        if value in subject.options[:place]:
            source.add((*path, "options", place), "duplicate_id", f"The option {value} stands here twice")
    _check_known(source, (*path, "page"), [question.get("page")], _ids(source, "pages"))
    _check_sources(source, (*path, "derived_from"), question, reader)


def _check_sources(source: Source, path: Path, question: Entry, reader: ConditionReader) -> None:
    sources = [name for name in source.sequence(*path) if isinstance(name, str)]
    if any(name in reader.subjects for name in sources):
        numbers = {name for name, subject in reader.subjects.items() if subject.type is QuestionType.INTEGER}
        _check_known(source, path, sources, numbers, what="question with a number")
        if question["id"] not in COMPUTE:
            source.add(path, "unknown_computation", f"Matazu does not know how to compute {question['id']}")
    else:
        _check_known(source, path, sources, DATES, what="date")


def _check_procedure(source: Source, path: Path, procedure: Entry, reader: ConditionReader) -> None:
    _check_known(source, (*path, "counter"), [procedure.get("counter")], source.mapping("counters"))
    _check_known(source, (*path, "after"), source.sequence(*path, "after"), _ids(source, "procedures"))
    documents = source.mapping("documents")
    _check_known(source, (*path, "documents"), source.sequence(*path, "documents"), documents)
    for place, _ in enumerate(source.sequence(*path, "documents_if")):
        adds = (*path, "documents_if", place, "add")
        _check_known(source, adds, source.sequence(*adds), documents)
    count = procedure.get("count")
    subject = reader.subjects.get(count) if isinstance(count, str) else None
    if isinstance(count, str) and subject is None:
        source.add((*path, "count"), "unknown_question", f"There is no question {count}")
    elif subject is not None and subject.type is not QuestionType.INTEGER:
        source.add((*path, "count"), "wrong_type", f"{count} is no number and cannot be counted")


def _check_known(
    source: Source, path: Path, names: Iterable[object], known: Iterable[str], *, what: str | None = None
) -> None:
    """Report names that are not known. `what` they are called follows from the last key when it is left out."""
    known = set(known)
    what = what or WHAT[str(path[-1])]
    code = f"unknown_{what.split()[0]}"
    for place, name in enumerate(names):
        if isinstance(name, str) and name not in known:
            source.add((*path, place), code, f"There is no {what} {name}")


WHAT = {"counter": "counter", "after": "procedure", "documents": "document", "add": "document", "page": "page"}


def _ids(source: Source, section: str) -> set[str]:
    return {entry["id"] for _, entry in _entries(source, section) if isinstance(entry.get("id"), str)}  # type: ignore[misc]


def _check_page_order(source: Source, read: Mapping[Path, Condition]) -> None:
    """A question can only hang on answers that are asked before it."""
    asked = _asking_order(source)
    for path, condition in read.items():
        if path[-1] != "show_when":
            continue
        own = asked.get(str(source.at((*path[:-1], "id"))))
        for leaf in leaves(condition):
            if own is not None and asked.get(leaf.question, own) > own:
                source.add(path, "asked_later", f"{leaf.question} is asked after the question that hangs on it")


def _asking_order(source: Source) -> dict[str, tuple[int, int]]:
    pages = [page.get("id") for _, page in _entries(source, "pages")]
    order: dict[str, tuple[int, int]] = {}
    for path, question in _entries(source, "questions"):
        page = question.get("page")
        order[str(question.get("id"))] = (pages.index(page) if page in pages else -1, int(path[1]))
    return order


def _check_after_loops(source: Source) -> None:
    """Report each circle once, at the `after` that closes it."""
    after = {
        str(procedure.get("id")): [str(id) for id in source.sequence(*path, "after")]
        for path, procedure in _entries(source, "procedures")
    }
    place = {str(procedure.get("id")): path for path, procedure in _entries(source, "procedures")}
    done: set[str] = set()
    for start in after:
        _follow(start, [], after, done, source, place)


def _follow(
    id: str, way: list[str], after: Mapping[str, list[str]], done: set[str], source: Source, place: Mapping[str, Path]
) -> None:
    way.append(id)
    for step, other in enumerate(after[id]):
        if other in way:
            circle = " -> ".join([*way[way.index(other) :], other])
            source.add((*place[id], "after", step), "after_loop", f"Procedures wait for one another: {circle}")
        elif other in after and other not in done:
            _follow(other, way, after, done, source, place)
    way.pop()
    done.add(id)


def _check_reach(source: Source, read: Mapping[Path, Condition]) -> None:
    declared = _declared(source)
    for path, condition in read.items():
        procedure_when = read.get((*path[:2], "when")) if path[0] == "procedures" else None
        if procedure_when is None or path == (*path[:2], "when"):
            whole = condition
        elif can_be_true(procedure_when, declared):
            whole = both(procedure_when, condition)
        else:
            continue  # The procedure itself is reported.
        if not can_be_true(whole, declared):
            source.add(path, "never_true", f"{source.at((*path[:2], 'id'))}: this can never be true")


def _declared(source: Source) -> Declared:
    values: dict[str, tuple[Answer, ...]] = dict.fromkeys(source.mapping("city_options"), (False, True))
    limits: dict[str, tuple[int | None, int | None]] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for path, question in _entries(source, "questions"):
        name = str(question.get("id"))
        if name in values or name in limits:
            continue  # Of two with one id, which is reported, the first counts.
        if question.get("type") == QuestionType.CHOICE:
            values[name] = option_values(source, int(path[1]))
        elif question.get("type") == QuestionType.BOOLEAN:
            values[name] = (False, True)
        else:
            limits[name] = _number(question.get("min")), _number(question.get("max"))
            if name in COMPUTE:
                sources[name] = tuple(str(one) for one in source.sequence(*path, "derived_from"))
    return Declared(values, limits, sources)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _check_use(source: Source, reader: ConditionReader, read: Mapping[Path, Condition]) -> None:
    """Nothing is asked, and no option offered, on which nothing hangs."""
    conditions = [*read.values(), *(condition for condition in reader.named.values() if condition is not None)]
    compared: dict[str, list[Leaf]] = {}
    for condition in conditions:
        for leaf in leaves(condition):
            compared.setdefault(leaf.question, []).append(leaf)
    used = {*compared, *(str(procedure.get("count")) for _, procedure in _entries(source, "procedures"))}
    for path, _ in _entries(source, "questions"):
        used.update(str(one) for one in source.sequence(*path, "derived_from"))
    for path, question in _entries(source, "questions"):
        if question.get("id") not in used:
            source.add(path, "unused_question", f"Nothing hangs on the answer to {question.get('id')}")
        else:
            _check_options(source, path, question, compared.get(str(question["id"]), []))


def _check_options(source: Source, path: Path, question: Entry, compared: list[Leaf]) -> None:
    default = question.get("default")
    for place, value in enumerate(option_values(source, int(path[1]))):
        if value != default and not any(tells_apart(leaf, value, str(default)) for leaf in compared):
            here = (*path, "options", place)
            source.add(here, "unused_option", f"Nothing tells the option {value} of {question['id']} from the default")
