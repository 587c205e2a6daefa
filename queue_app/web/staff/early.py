"""Papers before the visit: the list of jobs for whoever has a quiet hour, with one press for each step.

Source: queueing study of the project, section 6.4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid
from queue_app.domain.office import Office, label_in
from queue_app.services import early_work
from queue_app.services.deed import Deed
from queue_app.services.early_work import Job
from queue_app.store.database import reading
from queue_app.web.auth import identity, needs
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import has_text, reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.staff.frame import blueprint, my_deed, my_office, show

PRESSES = ("take", "finish", "back")


@blueprint.get("/early")
@needs(Right.SERVE, page=True)
def early_jobs() -> ResponseReturnValue:
    return _page()


@blueprint.post("/early/<int:reservation>/<service>/<any(take,finish,back):press>")
@needs(Right.SERVE, page=True)
def early_press(reservation: int, service: str, press: str) -> ResponseReturnValue:
    """Take up, finish with a note, or put back."""
    deeds: dict[str, Callable[[Deed], None]] = {
        "take": lambda deed: early_work.take(deed, reservation, service),
        "finish": lambda deed: early_work.finish(deed, reservation, service, request.form.get("note", "")),
        "back": lambda deed: early_work.put_back(deed, reservation, service),
    }

    def once(session: Session) -> str:
        deeds[press](my_deed(session, Right.SERVE))
        return url_for("staff.early_jobs", said=press)

    try:
        return redirect(submit(once), 303)
    except Invalid as refusal:
        error = refusal.errors[0]
        return _page(problem=field_sentence(error.code, dict(error.facts))), 422
    except Conflict as refusal:
        return _page(problem=sentence(refusal)), 409


def _page(problem: str = "") -> str:
    with reading() as session:
        office = my_office(session)
        found = early_work.jobs(session, office, house().ports.clock(), house().ports.holidays)
        rows = [_row(office, job) for job in found]
    said = request.args.get("said", "")
    return show(
        "staff/early.html",
        office,
        jobs=rows,
        open_count=sum(row["state"] != early_work.DONE for row in rows),
        offered=early_work.offers_any(office),
        problem=problem,
        said=t(f"early.said.{said}") if has_text(f"early.said.{said}") else "",
    )


def _row(office: Office, job: Job) -> dict[str, Any]:
    service = office.services[job.service]
    return {
        "id": job.reservation.id,
        "service": job.service,
        "service_label": label_in(service.label, reader_language()),
        "day": day_text(job.reservation.come_at.astimezone(office.zone)),
        "come_at": job.reservation.come_at,
        "due_day": day_text(job.due_at.astimezone(office.zone)),
        "due_at": job.due_at,
        "late": job.due_at < house().ports.clock() and job.state != early_work.DONE,
        "name": job.reservation.name_kana,
        "people": job.reservation.people,
        "procedures": job.procedures,
        "state": job.state,
        "mine": job.clerk == identity().name,
        "note": job.note,
    }
