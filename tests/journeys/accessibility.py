"""What a page owes to everybody: no fault that axe knows, targets large enough, nothing that scrolls sideways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (tags) => (await axe.run(document, { runOnly: tags })).violations
  .map(({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)])"""
SMALL = """([within, least]) => [...document.querySelectorAll(`${within} :is(a[href], button, summary)`)]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
  .filter(([, box]) => box.width < least - 0.5 || box.height < least - 0.5)
  .map(([words, box]) => `${words} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
WIDE = "() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"


def with_axe(page: Page) -> Page:
    """The page, with axe in every document it opens from now on; the content policy lets nothing in later."""
    page.add_init_script(path=AXE)
    return page


def faults(page: Page) -> Any:
    """Everything axe finds wrong on the page as it is now."""
    return page.evaluate(RUN, TAGS)


def too_small(page: Page, within: str, least: int) -> Any:
    """Links and buttons under `least` CSS pixels either way."""
    return page.evaluate(SMALL, [within, least])


def sideways(page: Page) -> Any:
    """By how many pixels the page is wider than its window."""
    return page.evaluate(WIDE)
