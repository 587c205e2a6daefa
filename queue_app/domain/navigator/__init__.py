"""The procedure navigator (手続きナビ): answers and rules become procedures, a route, documents and deadlines.

`model` holds the rules, `conditions` what their `when` means, `answers` checks and completes what people said,
`questions` decides what is worth asking, `evaluation` gives the result (with `route` for its order), `deadlines` turns
days into dates, `present` puts the result into the words of the interface. `services.navigator_file` reads the rules.
"""

from queue_app.domain.navigator.answers import complete, read_answers
from queue_app.domain.navigator.conditions import Answer
from queue_app.domain.navigator.deadlines import Dates, Due, due_date, due_dates, earliest_on
from queue_app.domain.navigator.evaluation import Result, evaluate
from queue_app.domain.navigator.model import Kind, Level, Procedure, Question, QuestionType, Rules
from queue_app.domain.navigator.present import deadlines_in_language, in_language
from queue_app.domain.navigator.questions import (
    VisiblePage,
    next_page,
    relevant_answers,
    visible_pages,
    visible_questions,
)

__all__ = [
    "Answer",
    "Dates",
    "Due",
    "Kind",
    "Level",
    "Procedure",
    "Question",
    "QuestionType",
    "Result",
    "Rules",
    "VisiblePage",
    "complete",
    "deadlines_in_language",
    "due_date",
    "due_dates",
    "earliest_on",
    "evaluate",
    "in_language",
    "next_page",
    "read_answers",
    "relevant_answers",
    "visible_pages",
    "visible_questions",
]
