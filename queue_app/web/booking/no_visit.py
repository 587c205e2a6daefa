"""What can be done without coming: the navigator's procedures that need no visit, each with its address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response

from queue_app.domain.access import Right
from queue_app.domain.errors import NotFound
from queue_app.domain.navigator import Kind, Procedure
from queue_app.domain.office import Office, label_in
from queue_app.services.errands import navigator_rules
from queue_app.web.auth import needs
from queue_app.web.booking.draft import read_draft
from queue_app.web.booking.errand import has_navigator
from queue_app.web.booking.frame import blueprint, in_office, page
from queue_app.web.i18n import reader_language
from queue_app.web.limits import check_public_rate


@blueprint.get("/book/<office>/no-visit")
@needs(Right.READ_PUBLIC)
def without_visit(office: str) -> Response:
    """All of them: who is asked nothing gets everything that could apply."""
    check_public_rate()
    with in_office(office) as (_session, here):
        procedures = _procedures(here)
        return page(
            "no_visit",
            here,
            read_draft(office),
            online=_shown(p for p in procedures if p.kind is Kind.ONLINE or p.online_if is not None),
            external=_shown(p for p in procedures if p.kind is Kind.EXTERNAL),
            info=_shown(p for p in procedures if p.kind is Kind.INFO),
            asks=has_navigator(here),
        )


def _procedures(here: Office) -> tuple[Procedure, ...]:
    try:
        return navigator_rules(here).procedures
    except NotFound:
        return ()


def _shown(procedures: Iterable[Procedure]) -> list[dict[str, Any]]:
    """`only_some` may be done online by some people and needs a visit of the others."""
    language = reader_language()
    return [
        {"label": label_in(each.label, language), "url": each.url, "only_some": each.online_if is not None}
        for each in procedures
    ]
