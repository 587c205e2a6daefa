"""What stands on the paper that a resident takes along, as a value.

Decides which lines are printed, in which order and words. Leaves the drawing to `adapters.slip_image` and the sending
to `adapters.printer`. No name, no booking code, no errand beyond the service: paper gets lost. The date is printed the
way counters read it (era) and once more in plain figures for those who do not know eras.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from queue_app.domain.slip_words import SECOND_LINES, SecondLines

REIWA = date(2019, 5, 1)
WEEKDAYS = "月火水木金土日"


class Role(StrEnum):
    """What a line is for; the drawing decides how large it is."""

    MARK = "mark"
    OFFICE = "office"
    SERVICE = "service"
    NUMBER = "number"
    AREA = "area"
    QUEUE = "queue"
    ORDER = "order"
    QR = "qr"
    SECOND = "second"
    HINT = "hint"
    STOPS = "stops"
    STOP = "stop"
    STOP_DONE = "stop_done"
    ISSUED = "issued"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `instead` is drawn when no font of the printer's machine knows the script of `text`."""

    role: Role
    text: str
    language: str = "ja"
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A counter still to be visited, for the check boxes: `where` 2階21番窓口, `what` 国民健康保険, `why` お渡し."""

    where: str
    what: str
    done: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipFacts:
    """What the paper tells. Instants in the office's zone; `wait_min` is (low, high); `None` is not printed."""

    office: str
    number: str
    service: str
    area: str
    issued_at: datetime
    order_at: datetime | None = None
    counts_at: datetime | None = None
    is_booked: bool = False
    waiting: int | None = None
    wait_min: tuple[int, int] | None = None
    status_url: str | None = None
    language: str = "ja"
    service_translated: str = ""
    stops: tuple[Stop, ...] = ()
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """The finished paper: lines from top to bottom; the line of role `QR` explains the code beside it."""

    number: str
    lines: tuple[Line, ...]
    qr: str | None

    def text(self, role: Role) -> str:
        """All lines of one role, joined by line feeds."""
        return "\n".join(line.text for line in self.lines if line.role is role)


def slip(facts: SlipFacts) -> Slip:
    """The paper of a ticket that the server has issued."""
    return Slip(facts.number, tuple(_lines(facts)), facts.status_url)


def offline_slip(facts: SlipFacts) -> Slip:
    """The paper of a leased number while the server is away: nothing on it that only the server knows."""
    known = replace(facts, waiting=None, wait_min=None, order_at=None, counts_at=None, status_url=None)
    return _marked(slip(known), "通信が止まっています。　番号は有効です。")


def reprint(original: Slip) -> Slip:
    """The same paper again, marked: two papers with one number must be told apart."""
    return _marked(original, "【再発行】 Reprint")


def date_text(day: date) -> str:
    """令和8年4月1日(水); before Reiwa the plain year."""
    year = f"令和{_era_year(day)}年" if day >= REIWA else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日({WEEKDAYS[day.weekday()]})"


def time_text(instant: datetime) -> str:
    """10時23分, on the clock of the instant's own zone."""
    return f"{instant.hour}時{instant.minute:02}分"


def _lines(facts: SlipFacts) -> Iterator[Line]:
    yield Line(Role.OFFICE, facts.office)
    yield Line(Role.SERVICE, facts.service)
    yield Line(Role.NUMBER, facts.number)
    yield Line(Role.AREA, facts.area)
    yield from _queue_lines(facts)
    if facts.status_url:
        yield Line(Role.QR, "スマートフォンで　待ち状況が分かります。")
    yield from _second_lines(facts)
    yield Line(Role.HINT, "番号が過ぎたときは、窓口の職員にお声がけください。")
    yield Line(Role.HINT, "音声が聞き取りにくい方は職員にお申し出ください。")
    yield from _stop_lines(facts.stops)
    yield Line(Role.ISSUED, f"{date_text(facts.issued_at.date())} {time_text(facts.issued_at)}")
    if facts.phone:
        yield Line(Role.PHONE, f"電話 {facts.phone}")


def _queue_lines(facts: SlipFacts) -> Iterator[Line]:
    words = []
    if facts.waiting is not None:
        words.append(f"待ち {facts.waiting}人")
    if facts.wait_min is not None:
        words.append("目安 約" + _span(facts.wait_min, "〜") + ("分" if facts.wait_min[0] else "分以内"))
    if words:
        yield Line(Role.QUEUE, "　".join(words))
    if facts.order_at is not None:
        yield Line(Role.ORDER, f"お呼びする順の時刻 {time_text(facts.order_at)}")
        if _order_reason(facts):
            yield Line(Role.ORDER, _order_reason(facts))


def _order_reason(facts: SlipFacts) -> str:
    """Where the order time comes from: the booking or the number, and the minutes it is put ahead."""
    if facts.order_at is None or facts.counts_at is None:
        return ""
    lead = round((facts.counts_at - facts.order_at).total_seconds() / 60)
    what = "予約" if facts.is_booked else "受付"
    return f"（{what} {time_text(facts.counts_at)}" + (f"の{lead}分前として）" if lead > 0 else "）")


def _second_lines(facts: SlipFacts) -> Iterator[Line]:
    language = facts.language if facts.language in SECOND_LINES else "en"
    text, english = (_second_text(facts, SECOND_LINES[each]) for each in (language, "en"))
    if facts.service_translated:
        yield Line(Role.SECOND, facts.service_translated, language)
    yield Line(Role.SECOND, text, language, english)
    yield Line(Role.SECOND, f"{facts.issued_at:%Y-%m-%d %H:%M}", "en")


def _second_text(facts: SlipFacts, words: SecondLines) -> str:
    text = words.wait
    if facts.waiting is not None:
        text += " " + _unbroken(words.waiting.format(count=facts.waiting))
    if facts.wait_min is not None:
        text += " " + _unbroken(words.minutes.format(span=_span(facts.wait_min, "–")))
    return text


def _stop_lines(stops: tuple[Stop, ...]) -> Iterator[Line]:
    if stops:
        yield Line(Role.STOPS, "回る窓口 / Your counters")
    for position, stop in enumerate(stops, start=1):
        role = Role.STOP_DONE if stop.done else Role.STOP
        yield Line(role, f"{_circled(position)} {stop.where}　{stop.what}" + (f"　{stop.why}" if stop.why else ""))


def _unbroken(text: str) -> str:
    """With no-break spaces: a figure at the end of a row and its unit on the next are misread."""
    return text.replace(" ", "\u00a0")


def _circled(position: int) -> str:
    return chr(ord("①") + position - 1) if position <= 20 else f"{position}."


def _marked(original: Slip, mark: str) -> Slip:
    return replace(original, lines=(Line(Role.MARK, mark), *original.lines))


def _span(minutes: tuple[int, int], dash: str) -> str:
    """Never from 0: whoever reads it would stay beside the counter."""
    return dash.join(dict.fromkeys(str(each) for each in minutes if each))


def _era_year(day: date) -> str:
    year = day.year - REIWA.year + 1
    return "元" if year == 1 else str(year)
