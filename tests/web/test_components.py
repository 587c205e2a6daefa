"""The components render whole pages that a strict content policy, a keyboard and a screen reader can live with."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask, url_for

from queue_app.web.styleguide import blueprint

WEB = Path(__file__).resolve().parents[2] / "queue_app/web"
TEXTS = WEB.parent / "texts"
LANGUAGES = ("ja", "en")


def catalogue(language: str) -> dict[str, str]:
    common: dict[str, str] = yaml.safe_load((TEXTS / f"{language}.yaml").read_text("utf-8"))["common"]
    return {f"common.{key}": sentence for key, sentence in common.items()} | {
        "accessibility.link": "?",
        "privacy.link": "?",
    }


def style_guide(language: str, surface: str = "resident", **context: Any) -> str:
    app = Flask(__name__, template_folder=str(WEB / "templates"), static_folder=str(WEB / "static"))
    texts = catalogue(language)
    app.jinja_env.globals.update(
        t=lambda key, **facts: texts[key].format(**facts),
        csp_nonce=lambda: "nonce",
        asset=lambda path: url_for("static", filename=path, v="1"),
        surface_sheet=lambda name: url_for("static", filename=f"{name}.css", v="1"),
        csrf_token=lambda: "token",
        idempotency_key=lambda: "key",
    )
    languages = [{"code": code, "label": code, "url": f"?lang={code}"} for code in LANGUAGES]
    app.context_processor(lambda: {"lang": language, "surface": surface, "languages": languages, **context})
    app.register_blueprint(blueprint)
    answer = app.test_client().get("/styleguide")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("surface", ["resident", "staff"])
def test_page_carries_nothing_that_a_strict_content_policy_forbids(language: str, surface: str) -> None:
    page = style_guide(language, surface)
    assert re.findall(r"\sstyle=|\son\w+=|<style|javascript:", page) == []
    assert all('nonce="nonce"' in script for script in re.findall(r"<script[^>]*>", page))
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", page) == []


@pytest.mark.parametrize("surface", ["resident", "staff"])
def test_ids_are_unique_and_every_reference_meets_one(surface: str) -> None:
    page = style_guide("ja", surface)
    ids = Counter(re.findall(r"\sid=\"([^\"]+)\"", page))
    referred = re.findall(r"\s(?:for|aria-describedby|aria-labelledby|data-dialog-open)=\"([^\"]+)\"", page)
    assert [name for name, times in ids.items() if times > 1 and name != "emergency-heading"] == []
    assert {name for names in referred for name in names.split()} - ids.keys() == set()


def test_error_links_lead_to_fields() -> None:
    page = style_guide("ja")
    summary = page[page.index("data-error-summary") : page.index("</ul>", page.index("data-error-summary"))]
    for field in re.findall(r"href=\"#([^\"]+)\"", summary):
        assert re.search(rf"<(?:input|select|textarea)[^>]*\sid=\"{field}\"", page), field


def test_title_says_that_there_are_errors_before_anything_else() -> None:
    assert "<title>エラー：" in style_guide("ja", errors={"sample-day": "日を選んでください"})
    assert "<title>部品の一覧" in style_guide("ja")


def test_resident_page_has_no_button_under_44_pixels() -> None:
    assert re.findall(r"data-size=\"(?:sm|xs)\"", style_guide("ja")) == []


def test_every_changing_form_carries_its_key_and_its_origin() -> None:
    page = style_guide("ja", "staff")
    for form in re.findall(r"<form[^>]*data-enhance.*?</form>", page, flags=re.DOTALL):
        assert 'name="csrf_token" value="token"' in form
        assert 'name="idempotency_key" value="key"' in form


def test_both_catalogues_hold_the_same_common_keys_with_the_same_blanks() -> None:
    blanks = {
        language: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in catalogue(language).items()}
        for language in LANGUAGES
    }
    assert blanks["ja"] == blanks["en"]
