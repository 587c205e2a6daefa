"""Readings over kanji: ruby where people read, plain words in titles, attributes, scripts and answers that are no page."""

from __future__ import annotations

import pytest
from flask import Flask, jsonify

from queue_app.domain.furigana import annotated, in_kana, written
from queue_app.web.i18n import show_furigana, t
from queue_app.web.ruby import only_kana, only_kanji, ruby_page

pytestmark = pytest.mark.any_database

TEXT = "お{取|と}りください {number}"


def test_a_text_has_three_faces() -> None:
    assert (written(TEXT), in_kana(TEXT)) == ("お取りください {number}", "おとりください {number}")
    assert written(annotated(TEXT)) != written(TEXT)
    assert annotated(TEXT).format(number=7).endswith(" 7")


def test_people_read_ruby_and_machines_read_words() -> None:
    word = annotated("{番号|ばんごう}")
    page = f'<title>{word}</title><p aria-label="{word}">{word}<br>{word}札</p><script>"{word}"</script>'
    ruby = "<ruby>番号<rt>ばんごう</rt></ruby>"
    assert ruby_page(page, plain=only_kanji) == (
        f'<title>番号</title><p aria-label="番号">{ruby}<br>{ruby}札</p><script>"番号"</script>'
    )
    assert 'aria-label="ばんごう"' in ruby_page(page, plain=only_kana)


def test_markup_inside_an_annotation_is_left_as_it_was_escaped() -> None:
    typed = annotated("{&lt;b&gt;|&lt;script&gt;}")
    assert ruby_page(typed, plain=only_kanji) == "<ruby>&lt;b&gt;<rt>&lt;script&gt;</rt></ruby>"
    torn = "\ufff9<b>\ufffax\ufffb"
    assert "<ruby>" not in ruby_page(torn, plain=only_kanji)


@pytest.mark.parametrize(
    ("language", "wanted", "heading", "title"),
    [
        ("ja", False, "番号札をお取りください", "番号札をお取りください"),
        (
            "ja",
            True,
            "<ruby>番号札<rt>ばんごうふだ</rt></ruby>をお<ruby>取<rt>と</rt></ruby>りください",
            "番号札をお取りください",
        ),
        (
            "ja-x-easy",
            False,
            "<ruby>番号<rt>ばんごう</rt></ruby>の <ruby>紙<rt>かみ</rt></ruby>を <ruby>取<rt>と</rt></ruby>って ください",
            "ばんごうの かみを とって ください",
        ),
        ("en", True, "Please take your ticket", "Please take your ticket"),
    ],
)
def test_readings_are_shown_to_those_who_want_them(
    app: Flask, language: str, wanted: bool, heading: str, title: str
) -> None:
    @app.get("/readings")
    def page() -> str:
        if wanted:
            show_furigana()
        said = t("kiosk.paper_take")
        return f"<title>{said}</title><h1>{said}</h1>"

    @app.get("/words")
    def words() -> object:
        return jsonify(said=t("kiosk.paper_take"))

    client = app.test_client()
    answer = client.get("/readings", query_string={"lang": language}).get_data(as_text=True)
    if language == "en":
        heading = title = answer.split("<h1>")[1].split("</h1>")[0]
    assert answer == f"<title>{title}</title><h1>{heading}</h1>"
    assert client.get("/words", query_string={"lang": language}).get_json() == {"said": title}
