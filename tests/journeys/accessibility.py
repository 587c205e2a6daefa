"""What a page owes to everybody: no fault that axe knows, targets large enough, nothing that scrolls sideways, a focus
that can be seen, words of the language asked for.

Every check is a question to the page as it stands and answers what is wrong, in words; nothing wrong is an empty list.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from queue_app.web.i18n import DEFAULT, catalogue

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
OWED = Path(__file__).parent / "owed.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Of what is in order axe need not write down where it stands, which takes longer than looking.
RUN = """async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ["violations"] })).violations
  .map(({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)])"""
SMALL = """([within, least]) => [...document.querySelectorAll(`${within} :is(a[href], button, summary)`)]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
  .filter(([, box]) => box.width < least - 0.5 || box.height < least - 0.5)
  .map(([words, box]) => `${words} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
WIDE = "() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"
BLANK = re.compile(r"\{[a-z_]+\}")
NAME_OF_TEXT = re.compile(r"\b[a-z]+(?:\.[a-z0-9_]+)+\b")


def with_axe(page: Page) -> Page:
    """The page, with axe and our own checks in every document it opens; the content policy lets nothing in later."""
    page.add_init_script(path=AXE)
    page.add_init_script(path=OWED)
    return page


def faults(page: Page) -> Any:
    """Everything axe finds wrong on the page as it is now."""
    return page.evaluate(RUN, TAGS)


def too_small(page: Page, within: str, least: int) -> Any:
    """Links and buttons under `least` CSS pixels either way."""
    return page.evaluate(SMALL, [within, least])


def missed_by_a_finger(page: Page, least: int) -> Any:
    """Everything that can be pressed and is under `least` pixels either way; a link inside a sentence may be."""
    return page.evaluate("(least) => owed.small(least)", least)


def sideways(page: Page) -> Any:
    """By how many pixels the page is wider than its window."""
    return page.evaluate(WIDE)


def cut_off(page: Page, how: str = "") -> Any:
    """Words that do not fit their box: as the page is, with `spaced` text (SC 1.4.12), or 40 % `longer` (G8)."""
    return page.evaluate("(how) => owed.cutOff(how)", how)


def hard_to_follow(page: Page) -> Any:
    """Stops of the Tab key without a ring of 3 px, under something else, or before what stands above or left of them."""
    page.keyboard.press("Tab")  # from now on the browser shows the focus as to somebody with a keyboard
    return page.evaluate("() => owed.stops()")


def not_in_words(page: Page, language: str) -> list[str]:
    """What shows that a text is missing: another language's mark, the name of a text, a blank nobody filled."""
    said = page.evaluate("() => document.title + '\\n' + document.body.innerText")
    known = set(catalogue(DEFAULT))
    # `/statistics.csv` is the end of an address, not the name of a text.
    wrong = [each for each in NAME_OF_TEXT.findall(said) if each in known and f"/{each}" not in said]
    wrong += BLANK.findall(said)
    marked = page.evaluate("() => document.documentElement.lang")
    return wrong if marked == language else [f"lang={marked}", *wrong]
