"""A browser without scripts: reads pages, follows links, presses buttons of forms, keeps cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = {"meta", "link", "input", "br", "path", "img"}


@dataclass
class Button:
    """One way to send a form: what it is called, where it goes, what goes along."""

    label: str
    action: str
    fields: dict[str, str]


@dataclass
class Page(HTMLParser):
    """What a person could read and press on a page."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.title = "", ""
        self.buttons: list[Button] = []
        self.links: dict[str, str] = {}
        self.roles: list[str] = []
        self._form: tuple[str, dict[str, str]] | None = None
        self._open: list[tuple[str, dict[str, str]]] = []
        self._words = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if "role" in told:
            self.roles.append(told["role"])
        if tag == "form":
            self._form = (told.get("action", ""), {})
        if tag == "input" and self._form and (told.get("type") != "radio" or "checked" in told):
            self._form[1][told.get("name", "")] = told.get("value", "")
        if tag in ("a", "button"):
            self._words = ""
        if tag not in VOID:
            self._open.append((tag, told))

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, told = self._open.pop()
            if opened == tag:
                self._close(tag, told)
                return

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "title":
            self.title += data
        elif not any(tag in ("script", "style") for tag, _ in self._open):
            self.text += data
        self._words += data

    def _close(self, tag: str, told: dict[str, str]) -> None:
        label = " ".join(self._words.split())
        if tag == "a" and "href" in told:
            self.links[label] = told["href"]
        if tag == "button" and self._form:
            more = {told["name"]: told.get("value", "")} if "name" in told else {}
            self.buttons.append(Button(label, self._form[0], {**self._form[1], **more}))
            self._form[1].update({})
        if tag == "form":
            self._form = None


@dataclass
class PlainBrowser:
    """One person's browser. `page` is what is on the screen, `answer` how it came."""

    client: FlaskClient
    language: str = "ja"
    page: Page = field(init=False)
    answer: TestResponse = field(init=False)
    pressed: Button | None = None

    def open(self, path: str) -> Page:
        return self._show(self.client.get(path, headers=self._headers(), follow_redirects=True))

    def press(self, label: str, **fields: str) -> Page:
        """Press the first button whose words hold the label."""
        self.pressed = next(button for button in self.page.buttons if label in button.label)
        self.pressed.fields.update(fields)
        return self.press_again()

    def press_again(self) -> Page:
        """The same press once more: a trembling finger, the Back button, a lost answer."""
        assert self.pressed is not None
        answer = self.client.post(
            self.pressed.action, data=self.pressed.fields, headers=self._headers(), follow_redirects=True
        )
        return self._show(answer)

    def follow(self, label: str) -> Page:
        return self.open(next(url for words, url in self.page.links.items() if label in words))

    @property
    def path(self) -> str:
        return self.answer.request.full_path.rstrip("?")

    def _headers(self) -> dict[str, str]:
        return {"Accept-Language": self.language}

    def _show(self, answer: TestResponse) -> Page:
        self.answer, self.page = answer, Page(answer.text)
        return self.page
