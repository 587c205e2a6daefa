"""Twenty people edit one thing at once: whoever was second is told so and shown both values; nothing vanishes in silence.

`make storm` makes 5,000 edits (EDITS in the environment), the ordinary suite sixty. Judged by a chain: each accepted edit
names the state it was made from, and no state may be the ground of two accepted ones. The twins leave out the check.
"""

from __future__ import annotations

import io
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient

from queue_app.domain.access import Role
from queue_app.services import booking, setup
from queue_app.web.admin import file as file_page
from tests.bookings import BOOKABLE, reserve, slot
from tests.races.arena import rows_of, together
from tests.storm.town import say
from tests.web.staff_browser import Browser, staff
from tests.world import Clock, World

EDITS = int(os.environ.get("EDITS", "5000"))
EDITORS = 20


@dataclass(frozen=True)
class Edit:
    """One try: what its editor had seen, what they wanted, and whether a refusal showed them both values."""

    seen: str
    wanted: str
    status: int
    shows_both: bool = True


class Thing(Protocol):
    """Something that several people may edit."""

    refused: int

    def edit(self, editor: int, turn: int) -> Edit: ...

    def value(self) -> str: ...


@dataclass
class Booking:
    """A booking, moved by staff: a resident may move it ten times only."""

    world: World
    refused: int = 409
    token: str = ""

    def __post_init__(self) -> None:
        self.token = reserve(self.world)["token"]
        assert self.world.clerk.token is not None  # made before the race begins

    def edit(self, editor: int, turn: int) -> Edit:
        me = type(self.world.clerk)(self.world.app.test_client(), self.world.clerk.token)
        seen = me.get(f"/reservations/{self.token}").get_json()
        own = editor * 2 + turn % 2  # two times of one's own: a move to where somebody has moved it already is none
        wanted = slot(f"{9 + own % 7:02d}:{own // 7 % 2 * 30:02d}", day=f"2026-12-{2 + own // 14:02d}")
        if wanted == seen["slot"]:
            return Edit(f"same {editor}-{turn}", "", 204)
        answer = me.post(f"/reservations/{self.token}/reschedule", {"slot": wanted, "sequence": seen["sequence"]})
        said = answer.get_json()
        both = said.get("wanted") == wanted and "start" in said
        return Edit(str(seen["sequence"]), wanted, answer.status_code, both or answer.status_code != 409)

    def value(self) -> str:
        return str(self.world.as_(None).get(f"/reservations/{self.token}").get_json()["slot"])


@dataclass
class CounterName:
    """A counter's name, edited on the set-up pages."""

    world: World
    refused: int = 412
    browsers: dict[int, Browser] = field(default_factory=dict)

    def edit(self, editor: int, turn: int) -> Edit:
        browser = browser_of(self.world, self.browsers, editor)
        page = browser.open("/admin/counters/1")
        seen, wanted = _label_on(page), f"Window {editor}-{turn}"
        browser.press(
            "/admin/counters/1", label_ja="1番窓口", label_en=wanted, services=["certificate", "moving"],
            stages=["reception", "handover"],
        )  # fmt: skip
        both = wanted in browser.page and (_label_now(browser.page) != wanted)
        return Edit(seen, wanted, browser.status, both or browser.status != 412)

    def value(self) -> str:
        return _label_on(browser_of(self.world, self.browsers, 0).open("/admin/counters/1"))


@dataclass
class OpeningHours:
    """The opening hours, edited in the office file."""

    world: World
    refused: int = 412
    browsers: dict[int, Browser] = field(default_factory=dict)

    def edit(self, editor: int, turn: int) -> Edit:
        browser = browser_of(self.world, self.browsers, editor)
        text = browser.open("/admin/file/download")
        browser.open("/admin/file")
        number = editor * 300 + turn
        seen, wanted = _monday(text), f"{6 + number // 3600:02d}:{number // 60 % 60:02d}-17:{number % 60:02d}"
        changed = re.sub(r"mon: \[[^\]]*\]|mon:\n\s*- .*", f'mon: ["{wanted}"]', text, count=1)
        file = {"file": (io.BytesIO(changed.encode()), "office.yaml")}
        fields = browser.fields("/admin/file") | file
        browser._take(browser.send("/admin/file", fields, content_type="multipart/form-data"))
        both = wanted in browser.page and "<pre>" in browser.page
        return Edit(seen, wanted, browser.status, both or browser.status != 412)

    def value(self) -> str:
        return _monday(browser_of(self.world, self.browsers, 0).open("/admin/file/download"))


@dataclass
class Ticket:
    """A ticket in a counter's hands: hold and resume, start and miss, by everybody who sees it."""

    world: World
    refused: int = 409
    ticket: dict[str, Any] = field(default_factory=dict)
    NEXT = {"called": "start", "serving": "hold", "held": "resume"}

    def __post_init__(self) -> None:
        self.world.open("1")
        self.ticket = self.world.issue("moving")
        assert self.world.call("1").status_code == 201
        self.ticket["id"] = self.world.id_of(self.ticket)

    def edit(self, editor: int, turn: int) -> Edit:
        """Each state is left by one action, so the version of the ticket's state is how often it has moved."""
        clerk = type(self.world.clerk)(self.world.app.test_client(), self.world.clerk.token)
        state = clerk.get(f"/tickets/{self.ticket['id']}").get_json()["state"]
        action = self.NEXT[state]
        answer = clerk.post(f"/tickets/{self.ticket['id']}/{action}")
        said = answer.get_json()
        both = said.get("state") is not None and said.get("action") == action
        return Edit(f"{editor}-{turn}", state, answer.status_code, both or answer.status_code != 409)

    def value(self) -> str:
        return self.world.state(self.ticket)


