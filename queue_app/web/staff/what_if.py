"""Questions to the simulator: asked on one page, answered on another. Complete without a script.

A question that takes longer is read again by a link. Leaves how an answer reads to `what_if_words`.
"""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show
from queue_app.web.staff.group_names import group_options
from queue_app.web.staff.what_if_words import (
    LINE,
    WIDTH,
    classes_of,
    difference_of,
    kind_options,
    pools_of,
    problem_of,
    staffing_of,
    words_of,
)


@blueprint.get("/plan/what-if")
@needs(Right.SEE_FLOOR, page=True)
def what_if_page() -> ResponseReturnValue:
    """Ask, and the answers so far."""
    return _questions_page()


@blueprint.post("/plan/what-if")
@needs(Right.RUN_DAY, page=True)
def ask_what_if() -> ResponseReturnValue:
    """Put a question; its page shows how far it is."""
    from queue_app.services import what_if

    def once(session: Session) -> str:
        row = what_if.ask(my_deed(session, Right.RUN_DAY), _question())
        return url_for("staff.what_if_answer", run_id=row.id)

    try:
        return redirect(submit(once), 303)
    except Invalid as refusal:
        errors = {each.field: field_sentence(each.code, dict(each.facts)) for each in refusal.errors}
        return _questions_page(errors), 422
    except Conflict as refusal:
        return _questions_page({"basis": sentence(refusal)}), 409


@blueprint.get("/plan/what-if/<int:run_id>")
@needs(Right.SEE_FLOOR, page=True)
def what_if_answer(run_id: int) -> ResponseReturnValue:
    """One question: how far it is, or its answer as table and plot."""
    from queue_app.services import what_if

    with reading() as session:
        office = my_office(session)
        row = what_if.run_of(session, office, run_id)
        is_silent = row.state in (what_if.WAITING, what_if.RUNNING) and (
            row.beat_at < house().ports.clock() - what_if.SILENT
        )
        shown = {
            "run": row,
            "state": what_if.STOPPED if is_silent else row.state,
            "question": words_of(office, row),
            "problem": problem_of(row),
            "classes": classes_of(office, row.result) if row.result else [],
            "pools": pools_of(office, row.result) if row.result else [],
            "difference": difference_of(row.result) if row.result else "",
            "staffing": staffing_of(office, row.result) if row.result else [],
        }
        return show("staff/what_if_answer.html", office, **shown, plot_width=WIDTH, line=LINE)


def _questions_page(errors: dict[str, str] | None = None) -> str:
    from queue_app.services import what_if

    with reading() as session:
        office = my_office(session)
        rows = what_if.runs(session, office)
        asked = [{"id": row.id, "at": row.asked_at, "state": row.state, "words": words_of(office, row)} for row in rows]
        groups, kinds = group_options(office), kind_options(office)
    return show(
        "staff/what_if.html", office, asked=asked, groups=groups, kinds=kinds, errors=errors or {}, form=request.form
    )


def _question() -> dict[str, Any]:
    form = request.form
    return {
        "basis": "sw1" if form.get("basis") == "sw1" else "own",
        "group": form.get("group", ""),
        "clerks": _whole(form.get("clerks", "0")),
        "from": form.get("from", "").strip(),
        "to": form.get("to", "").strip(),
        "day": form.get("day", "").strip(),
        "lunch": form.get("lunch") == "yes",
        "waves": form.get("waves", "").strip(),
        "busier": _whole(form.get("busier", "0")),
        "who": form.get("who", ""),
        "slower": _whole(form.get("slower", "0")),
        "days": _whole(form.get("days", "100")),
        "staffing": form.get("staffing") == "yes",
    }


def _whole(text: str) -> int | None:
    """A whole number with its sign; None for anything else."""
    plain = text.strip() or "0"
    digits = plain.lstrip("+-")
    return (
        int(plain)
        if digits.isascii() and digits.isdecimal() and len(plain) < 6 and len(plain) - len(digits) < 2
        else None
    )
