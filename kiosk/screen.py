"""What one use of a kiosk carries from screen to screen: language, height, voice, readings. All of it in the address.

So nothing about a person is kept in the machine: going to the start address is forgetting them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for

from queue_app.domain.office import Office, label_in
from queue_app.web.i18n import DEFAULT, LANGUAGES

INCHES = 21.5
"""The screen that is meant when the device's settings do not say: the usual size of a ticket machine."""

MODULES = ("keys", "offline", "pad", "paper", "pulse", "store", "time", "voice")


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen of one kiosk. `low` moves all controls to the lower half, `say` reads every screen aloud, `ruby` puts
    readings over Japanese kanji."""

    office: Office
    settings: Mapping[str, Any]
    language: str = DEFAULT
    low: bool = False
    say: bool = False
    ruby: bool = False

    def url(self, path: str = "", **query: object) -> str:
        """An address of this kiosk that keeps language, height, voice and readings."""
        kept = {
            "l": self.language if self.language != DEFAULT else "",
            "low": self.low,
            "say": self.say,
            "ruby": self.ruby,
        }
        told = {name: "1" if value is True else value for name, value in {**kept, **query}.items() if value}
        return f"/kiosk/{self.office.code}{path}" + (f"?{urlencode(told)}" if told else "")

    def start(self) -> str:
        """Where the next person begins."""
        return f"/kiosk/{self.office.code}"

    def here(self, **changes: Any) -> str:
        """This very screen in another language or height, with or without voice and readings."""
        inside = {name: value for name, value in request.args.items() if name in ("group", "page", "way")}
        path = request.path.removeprefix(f"/kiosk/{self.office.code}")
        return replace(self, **changes).url(path if request.method == "GET" else "", **inside)

    @property
    def languages(self) -> list[dict[str, object]]:
        """The office's languages, each by its own name."""
        return [
            {"code": code, "label": LANGUAGES[code], "url": self.here(language=code), "current": code == self.language}
            for code in self.office.languages
            if code in LANGUAGES
        ]

    @property
    def modules(self) -> list[str]:
        """The scripts that the page's script asks for: named, so that they come at once and are kept for outages."""
        own = [url_for("kiosk.static", filename=f"kiosk_{name}.js") for name in MODULES]
        return [*own, url_for("static", filename="voices.js")]

    @property
    def takes_bookings(self) -> bool:
        """Whether anybody can come with a booking."""
        return any(service.slots is not None for service in self.office.services.values())

    @property
    def inches(self) -> float:
        """Diagonal of the glass: sizes on it are in millimetres."""
        try:
            return min(100.0, max(7.0, float(self.settings.get("inch", INCHES))))
        except (TypeError, ValueError):
            return INCHES

    @property
    def place(self) -> str:
        """Where the machine stands, in the words of the set-up."""
        place = self.settings.get("place", "")
        return label_in(place, self.language) if isinstance(place, Mapping) else str(place)


def screen_of(office: Office, settings: Mapping[str, Any]) -> Screen:
    """The screen that this request asks for."""
    asked = request.args.get("l", DEFAULT)
    return Screen(
        office,
        settings,
        language=asked if asked in office.languages and asked in LANGUAGES else DEFAULT,
        low=request.args.get("low") == "1",
        say=request.args.get("say") == "1",
        ruby=request.args.get("ruby") == "1",
    )
