"""Draws a slip as black dots for a thermal printer at 203 dpi (8 dots a millimetre).

Decides sizes, places and line breaks. Leaves the words to `domain.slip` and fonts to `adapters.slip_fonts`. The number
is at least 15 mm high whatever its length: a long one is set narrower, never smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from PIL import Image, ImageDraw

from queue_app.adapters.slip_fonts import Fonts, Run
from queue_app.adapters.slip_ink import BLANK, INK, code, figures, wrapped
from queue_app.domain.slip import Line, Role, Slip

DOTS_A_MM = 8
NUMBER_MIN_MM = 15
MARGIN = 8


@dataclass(frozen=True, slots=True)
class Paper:
    """A roll: printable dots across, the wished height of the number in mm, and dots per module of the code."""

    dots: int
    number_mm: int
    qr_module: int


PAPERS = {58: Paper(dots=384, number_mm=17, qr_module=5), 80: Paper(dots=576, number_mm=24, qr_module=5)}


@dataclass(frozen=True, slots=True)
class Style:
    """How a role is set: type size in mm, weight, alignment, and white space above in mm."""

    mm: float
    weight: str = "Regular"
    align: str = "centre"
    above: float = 1.0


STYLES = {
    Role.MARK: Style(4.1, "Bold", above=0),
    Role.OFFICE: Style(4.0, above=1.5),
    Role.SERVICE: Style(6.2, "Bold", above=0.6),
    Role.AREA: Style(5.4, "Bold", above=2.2),
    Role.QUEUE: Style(5.0, "Bold", above=1.0),
    Role.ORDER: Style(3.6, above=1.0),
    Role.QR: Style(3.6, "Bold", "left"),
    Role.SECOND: Style(3.4, align="left", above=1.2),
    Role.HINT: Style(3.4, align="left", above=0.8),
    Role.STOPS: Style(3.8, "Bold", "left"),
    Role.STOP: Style(4.2, align="left", above=1.2),
    Role.STOP_DONE: Style(4.2, align="left", above=1.2),
    Role.ISSUED: Style(3.8),
    Role.PHONE: Style(3.6, above=0.6),
}
AFTER_A_RULE = frozenset({Role.STOPS, Role.ISSUED})


@dataclass(frozen=True, slots=True)
class Drawing:
    """The finished paper, mode `1`, and how many characters had to be printed as 〓."""

    image: Image.Image
    missing_glyphs: int


class SlipArtist:
    """Draws slips for one paper width. Fonts are found and opened once, at the start."""

    def __init__(self, paper: Paper, font: Path | None = None) -> None:
        self.paper = paper
        self.fonts = {"Regular": Fonts("Regular", font), "Bold": Fonts("Bold", font)}
        # A font object keeps the glyph it is drawing; two threads in it at once would mix their letters.
        self._lock = Lock()

    def draw(self, slip: Slip) -> Drawing:
        """The slip from top edge to cut; the height follows from what stands on it."""
        with self._lock:
            sheet = _Sheet(self.paper, self.fonts)
            sheet.draw(slip)
        return Drawing(sheet.cropped().convert("1", dither=Image.Dither.NONE), sheet.missing)


class _Sheet:
    """One paper while it is being drawn; `y` is how far down the ink has come."""

    def __init__(self, paper: Paper, fonts: dict[str, Fonts]) -> None:
        self.paper, self.fonts, self.missing = paper, fonts, 0
        self.image = Image.new("L", (paper.dots, 400 * DOTS_A_MM), BLANK)
        self.pen = ImageDraw.Draw(self.image)
        self.y = 0

    def draw(self, slip: Slip) -> None:
        around_code = [line for line in slip.lines if line.role in {Role.QR, Role.SECOND}]
        for line in slip.lines:
            if line.role in AFTER_A_RULE:
                self.rule()
            if line.role is Role.NUMBER:
                self.number(line)
            elif line in around_code[:1]:
                self.code_block(slip.qr, around_code)
            elif line not in around_code:
                self.line(line)
        self.y += 2 * DOTS_A_MM

    def cropped(self) -> Image.Image:
        return self.image.crop((0, 0, self.paper.dots, self.y))

    def line(self, line: Line) -> None:
        if line.role is Role.MARK:
            self.mark(line)
        elif line.role in {Role.STOP, Role.STOP_DONE}:
            self.stop(line)
        else:
            self.text(line, MARGIN, self.paper.dots - 2 * MARGIN)

    def mark(self, line: Line) -> None:
        """White on black across the paper: a reprint must not be taken for the first paper."""
        top = self.y
        self.y += DOTS_A_MM
        self.text(line, MARGIN, self.paper.dots - 2 * MARGIN)
        self.y += DOTS_A_MM
        band = self.image.crop((0, top, self.paper.dots, self.y))
        self.image.paste(band.point(lambda grey: BLANK - grey), (0, top))

    def number(self, line: Line) -> None:
        """The number between two bars."""
        self.y += DOTS_A_MM
        self.bar()
        self.y += 3 * DOTS_A_MM
        ink = self.number_ink(line.text)
        self.image.paste(ink, ((self.paper.dots - ink.width) // 2, self.y))
        self.y += ink.height + 3 * DOTS_A_MM
        self.bar()

    def number_ink(self, number: str) -> Image.Image:
        """As high as wished where it fits; else smaller down to 15 mm, and from there on narrower."""
        width = self.paper.dots - 2 * MARGIN
        wished = figures(self.fonts["Bold"], number, self.paper.number_mm * DOTS_A_MM)
        least = NUMBER_MIN_MM * DOTS_A_MM + 2
        if wished.width <= width:
            return wished
        ink = figures(self.fonts["Bold"], number, max(least, wished.height * width // wished.width))
        return ink if ink.width <= width else ink.resize((width, ink.height), Image.Resampling.LANCZOS)

    def code_block(self, url: str | None, lines: list[Line]) -> None:
        """Code and words side by side on wide paper, below each other on narrow paper."""
        self.rule()
        square = code(url, self.paper.qr_module) if url else Image.new("L", (0, 0), BLANK)
        beside = bool(url) and self.paper.dots - square.width >= 36 * DOTS_A_MM
        top = self.y + DOTS_A_MM
        self.image.paste(square, (0 if beside else (self.paper.dots - square.width) // 2, top))
        left = square.width if beside else MARGIN
        self.y = top if beside else top + square.height
        for line in lines:
            self.text(line, left, self.paper.dots - left - MARGIN)
        self.y = max(self.y, top + square.height)
        self.rule()

    def stop(self, line: Line) -> None:
        """A box to tick, ticked already where the visit is over."""
        side, top = int(4.2 * DOTS_A_MM), self.y + int(1.8 * DOTS_A_MM)
        self.pen.rectangle((MARGIN, top, MARGIN + side, top + side), outline=INK, width=3)
        if line.role is Role.STOP_DONE:
            points = [(0.2, 0.55), (0.42, 0.8), (0.85, 0.2)]
            self.pen.line([(MARGIN + x * side, top + y * side) for x, y in points], fill=INK, width=5, joint="curve")
        left = MARGIN + side + DOTS_A_MM
        self.text(line, left, self.paper.dots - left - MARGIN)

    def text(self, line: Line, left: int, width: int) -> None:
        """The line, broken where it is too long."""
        style = STYLES[line.role]
        fonts = self.fonts[style.weight]
        text, language = self.drawable(line, fonts)
        size = self.size(text, fonts, language, style=style, width=width)
        self.y += round(style.above * DOTS_A_MM)
        width_of = partial(fonts.width, size=size, language=language)
        for row in wrapped(text, width_of, width):
            runs, missing = fonts.runs(row, size, language=language)
            self.missing += missing
            spare = width - width_of(row)
            self.runs(runs, left + (spare / 2 if style.align == "centre" else 0), self.y + size)
            self.y += round(size * 1.3)

    def size(self, text: str, fonts: Fonts, language: str, *, style: Style, width: int) -> int:
        """The style's size, or down to nine tenths of it where that saves a centred line from being broken."""
        size = round(style.mm * DOTS_A_MM)
        shrunk = int(size * width / max(1, fonts.width(text, size, language)))
        return shrunk if style.align == "centre" and 0.9 * size <= shrunk < size else size

    def drawable(self, line: Line, fonts: Fonts) -> tuple[str, str]:
        """The line's text, or its English where the script is unknown here."""
        if line.instead and fonts.missing(line.text, line.language):
            return line.instead, "en"
        return line.text, line.language

    def runs(self, runs: list[Run], x: float, baseline: int) -> None:
        for text, font in runs:
            self.pen.text((x, baseline), text, fill=INK, font=font, anchor="ls")
            x += font.getlength(text)

    def rule(self) -> None:
        self.y += round(1.6 * DOTS_A_MM)
        for x in range(0, self.paper.dots, 12):
            self.pen.line((x, self.y, x + 5, self.y), fill=INK, width=2)
        self.y += DOTS_A_MM

    def bar(self) -> None:
        self.y += DOTS_A_MM
        self.pen.rectangle((0, self.y, self.paper.dots, self.y + 5), fill=INK)
        self.y += 6
