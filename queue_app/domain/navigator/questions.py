"""Which questions are worth asking, and on which pages.

Decides by looking at the rules: a question is asked when its `show_when` holds and some procedure, document, warning
or deadline still hangs on it after the questions before it have been answered. Nothing is asked out of curiosity. The
answers given later never hide an earlier question, so pages do not jump under a person's hands.

At most `MOST_PAGES` pages come out: the file groups its questions into that many pages at most (the checker sees to
it); a file without pages gets its visible questions dealt out evenly. Leaves the words and the widgets to the pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from queue_app.domain.navigator.answers import COMPUTE, computed
from queue_app.domain.navigator.conditions import Answer, Condition, both, leaves, open_questions
from queue_app.domain.navigator.model import Page, Procedure, Question, Rules

MOST_PAGES = 12


@dataclass(frozen=True, slots=True)
class VisiblePage:
    """One page of the questionnaire; `page` is None in a file that has no pages."""

    page: Page | None
    questions: tuple[Question, ...]


def visible_questions(rules: Rules, answers: Mapping[str, Answer]) -> tuple[Question, ...]:
    """The questions to ask, in file order, for answers that have been checked. Computed ones are never among them.

    A question whose `derived_from` names dates stands for those dates.
    """
    return tuple(question for question, _ in _walk(rules, answers))


def relevant_answers(rules: Rules, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers without those of hidden questions: what somebody said before changing an earlier answer."""
    return {q.id: answers[q.id] for q, _ in _walk(rules, answers) if q.id in answers}


def visible_pages(rules: Rules, answers: Mapping[str, Answer]) -> tuple[VisiblePage, ...]:
    """The pages that have a visible question, at most `MOST_PAGES`."""
    questions = visible_questions(rules, answers)
    if not rules.pages:
        return tuple(VisiblePage(None, tuple(some)) for some in _dealt_out(questions))
    grouped = (VisiblePage(page, tuple(q for q in questions if q.page == page.id)) for page in rules.pages)
    return tuple(page for page in grouped if page.questions)


def next_page(rules: Rules, answers: Mapping[str, Answer]) -> VisiblePage | None:
    """The first page with a question that has no answer yet; None when the result is ready."""
    pages = visible_pages(rules, answers)
    return next((page for page in pages if any(q.id not in answers for q in page.questions)), None)


def _walk(rules: Rules, answers: Mapping[str, Answer]) -> Iterator[tuple[Question, dict[str, Answer]]]:
    """The visible questions with what was known before each. A hidden question counts as answered by its default."""
    known: dict[str, Answer] = dict(rules.city_options)
    for question in rules.questions:
        if rules.is_computed(question):
            continue
        if _is_shown(rules, question, known) and _can_matter(rules, question, known):
            yield question, known
            if question.id in answers:
                known[question.id] = answers[question.id]
        else:
            known[question.id] = question.default
        known.update(_computed_from_all(rules, known))


def _is_shown(rules: Rules, question: Question, known: Mapping[str, Answer]) -> bool:
    if question.show_when is None:
        return True
    values = {other.id: other.default for other in rules.questions} | dict(known)
    return bool(question.show_when.verdict(values | computed(rules, values, known=known)))


def _can_matter(rules: Rules, question: Question, known: Mapping[str, Answer]) -> bool:
    uses = _uses(rules)[question.id]
    names = {question.id} | uses.computed
    return (
        any(condition.verdict(known) is not False for condition in uses.while_possible)
        or any(names & open_questions(condition, known) for condition in uses.in_conditions)
        or any(_can_matter(rules, opened, known) for opened in uses.opens)
    )


def _computed_from_all(rules: Rules, known: Mapping[str, Answer]) -> dict[str, Answer]:
    """Computed answers are known once every source is; before that, any value is still possible."""
    ready = {q.id for q in rules.questions if rules.is_computed(q) and all(s in known for s in q.derived_from)}
    values = {question.id: question.default for question in rules.questions} | dict(known)
    return {id: value for id, value in computed(rules, values, known=known).items() if id in ready}


def _dealt_out(questions: tuple[Question, ...]) -> list[tuple[Question, ...]]:
    size = max(1, -(-len(questions) // MOST_PAGES))
    return [questions[start : start + size] for start in range(0, len(questions), size)]


@dataclass(frozen=True, slots=True)
class _Uses:
    """What hangs on one question: conditions that read it, conditions under which its number or date counts, answers
    computed from it, and questions that its answer opens."""

    in_conditions: tuple[Condition, ...]
    while_possible: tuple[Condition, ...]
    computed: frozenset[str]
    opens: tuple[Question, ...]


@lru_cache(maxsize=32)
def _uses(rules: Rules) -> Mapping[str, _Uses]:
    return {question.id: _uses_of(rules, question) for question in rules.questions}


def _uses_of(rules: Rules, question: Question) -> _Uses:
    from_it = frozenset(q.id for q in rules.questions if q.id in COMPUTE and question.id in q.derived_from)
    names = {question.id} | from_it
    counted = (p.when for p in rules.procedures if p.count in names)
    dated = (p.when for p in rules.procedures if _dates_a_deadline(question, p))
    return _Uses(
        in_conditions=tuple(c for c in all_conditions(rules) if _reads(c, names)),
        while_possible=(*counted, *dated),
        computed=from_it,
        opens=tuple(q for q in rules.questions if q.show_when is not None and _reads(q.show_when, names)),
    )


def all_conditions(rules: Rules) -> Iterable[Condition]:
    """Every condition on which a part of the result hangs, together with the procedure's own `when`."""
    for procedure in rules.procedures:
        yield procedure.when
        if procedure.online_if is not None:
            yield both(procedure.when, procedure.online_if)
        yield from (both(procedure.when, extra.when) for extra in procedure.documents_if)
    yield from (warning.when for warning in rules.warnings)


def _reads(condition: Condition, names: set[str]) -> bool:
    return any(leaf.question in names for leaf in leaves(condition))


def _dates_a_deadline(question: Question, procedure: Procedure) -> bool:
    """The question that stands for the moving date is asked wherever a deadline runs from a date."""
    has_days = procedure.deadline is not None and procedure.deadline.days is not None
    return has_days and "move_date" in question.derived_from