def browser_of(world: World, browsers: dict[int, Browser], editor: int) -> Browser:
    with _opening:
        if editor not in browsers:
            browsers[editor] = staff(world, Role.ADMIN, f"admin-{editor}-{id(browsers)}")
    return browsers[editor]


_opening = threading.Lock()


def _label_on(page: str) -> str:
    found = re.search(r"id=\"label_en\"[^>]*value=\"([^\"]*)\"|value=\"([^\"]*)\"[^>]*id=\"label_en\"", page)
    assert found is not None, page
    return found[1] or found[2]


def _label_now(page: str) -> str:
    cells = re.findall(r"<td>([^<]*)</td>", page)
    return cells[1] if len(cells) > 1 else ""


def _monday(text: str) -> str:
    found = re.search(r"mon: \[\s*'?\"?([0-9:-]+)'?\"?\s*\]|mon:\n\s*- '?\"?([0-9:-]+)'?\"?", text)
    assert found is not None, text
    return found[1] or found[2]


def edited(thing: Thing, each: int) -> list[Edit]:
    def editor(place: int) -> Callable[[], list[Edit]]:
        return lambda: [thing.edit(place, turn) for turn in range(each)]

    outcomes = together([editor(place) for place in range(EDITORS)])
    broken = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert broken == []
    return [edit for outcome in outcomes if isinstance(outcome, list) for edit in outcome]


def faults(thing: Thing, edits: Sequence[Edit]) -> list[str]:
    accepted = [edit for edit in edits if edit.status == 200]
    others = [edit for edit in edits if edit.status not in (200, 204)]
    wrong = [f"answered {edit.status}" for edit in others if edit.status != thing.refused]
    wrong += [f"{edit.wanted} was refused without both values" for edit in others if not edit.shows_both]
    grounds = Counter(edit.seen for edit in accepted)
    wrong += [f"{n} were accepted on the ground of {seen}" for seen, n in grounds.items() if n > 1]
    if not isinstance(thing, Ticket) and thing.value() not in {edit.wanted for edit in accepted}:
        wrong.append(f"{thing.value()} stands, and nobody saw it accepted")
    return wrong


THINGS: tuple[Callable[[World], Any], ...] = (Booking, Ticket, CounterName, OpeningHours)


@pytest.fixture
def editors(app: Flask, clock: Clock) -> World:
    world = World(app, clock)
    world.open_office(BOOKABLE.replace("length_min: 30, capacity: 2", "length_min: 30, capacity: 20"))
    return world


@pytest.mark.parametrize("thing", THINGS)
def test_twenty_editors_never_overwrite_each_other_in_silence(editors: World, thing: Callable[[World], Any]) -> None:
    made = thing(editors)
    edits = edited(made, 1 if thing is OpeningHours else 2)
    assert faults(made, edits) == []
    assert any(edit.status == 200 for edit in edits)


@pytest.mark.storm
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("thing", THINGS)
def test_five_thousand_edits_of_twenty_editors(
    editors: World, thing: Callable[[World], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    made = thing(editors)
    edits = edited(made, EDITS // len(THINGS) // EDITORS)
    found = faults(made, edits)
    say(capsys, f"{made.__class__.__name__}: {len(edits)} edits by {EDITORS}, answers "
                f"{dict(Counter(edit.status for edit in edits))}: {len(found)} faults")  # fmt: skip
    assert found == []
    assert any(edit.status == made.refused for edit in edits), "nobody lost a race; the storm has seen nothing"


@pytest.mark.parametrize("thing", [Booking, CounterName, pytest.param(OpeningHours, marks=pytest.mark.storm)])
def test_without_the_check_an_edit_vanishes(
    editors: World, thing: Callable[[World], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twins: nobody asks which state an edit was made from. All have looked before anybody writes."""
    for_real = booking.reschedule
    monkeypatch.setattr(booking, "reschedule", lambda deed, row, slot, **_seen: for_real(deed, row, slot))
    monkeypatch.setattr(setup, "check_version", lambda _deed, _made_from: None)
    monkeypatch.setattr(file_page, "_check_nobody_was_first", lambda _now, _text: None)
    made = thing(editors)
    everybody_reads_before_anybody_writes(monkeypatch)
    assert faults(made, edited(made, 1)) != []


def everybody_reads_before_anybody_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    for_real, everybody_has_read, me = FlaskClient.post, threading.Barrier(EDITORS), threading.local()

    def post(client: FlaskClient, *args: Any, **options: Any) -> Any:
        if not getattr(me, "has_waited", False):
            me.has_waited = True
            everybody_has_read.wait(60)
        return for_real(client, *args, **options)

    monkeypatch.setattr(FlaskClient, "post", post)


def test_a_refused_edit_changes_nothing(editors: World) -> None:
    made = Booking(editors)
    before = rows_of(editors)
    answer = editors.as_(None).post(f"/reservations/{made.token}/reschedule", {"slot": slot("15:00"), "sequence": 7})
    assert answer.status_code == 409
    assert rows_of(editors) == before


def test_whoever_has_seen_both_files_may_replace_what_is_set(editors: World) -> None:
    made = OpeningHours(editors)
    mine, theirs = (browser_of(editors, made.browsers, n) for n in (0, 1))
    text = mine.open("/admin/file/download").replace("08:30-17:15", "09:00-16:00")
    made.edit(1, 0)
    assert theirs.status == 200
    mine.open("/admin/file")
    for over, status in (("", 412), ("yes", 200)):
        file = {"file": (io.BytesIO(text.encode()), "office.yaml"), "over": over}
        fields = mine.fields("/admin/file") | file
        mine._take(mine.send("/admin/file", fields, content_type="multipart/form-data"))
        assert mine.status == status
    assert made.value() == "09:00-16:00"
