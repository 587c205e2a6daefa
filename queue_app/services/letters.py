"""The messages themselves: subject, text and enclosures, by kind and channel.

Decides what a message says. Nothing that a resident typed is in it: a form must not become somebody's sender
(a name may hold an address or a line break). A text message is one short paragraph with a link; a mail has the papers
to bring and the calendar file as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import format_code
from queue_app.services.words import when, words

WITH_SUBJECT = ("email", "push")


@dataclass(frozen=True, slots=True)
class Enclosure:
    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Ready to be sent. Channels without subjects and enclosures leave them out; the link is in the text as well, and a
    mail encloses it as the code that the kiosk reads."""

    text: str
    subject: str = ""
    enclosures: Sequence[Enclosure] = field(default_factory=tuple)
    link: str = ""

    def as_payload(self) -> dict[str, object]:
        return {
            "text": self.text,
            "subject": self.subject,
            "link": self.link,
            "enclosures": [{"name": e.name, "kind": e.kind, "text": e.text} for e in self.enclosures],
        }


@dataclass(frozen=True, slots=True)
class About:
    """The booking a letter is about, in plain values."""

    office: Office
    service: str
    come_at: datetime
    code: str
    link: str
    language: str
    documents: Sequence[str] = ()
    calendar: str = ""


def booking_letter(kind: str, channel: str, about: About) -> Letter:
    """`confirmed`, `moved`, `cancelled`, `hours_changed`, `reminder_7` or `reminder_1`."""
    facts = _facts(about)
    if channel != "email":
        subject = words(f"subject.{kind}", about.language, **facts) if channel in WITH_SUBJECT else ""
        return Letter(words(f"short.{kind}", about.language, **facts), subject, link=about.link)
    parts = [words(f"mail.{kind}", about.language, **facts)]
    if kind != "cancelled":
        parts += _papers(about)
        parts.append(words("mail.change_or_cancel", about.language, **facts))
    parts.append(words("mail.sender", about.language, **facts))
    enclosures = (Enclosure("matazu.ics", "text/calendar", about.calendar),) if about.calendar else ()
    link = "" if kind == "cancelled" else about.link
    return Letter("\n\n".join(parts) + "\n", words(f"subject.{kind}", about.language, **facts), enclosures, link)


def turn_letter(
    kind: str, channel: str, *, office: Office, language: str, number: str, place: str, link: str
) -> Letter:
    """`near` (place: how many come first) or `called` (place: the counter's label)."""
    facts = {"office": label_in(office.name, language), "number": number, "place": place, "link": link}
    text = words(f"short.{kind}", language, **facts)
    subject = words(f"subject.{kind}", language, **facts) if channel in WITH_SUBJECT else ""
    return Letter(text, subject, link=link)


def _papers(about: About) -> list[str]:
    if not about.documents:
        return []
    listed = "\n".join(f"□ {document}" for document in about.documents)
    return [words("mail.papers", about.language) + "\n" + listed, words("mail.pins", about.language)]


def _facts(about: About) -> dict[str, str]:
    service = about.office.services.get(about.service)
    return {
        "office": label_in(about.office.name, about.language),
        "phone": about.office.phone,
        "service": label_in(service.label, about.language) if service else about.service,
        "area": label_in(service.area, about.language) if service and service.area else "",
        "when": when(about.come_at, about.office.zone, about.language),
        "code": format_code(about.code) if about.code else "",
        "link": about.link,
        "cancel": f"{about.link}/cancel",
    }
