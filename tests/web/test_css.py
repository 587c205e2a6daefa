"""Style sheets keep their promises on contrast, and take every colour from the tokens.

The sheets are read, their variables resolved, and the contrast computed by the formula of WCAG 2.2 (1.4.3, 1.4.11).
Two habits make this possible and are checked too: a rule that fills a background names its text colour, and a rule that only
names a text colour is readable on every light surface. What a dark surface carries stands under `.on-dark` or names its ground.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "queue_app/web/static"
TOKENS = STATIC / "vendor/dads/tokens.css"
OURS = sorted(STATIC.glob("*.css"))
LARGE_SCREENS = sorted([*ROOT.glob("kiosk/static/*.css"), *ROOT.glob("display/static/*.css")])
Colour = tuple[float, float, float]

LIGHT = ("page", "muted", "tint", "tint-strong", "success-tint", "error-tint", "warn-tint", "alert-tint")
TEXT_ANYWHERE = (
    *(
        "text",
        "heading",
        "subtext",
        "link",
        "link-visited",
        "link-active",
        "primary",
        "primary-hover",
        "primary-active",
    ),
    *("error-strong", "success", "warn", "alert"),
)
TEXT_ON_WHITE_ONLY = ("error",)
TEXT_ON_FILL = [
    *(("on-fill", fill) for fill in ("primary", "primary-hover", "primary-active", "danger-fill", "danger-fill-hover")),
    ("on-fill", "danger-fill-active"),
    ("on-disabled", "disabled-fill"),
    ("on-called", "called"),
    ("focus", "focus-halo"),
]
UI_PAIRS = [
    *(
        (line, "page")
        for line in ("border", "primary", "success-line", "error-line", "warn-line", "alert-line", "focus")
    ),
    *(("border", "muted"), ("border", "tint"), ("primary", "tint")),
    *(("dark-line", "dark"), ("focus-halo", "dark"), ("focus", "focus-halo")),
]
SEVEN_TO_ONE = [
    *(
        (role, ground)
        for role in ("on-dark", "on-dark-subtext", "on-dark-strong")
        for ground in ("dark", "dark-raised")
    ),
    *((text, "page") for text in ("kiosk-text", "kiosk-action", "kiosk-action-active", "kiosk-error", "kiosk-subtext")),
    *((text, "tint") for text in ("kiosk-text", "kiosk-action", "kiosk-error")),
    *(("on-fill", fill) for fill in ("kiosk-action", "kiosk-action-active", "kiosk-error")),
    ("on-called", "called"),
    ("text", "page"),
]


@dataclass(frozen=True)
class Rule:
    selector: str
    declarations: dict[str, str]


def rules_of(path: Path) -> list[Rule]:
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(r"([^{};]+)\{([^{}]*)\}", text)
    return [Rule(" ".join(selector.split()), declarations_of(body)) for selector, body in found]


def declarations_of(body: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in body.split(";") if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


VARIABLES = {
    name: value
    for path in (TOKENS, STATIC / "app.css")
    for rule in rules_of(path)
    if rule.selector == ":root"
    for name, value in rule.declarations.items()
}


def colour_of(value: str) -> Colour | None:
    """The solid colour a value stands for; nothing for keywords, gradients and see-through values."""
    while match := re.fullmatch(r"var\((--[\w-]+)\)", value):
        value = VARIABLES[match[1]]
    if not re.fullmatch(r"#[0-9a-f]{6}", value):
        return None
    red, green, blue = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def role(name: str) -> Colour:
    colour = colour_of(f"var(--c-{name})")
    assert colour is not None, f"--c-{name} is no solid colour"
    return colour


def luminance(colour: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_the_known_figures() -> None:
    assert contrast((1, 1, 1), (0, 0, 0)) == pytest.approx(21)
    assert contrast(role("text"), role("page")) == pytest.approx(12.6, abs=0.05)
    assert contrast(role("error"), role("muted")) < 4.5, "this is why error text on a tint takes error-strong"


@pytest.mark.parametrize("ground", LIGHT)
@pytest.mark.parametrize("name", TEXT_ANYWHERE)
def test_text_roles_are_readable_on_every_light_surface(name: str, ground: str) -> None:
    assert contrast(role(name), role(ground)) >= 4.5


@pytest.mark.parametrize(("name", "ground"), [*((name, "page") for name in TEXT_ON_WHITE_ONLY), *TEXT_ON_FILL])
def test_text_is_readable_on_its_fill(name: str, ground: str) -> None:
    assert contrast(role(name), role(ground)) >= 4.5


@pytest.mark.parametrize(("name", "ground"), UI_PAIRS)
def test_lines_and_rings_stand_out_three_to_one(name: str, ground: str) -> None:
    assert contrast(role(name), role(ground)) >= 3


@pytest.mark.parametrize(("name", "ground"), SEVEN_TO_ONE)
def test_kiosk_and_display_text_reaches_seven_to_one(name: str, ground: str) -> None:
    assert contrast(role(name), role(ground)) >= 7


def test_every_colour_role_is_covered_by_a_pair_or_is_decoration() -> None:
    decoration = {"disabled-border", "rule", "veil"}
    pairs = [*TEXT_ON_FILL, *UI_PAIRS, *SEVEN_TO_ONE]
    covered = {*LIGHT, *TEXT_ANYWHERE, *TEXT_ON_WHITE_ONLY, *(name for pair in pairs for name in pair)}
    declared = {name.removeprefix("--c-") for name in VARIABLES if name.startswith("--c-")}
    assert declared == covered | decoration


@pytest.mark.parametrize("path", [*OURS, *LARGE_SCREENS], ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_no_colour_is_written_outside_the_tokens(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/|var\([^)]*\)", "", path.read_text("utf-8"), flags=re.DOTALL)
    values = " ".join(re.findall(r":\s*([^;{}]+);", text))
    assert (
        re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|color-mix)\(|\b(?:white|black|red|gray|grey)\b", values)
        == []
    )


@pytest.mark.parametrize("path", [*OURS, *LARGE_SCREENS], ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_every_variable_used_is_declared(path: Path) -> None:
    text = path.read_text("utf-8")
    sheets = path.parent.glob("*.css")  # a page loads the sheets of its folder together
    local = {name for sheet in sheets for name in re.findall(r"(--[\w-]+)\s*:", sheet.read_text("utf-8"))}
    without_fallback = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert without_fallback - local - VARIABLES.keys() == set()


@pytest.mark.parametrize("path", [*OURS, *LARGE_SCREENS], ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_rule_that_fills_its_ground_names_a_readable_text_colour(path: Path) -> None:
    least = 7 if path in LARGE_SCREENS else 4.5
    faults = []
    for rule in rules_of(path):
        ground = colour_of(rule.declarations.get("background-color", rule.declarations.get("background", "")))
        if ground is None:
            continue
        text = colour_of(rule.declarations.get("color", ""))
        if text is None or contrast(text, ground) < least:
            faults.append(rule.selector)
    assert faults == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_bare_text_colour_is_readable_wherever_it_may_stand(path: Path) -> None:
    white_only = {role(name) for name in TEXT_ON_WHITE_ONLY}
    faults = []
    for rule in rules_of(path):
        text = colour_of(rule.declarations.get("color", ""))
        if (
            text is None
            or {"background", "background-color"} & rule.declarations.keys()
            or "::backdrop" in rule.selector
        ):
            continue
        grounds = ("dark", "dark-raised") if ".on-dark" in rule.selector else ("page",) if text in white_only else LIGHT
        faults += [f"{rule.selector} on {ground}" for ground in grounds if contrast(text, role(ground)) < 4.5]
    assert faults == []


@pytest.mark.parametrize("path", [*OURS, *LARGE_SCREENS], ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    assert re.findall(r"@import|url\(|@font-face", path.read_text("utf-8")) == []
