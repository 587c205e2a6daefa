"""What all booking pages share: the blueprint, the office, the steps, a page with its errors, the way to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template
from sqlalchemy.orm import Session

from queue_app.domain.errors import Invalid, Refusal
from queue_app.domain.office import Office, label_in
from queue_app.domain.wall_clock import clock_text
from queue_app.services import offices
from queue_app.services.places import Whose
from queue_app.store.database import reading
from queue_app.web.auth import identity
from queue_app.web.booking.draft import Draft, keep_draft
from queue_app.web.context import house
from queue_app.web.errors import field_sentence, sentence
from queue_app.web.i18n import reader_language, t
from queue_app.web.opening import day_text
from queue_app.web.qr import qr_image

blueprint = Blueprint("booking", __name__)
blueprint.add_app_template_filter(qr_image, "qr_image")
STEPS = ("errand", "day", "time", "contact", "check")


@contextmanager
def in_office(code: str) -> Iterator[tuple[Session, Office]]:
    """A look at the database with the office of the page; before a crowd the office of a moment ago."""
    with reading() as session:
        yield session, house().moments.answer(("office", code), lambda: offices.office_by_code(session, code))


def page(
    template: str,
    office: Office,
    draft: Draft,
    /,
    *,
    step: str = "",
    errors: Mapping[str, str] | None = None,
    **facts: Any,
) -> Response:
    """One page of the flow. With errors it is a 422, and what was typed is still there."""
    body = render_template(
        f"booking/{template}.html",
        office=office,
        office_name=label_in(office.name, reader_language()),
        home_url=f"/?office={office.code}",
        phone=office.phone,
        draft=draft,
        steps=[t(f"booking.step_{each}") for each in STEPS],
        step=STEPS.index(step) + 1 if step else 0,
        errors=dict(errors or {}),
        on_behalf=identity().is_staff,
        chosen=chosen(office, draft),
        **facts,
    )
    response = make_response(body, 422 if errors else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def go(address: str, draft: Draft) -> Response:
    """On to the next page, with the draft kept."""
    return keep_draft(make_response(redirect(address, 303)), draft)


def said_wrong(refusal: Refusal, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """The sentences of a refusal by the names of the page's fields."""
    if not isinstance(refusal, Invalid):
        return {"form": sentence(refusal)}
    known = names or {}
    return {known.get(e.field, e.field): field_sentence(e.code, dict(e.facts)) for e in refusal.errors}


def whose() -> Whose:
    """Staff see places that rest after a cancellation as the free ones they are."""
    return Whose.STAFF if identity().is_staff else Whose.PUBLIC


def chosen(office: Office, draft: Draft) -> dict[str, str]:
    """What was chosen so far, in words; it stays visible on every later page."""
    words: dict[str, str] = {}
    service = office.services.get(draft.service)
    if draft.uses_navigator:
        words["errand"] = t("booking.errand_moving_short")
    elif service is not None:
        words["errand"] = label_in(service.label, reader_language())
    if draft.day:
        words["day"] = day_text(datetime.fromisoformat(draft.day))
    return words


@blueprint.app_template_filter("day")
def day_of(text: str) -> str:
    """An ISO date in the reader's words."""
    return day_text(datetime.fromisoformat(text))


def clock_of(at: datetime, office: Office) -> str:
    """9:40"""
    return clock_text(at, office.zone)
