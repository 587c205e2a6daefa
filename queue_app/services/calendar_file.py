"""A booking as an entry for somebody's calendar (RFC 5545).

Decides the parts that make a later file replace the earlier entry: one UID for the whole life of a booking, and a
SEQUENCE that grows with each change. No name and no contact is in it: calendars are shared.
"""

from __future__ import annotations

from datetime import UTC, datetime

from queue_app.domain.office import Office, label_in
from queue_app.domain.reservation import State, format_code
from queue_app.services.tokens import secret_hash
from queue_app.services.words import words
from queue_app.store.reservation_tables import Reservation

LONGEST_LINE = 75
_STAMP = "%Y%m%dT%H%M%SZ"


def calendar_file(office: Office, row: Reservation, link: str, language: str) -> str:
    """The text of an `.ics` file; a cancelled booking takes its entry away."""
    gone = row.state in (State.CANCELLED, State.EXPIRED)
    service = office.services.get(row.service)
    label = label_in(service.label, language) if service else row.service
    place = label_in(office.name, language)
    if service and service.area:
        place += " " + label_in(service.area, language)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Matazu//Matazu 1//EN",
        "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if gone else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{uid(row)}",
        f"SEQUENCE:{row.sequence}",
        f"DTSTAMP:{_utc(row.changed_at)}",
        f"DTSTART:{_utc(row.come_at)}",
        f"DTEND:{_utc(max(row.end_at, row.come_at))}",
        f"SUMMARY:{_text(words('calendar.summary', language, office=label_in(office.name, language), service=label))}",
        f"LOCATION:{_text(place)}",
        f"DESCRIPTION:{_text(words('calendar.text', language, code=format_code(row.code or ''), link=link))}",
        f"URL:{link}",
        f"STATUS:{'CANCELLED' if gone else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def uid(row: Reservation) -> str:
    """The same for ever, and no way back to the booking's secret."""
    return f"{secret_hash('calendar|' + row.nonce)[:32]}@matazu"


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_STAMP)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "")


def _folded(line: str) -> str:
    """Lines of at most 75 octets; a character is never cut in two."""
    parts, current, room = [], "", LONGEST_LINE
    for char in line:
        size = len(char.encode())
        if size > room:
            parts.append(current)
            current, room = "", LONGEST_LINE - 1  # the next line begins with a space
        current += char
        room -= size
    return "\r\n ".join([*parts, current])
