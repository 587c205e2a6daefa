"""An emergency on every display: prepared sentences in all languages of the office, checked once, then sent.

Decides that what goes out is seen before, language by language. Leaves ending it to the notices, and how it looks and
sounds to the displays. Source: UX guide, 6.3.
"""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Invalid
from queue_app.services import day
from queue_app.services.hall import read_hall
from queue_app.store.database import reading
from queue_app.web.auth import needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import LANGUAGES, t
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show

KINDS = ("earthquake", "fire", "evacuate", "calls_stopped")
OWN = "own"


@blueprint.get("/emergency")
@needs(Right.RUN_DAY, page=True)
def emergency() -> ResponseReturnValue:
    """Which sentence; then, with `kind`, its words in every language, to be checked."""
    kind = request.args.get("kind", "")
    return _page(kind if kind in (*KINDS, OWN) else "", {})


@blueprint.post("/emergency")
@needs(Right.RUN_DAY, page=True)
def send_emergency() -> ResponseReturnValue:
    texts = {name.removeprefix("text_"): text for name, text in request.form.items() if name.startswith("text_")}

    def act(session: Session) -> str:
        deed = my_deed(session, Right.RUN_DAY)
        day.post_notice(deed, {language: texts.get(language, "") for language in deed.office.languages}, "emergency")
        return url_for("staff.emergency", sent="yes")

    try:
        return redirect(submit(act), 303)
    except Invalid as refusal:
        first = refusal.errors[0]
        return _page(OWN, {"text_ja": field_sentence(first.code, dict(first.facts))}), 422


@blueprint.post("/emergency/<int:notice_id>/end")
@needs(Right.RUN_DAY, page=True)
def end_emergency(notice_id: int) -> ResponseReturnValue:
    def act(session: Session) -> str:
        day.end_notice(my_deed(session, Right.RUN_DAY), notice_id)
        return url_for("staff.emergency")

    return redirect(submit(act), 303)


def _page(kind: str, errors: dict[str, str]) -> str:
    with reading() as session:
        office = my_office(session)
        notices = [each for each in read_hall(session, office, house().ports).notices if each["level"] == "emergency"]
    words = {each: t(f"emergency.{kind}", language=each) if kind in KINDS else "" for each in office.languages}
    return show(
        "staff/emergency.html",
        office,
        kind=kind,
        kinds=(*KINDS, OWN),
        words={each: request.form.get(f"text_{each}", "") for each in words} if errors else words,
        languages_offered=[(each, LANGUAGES.get(each, each)) for each in office.languages],
        notices=notices,
        errors=errors,
        sent=request.args.get("sent") == "yes",
    )
