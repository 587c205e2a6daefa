"""Contact, check, done: the last pages before the booking, and the one press that makes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, make_response, redirect, request
from sqlalchemy.orm import Session

from queue_app.domain.access import Right
from queue_app.domain.errors import Conflict, Invalid, Refusal
from queue_app.domain.office import Office, label_in
from queue_app.domain.person_name import normalise_kana
from queue_app.domain.phone import national_format
from queue_app.domain.slots import parse_slot_id
from queue_app.services import booking, forgetting, holding, shielding, tokens
from queue_app.services.deed import begin
from queue_app.services.messages import Contact, contact_from
from queue_app.store.database import writing
from queue_app.web.auth import identity, needs
from queue_app.web.booking.draft import Draft, drop_draft, read_draft
from queue_app.web.booking.frame import blueprint, clock_of, go, in_office, page, said_wrong
from queue_app.web.booking.times import hold_time, lost
from queue_app.web.context import house
from queue_app.web.errors import sentence
from queue_app.web.forms import submit
from queue_app.web.i18n import reader_language, t
from queue_app.web.limits import check_public_rate
from queue_app.web.opening import day_text

FIELDS = {"sms": "phone", "email": "email"}


@blueprint.get("/book/<office>/contact")
@needs(Right.RESERVE)
def ask_contact(office: str) -> Response:
    """A name for the call by staff, and one way to be written to, or none."""
    check_public_rate()
    draft = read_draft(office)
    if not draft.hold:
        return go(f"/book/{office}/day", draft)
    with in_office(office) as (_session, here):
        return _contact_page(here, draft)


@blueprint.post("/book/<office>/contact")
@needs(Right.RESERVE)
def take_contact(office: str) -> Response:
    """On to the check."""
    check_public_rate()
    draft = read_draft(office)
    draft.name_kana = request.form.get("name_kana", "")
    draft.channel = request.form.get("channel", "none")
    draft.address = request.form.get(FIELDS.get(draft.channel, ""), "")
    draft.needs = request.form.getlist("needs")
    draft.shielded = identity().is_staff and "shielded" in request.form
    if draft.shielded:
        draft.channel, draft.address = "none", ""
    with in_office(office) as (_session, here):
        errors = _check(draft, here)
        if errors:
            return _contact_page(here, draft, errors)
    return go(f"/book/{office}/check", draft)


@blueprint.get("/book/<office>/check")
@needs(Right.RESERVE)
def check(office: str) -> Response:
    """Everything once more, with a way to change each line."""
    check_public_rate()
    draft = read_draft(office)
    if not draft.slot or not draft.name_kana:
        return go(f"/book/{office}/contact" if draft.hold else f"/book/{office}/day", draft)
    with in_office(office) as (_session, here):
        return page(
            "check",
            here,
            draft,
            step="check",
            rows=_rows(here, draft),
            again="again" in request.args,
            **_hold_facts(here, draft),
        )


@blueprint.post("/book/<office>/check")
@needs(Right.RESERVE)
def confirm(office: str) -> Response:
    """Make the booking. Pressed twice, or again with the Back button, it is the same booking."""
    check_public_rate()
    draft = read_draft(office)
    language = reader_language()

    def act(session: Session) -> str:
        # Whoever lost the login on the way is asked to log in again: the mark must not be lost instead.
        deed = begin(session, office, Right.SERVE if draft.shielded else Right.RESERVE, identity(), house().ports)
        row = booking.book(
            deed,
            booking.Request(
                said=draft.said,
                name_kana=draft.name_kana,
                hold=draft.hold,
                contact=_contact(draft),
                language=language,
                needs=tuple(draft.needs),
            ),
        )
        if draft.shielded:
            shielding.shield(deed, row)
        return f"/r/{tokens.reservation_token(deed.ports.secret, row.nonce)}?done=1"

    try:
        address = submit(act)
    except Conflict as refusal:
        if refusal.code == "already_booked":
            return _has_one(office, draft, refusal)
        return _too_late(office, draft, refusal)
    except Invalid as refusal:
        if not draft.hold:  # sent again after it was done, from a page that is no longer this booking's
            return go(f"/book/{office}", draft)
        with in_office(office) as (_session, here):
            return _contact_page(here, draft, said_wrong(refusal, {"contact.address": _field(draft)}))
    return drop_draft(make_response(redirect(address, 303)))


@blueprint.post("/book/<office>/extend")
@needs(Right.RESERVE)
def extend(office: str) -> Response:
    """Five minutes more to fill in the form."""
    check_public_rate()
    draft = read_draft(office)
    back = request.form.get("back", "contact")

    def act(session: Session) -> datetime | None:
        deed = begin(session, office, Right.RESERVE, identity(), house().ports)
        return holding.extend(deed, draft.hold).expires_at

    try:
        until = writing(act)
    except Refusal as refusal:
        return _too_late(office, draft, refusal)
    draft.hold_until = until.isoformat() if until else ""
    return go(f"/book/{office}/{back if back in ('contact', 'check') else 'contact'}", draft)


def _too_late(office: str, draft: Draft, refusal: Refusal) -> Response:
    """The hold ran out: the same time is held again if it is still free, else the times are shown; input is kept."""
    slot = draft.slot
    if refusal.code != "hold_expired" or not slot:
        return lost(office, draft, refusal)
    try:
        hold_time(office, draft, slot)
    except Refusal as gone:
        return lost(office, draft, gone)
    return go(f"/book/{office}/check?again=1", draft)


def _has_one(office: str, draft: Draft, refusal: Refusal) -> Response:
    """One booking for a contact and a service: the held time stays, for another contact or none."""
    with in_office(office) as (_session, here):
        answer = _contact_page(here, draft, {_field(draft): sentence(refusal)}, has_one=True)
    answer.status_code = 409
    return answer


def _contact_page(here: Office, draft: Draft, errors: dict[str, str] | None = None, **facts: Any) -> Response:
    language = reader_language()
    return page(
        "contact",
        here,
        draft,
        step="contact",
        errors=errors,
        channels=[each for each in FIELDS if each in house().settings.channels],
        later=[each for each in ("line", "push") if each in house().settings.channels],
        kept_days=forgetting.BOOKINGS_KEPT.days,
        all_needs=[{"value": code, "label": label_in(labels, language)} for code, labels in here.needs.items()],
        **facts,
        **_hold_facts(here, draft),
    )


def _hold_facts(here: Office, draft: Draft) -> dict[str, Any]:
    until = draft.held_until
    if until is None:
        return {"held_until": "", "held_s": 0}
    left = int((until - house().ports.clock()).total_seconds())
    return {"held_until": clock_of(until, here), "held_s": max(0, left)}


def _check(draft: Draft, here: Office) -> dict[str, str]:
    errors: dict[str, str] = {}
    try:
        draft.name_kana = normalise_kana(draft.name_kana)
    except Invalid as refusal:
        missing = not draft.name_kana.strip()
        errors["name_kana"] = t("booking.name_missing") if missing else next(iter(said_wrong(refusal).values()))
    try:
        draft.address = _as_written(_contact(draft))
    except Invalid as refusal:
        key = f"booking.{_field(draft)}_missing"
        errors[_field(draft)] = t(key) if not draft.address.strip() else next(iter(said_wrong(refusal).values()))
    draft.needs = [need for need in draft.needs if need in here.needs]
    return errors


def _contact(draft: Draft) -> Contact | None:
    return contact_from(draft.channel, draft.address, house().settings.channels, prefix="contact.")


def _as_written(contact: Contact | None) -> str:
    """What was typed as people here write it, to be checked by whoever typed it."""
    if contact is None:
        return ""
    return national_format(contact.address) if contact.channel == "sms" else contact.address


def _field(draft: Draft) -> str:
    return FIELDS.get(draft.channel, "channel")


def _rows(here: Office, draft: Draft) -> list[dict[str, str]]:
    service, start = parse_slot_id(draft.slot)
    base = f"/book/{here.code}"
    language = reader_language()
    label = label_in(here.services[service].label, language)
    errand = t("booking.errand_moving_short") if draft.uses_navigator else label
    contact = draft.address if draft.channel in FIELDS else t("booking.contact_none")
    needs = t("booking.list_separator").join(label_in(here.needs[need], language) for need in draft.needs)
    mark = {"term": t("shield.nav"), "fact": t("booking.yes"), "change_url": f"{base}/contact"}
    return [
        {"term": t("booking.errand"), "fact": errand, "change_url": base},
        {
            "term": t("booking.when"),
            "fact": f"{day_text(start.astimezone(here.zone))} {clock_of(start, here)}",
            "change_url": f"{base}/day",
        },
        {"term": t("booking.name"), "fact": draft.name_kana, "change_url": f"{base}/contact"},
        {"term": t("booking.contact"), "fact": contact, "change_url": f"{base}/contact"},
        {"term": t("booking.needs"), "fact": needs or t("booking.needs_none"), "change_url": f"{base}/contact"},
        *([mark] if draft.shielded else []),
    ]
