"""The office as everybody may see it."""

from __future__ import annotations

from queue_app.domain.access import Right, check_counter, check_office
from queue_app.domain.calendar import open_intervals, why_closed
from queue_app.domain.office import label_in
from queue_app.services import offices
from queue_app.services.board import board
from queue_app.services.desk import desk, floor
from queue_app.services.hall import Hall, read_hall
from queue_app.web.api.endpoint import Call, Reply, read
from queue_app.web.api.models import BoardShown, DeskQuery, DeskShown, FloorShown, OfficeShown
from queue_app.web.i18n import reader_language


@read("/offices/<office>", right=Right.READ_PUBLIC, answer=OfficeShown, codes=("unknown_office",))
def show_office(call: Call, office: str) -> Reply:
    """Name, time zone, today's hours, open or not and why, services, counters, languages."""
    hall = _hall(call, office)
    here, language = hall.office, reader_language()
    day = here.today(hall.now)
    spans = open_intervals(here.hours, day, here.zone, call.ports.holidays)
    wall = board(hall, language)
    return Reply(
        {
            "code": here.code,
            "name": label_in(here.name, language),
            "zone": here.zone.key,
            "open": hall.open,
            "why_closed": None if hall.open else why_closed(here.hours, day, call.ports.holidays) or "outside_hours",
            "opens_at": hall.opens_at,
            "hours_today": [
                {"start": start.astimezone(here.zone), "end": end.astimezone(here.zone)} for start, end in spans
            ],
            "services": [
                {
                    "code": service.code,
                    "label": label_in(service.label, language),
                    "series": service.series,
                    "minutes": service.minutes,
                    "stages": list(service.stages),
                    "bookable": service.slots is not None,
                    "walk_in": service.walk_in,
                    "paused": service.paused,
                }
                for service in here.services.values()
            ],
            "counters": wall["counters"],
            "languages": list(here.languages),
            "needs": [{"code": code, "label": label_in(labels, language)} for code, labels in here.needs.items()],
            "phone": here.phone,
            "tickets_from_home": here.tickets_from_home,
        }
    )


@read("/offices/<office>/board", right=Right.READ_PUBLIC, answer=BoardShown, codes=("unknown_office",))
def show_board(call: Call, office: str) -> Reply:
    """The board snapshot; numbers only."""
    return Reply(board(_hall(call, office), reader_language()))


@read(
    "/offices/<office>/desk",
    right=Right.SERVE,
    answer=DeskShown,
    query=DeskQuery,
    codes=("unknown_counter", "wrong_counter"),
)
def show_desk(call: Call, office: str, query: DeskQuery) -> Reply:
    """All that one console shows, as one snapshot."""
    hall = _hall(call, office, Right.SERVE)
    check_counter(call.identity, query.counter)
    return Reply(desk(hall, call.session, query.counter, reader_language()), personal=True)


@read("/offices/<office>/floor", right=Right.SEE_FLOOR, answer=FloorShown, codes=("other_office",))
def show_floor(call: Call, office: str) -> Reply:
    """All counters, queues and devices as one snapshot."""
    hall = _hall(call, office, Right.SEE_FLOOR)
    return Reply(floor(hall, call.session, reader_language()), personal=True)


def _hall(call: Call, code: str, right: Right = Right.READ_PUBLIC) -> Hall:
    here = offices.office_by_code(call.session, code)
    check_office(call.identity, right, here.id)
    return read_hall(call.session, here, call.ports)
