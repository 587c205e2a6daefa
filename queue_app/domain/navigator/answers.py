"""What people answered, checked and completed: defaults for what is missing, computed answers, unknown ids set aside.

Decides which answers can be used. Leaves dates and birthdays to `household`, and which questions are asked to
`questions`.

Source: rule 1 of the evaluation rules in offices/aoba-navigator.yaml and the notes at its computed questions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from queue_app.domain.errors import FieldError, Invalid
from queue_app.domain.navigator.conditions import Answer
from queue_app.domain.navigator.model import Question, QuestionType, Rules

TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Completed:
    """`values` holds an answer for every question and city option; `ignored` the ids that no question has."""

    values: Mapping[str, Answer]
    ignored: tuple[str, ...]


def complete(rules: Rules, answers: Mapping[str, object]) -> Completed:
    """Check and fill up the answers. Raises `Invalid` with one `FieldError` per wrong answer: the question's id, a code
    (`wrong_type`, `unknown_option`, `too_small`, `too_large`) and, as the fact `expected`, what would do.

    A computed answer is computed as soon as one of its sources is given, whatever was sent for it.
    """
    given = _checked(rules, answers)
    values: dict[str, Answer] = {question.id: question.default for question in rules.questions}
    values.update(given)
    values.update(computed(rules, values, known=given))
    values.update(rules.city_options)
    return Completed(values, tuple(sorted(str(id) for id in answers if id not in rules.question)))


def computed(rules: Rules, values: Mapping[str, Answer], *, known: Mapping[str, Answer]) -> dict[str, Answer]:
    """The computed answers of which at least one source is among the known ones."""
    return {
        question.id: COMPUTE[question.id]([int(values[source]) for source in question.derived_from])
        for question in rules.questions
        if question.id in COMPUTE and rules.is_computed(question) and any(s in known for s in question.derived_from)
    }


def read_answers(rules: Rules, form: Mapping[str, str]) -> dict[str, Answer]:
    """Answers from the text of a form or a query: blanks are left out, full-width digits are digits.

    Raises `Invalid` like `complete`; ids that no question has are passed over.
    """
    typed = {id: _typed(rules.question[id], text) for id, text in form.items() if id in rules.question and text.strip()}
    return _checked(rules, typed)


def _difference(numbers: Sequence[int]) -> int:
    return max(0, numbers[0] - sum(numbers[1:]))


COMPUTE: Mapping[str, Callable[[Sequence[int]], int]] = {"japanese_nationals": _difference, "children_u18": sum}
"""How the computed questions follow from their `derived_from`, in its order. A new one needs a line here, which the
checker of the file asks for."""


def _checked(rules: Rules, answers: Mapping[str, object]) -> dict[str, Answer]:
    good: dict[str, Answer] = {}
    errors: list[FieldError] = []
    for question in rules.questions:
        if question.id in answers:
            checked = _check(question, answers[question.id])
            if isinstance(checked, FieldError):
                errors.append(checked)
            else:
                good[question.id] = checked
    if errors:
        raise Invalid(errors)
    return good


def _check(question: Question, answer: object) -> Answer | FieldError:
    if question.type is QuestionType.CHOICE:
        return _check_choice(question, answer)
    if question.type is QuestionType.BOOLEAN:
        return answer if isinstance(answer, bool) else _error(question, "wrong_type", "boolean")
    return _check_integer(question, answer)


def _check_choice(question: Question, answer: object) -> Answer | FieldError:
    values = tuple(option.value for option in question.options)
    if not isinstance(answer, str):
        return _error(question, "wrong_type", values)
    return answer if answer in values else _error(question, "unknown_option", values)


def _check_integer(question: Question, answer: object) -> Answer | FieldError:
    if not isinstance(answer, int) or isinstance(answer, bool):  # True is an int to Python, and is no number here.
        return _error(question, "wrong_type", "integer")
    if question.minimum is not None and answer < question.minimum:
        return _error(question, "too_small", question.minimum)
    if question.maximum is not None and answer > question.maximum:
        return _error(question, "too_large", question.maximum)
    return answer


def _error(question: Question, code: str, expected: object) -> FieldError:
    return FieldError(question.id, code, (("expected", expected),))


def _typed(question: Question, text: str) -> object:
    plain = unicodedata.normalize("NFKC", text).strip()
    if question.type is QuestionType.INTEGER:
        sign, digits = ("-", plain[1:]) if plain.startswith(("-", "\u2212")) else ("", plain)
        # The length keeps a wall of digits from reaching int().
        return int(sign + digits) if digits.isdecimal() and len(digits) <= 9 else plain
    if question.type is QuestionType.BOOLEAN and plain.lower() in TRUE_WORDS | FALSE_WORDS:
        return plain.lower() in TRUE_WORDS
    return plain
