"""What a kiosk says to people who do not read its glass: from which files.

Decides the order of preference: a sentence that people have recorded, a number from the recordings of its figures,
phrases of the synthesiser in Japanese. What is in none of them is left to the browser's voice by the kiosk. Texts come
as they are read out: with kana in place of annotated kanji.
"""

from __future__ import annotations

import re

from queue_app.domain.announcement import IN_KANA
from queue_app.domain.furigana import in_kana, written
from queue_app.domain.office import Office, label_in
from queue_app.domain.sound_parts import phrases, stand_ins
from queue_app.domain.spoken_number import number_parts, reading_of_number
from queue_app.services.call_sounds import Address, made
from queue_app.services.ports import MediaFiles
from queue_app.services.words import catalogue

SENTENCES = (
    *("choose", "your_number", "paper_printing", "paper_take", "paper_failed", "paper_unsure", "paper_came"),
    *("paper_again", "way_voice", "way_phone", "way_fetch", "finish", "back", "next_page", "previous_page"),
    *("call_staff", "say_off", "low_on", "low_off", "ask_staff"),
)
"""Keys under `kiosk` of what most people meet and what holds no fact."""

_NUMBER = re.compile(r"[A-Z]{0,2}[0-9]{1,4}", re.ASCII)
_LETTERED = re.compile(r"[A-Z]{1,2}[0-9]{1,4}(?![0-9])", re.ASCII)


def guidance_to_record(office: Office, language: str) -> dict[str, str]:
    """Clip id -> the words to be read into the microphone: sentences of the kiosk and names of what it offers."""
    texts = catalogue(language)
    sentences = {f"{language}/kiosk/{key}": texts.get(f"kiosk.{key}", "") for key in SENTENCES}
    names = {f"{language}/service/{each.code}": label_in(each.label, language) for each in office.services.values()}
    return {clip: written(text) for clip, text in {**sentences, **names}.items() if text}


def sounds_of_guidance(office: Office, language: str, text: str, media: MediaFiles) -> list[Address]:
    """The files that say this text, one behind the other; none of them leaves it to the browser."""
    recorded = media.recorded(office.code)
    clips = _clips(office, language, text)
    if clips and all(clip in recorded for clip in clips):
        return [("recorded", recorded[clip]) for clip in clips]
    return made(phrases(_readable(text)), media) if language in IN_KANA else []


def is_served(office: Office, language: str, media: MediaFiles) -> bool:
    """Whether it is worth asking: the server can say something of this language."""
    own = set(guidance_to_record(office, language))
    return is_made(language, media) or not own.isdisjoint(media.recorded(office.code))


def is_made(language: str, media: MediaFiles) -> bool:
    """Whether a phrase that is not there yet will be."""
    return language in IN_KANA and media.speaks()


def _clips(office: Office, language: str, text: str) -> list[str]:
    if _NUMBER.fullmatch(text):
        if language in IN_KANA:
            return [f"ja/number/{part}" for part, _ in number_parts(text)]
        return stand_ins(f"{language}/number/{text}")
    known = {_plain(in_kana(words)): key for key, words in _sentences(language).items()}
    names = {_plain(label_in(each.label, language)): each.code for each in office.services.values()}
    key, code = known.get(_plain(text)), names.get(_plain(text))
    return [f"{language}/kiosk/{key}"] if key else [f"{language}/service/{code}"] if code else []


def _sentences(language: str) -> dict[str, str]:
    texts = catalogue(language)
    return {key: texts[f"kiosk.{key}"] for key in SENTENCES if f"kiosk.{key}" in texts}


def _readable(text: str) -> str:
    """As the synthesiser reads it right: numbers in kana, no blanks between words, "from" in a range."""
    kana = _LETTERED.sub(lambda found: reading_of_number(found[0]), text)
    return kana.replace("〜", "から").replace("・", "、").replace(" ", "")


def _plain(text: str) -> str:
    return "".join(text.split())
