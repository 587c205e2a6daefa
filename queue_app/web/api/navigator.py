"""The navigator: answers in, the whole visit out. Nothing is kept."""

from __future__ import annotations

from datetime import date

from queue_app.domain.access import Right
from queue_app.domain.calendar import why_closed
from queue_app.domain.navigator import Dates, deadlines_in_language, due_dates, in_language
from queue_app.services import offices
from queue_app.services.errands import Said, ask_navigator
from queue_app.web.api.booking_models import NavigatorBody, NavigatorShown, day_in
from queue_app.web.api.endpoint import Call, Reply, change, looking
from queue_app.web.i18n import reader_language


@change(
    "/offices/<office>/navigator",
    right=Right.READ_PUBLIC,
    body=NavigatorBody,
    answer=NavigatorShown,
    codes=("unknown_office", "no_navigator"),
    alone=looking,
)
def navigate(call: Call, office: str, body: NavigatorBody) -> Reply:
    """What has to be done, at which counters in which order, how long it takes and what to bring."""
    here = offices.office_by_code(call.session, office)
    visit_on = day_in(body.visit_on, "visit_on") or here.today(call.ports.clock())
    moved_on = day_in(body.moved_on, "moved_on")
    result = ask_navigator(here, Said(answers=body.answers, moved_on=moved_on), visit_on=visit_on)

    def is_open(day: date) -> bool:
        return why_closed(here.hours, day, call.ports.holidays) is None

    dues = due_dates(result.visits, Dates(visit_on=visit_on, moved_on=moved_on, changed_on=moved_on), is_open)
    language = reader_language()
    deadlines = deadlines_in_language(dues, language)
    return Reply(in_language(result, language) | {"deadlines": deadlines}, personal=True)
