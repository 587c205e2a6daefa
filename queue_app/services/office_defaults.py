"""What an office file may leave out: the languages, the kinds of help, and the keys that are known at all.

Decides the catalogue only; an office that names its own kinds of help replaces this one.
Source: interface version 1, section 7. The kinds of help say what somebody needs, never a diagnosis.
"""

from __future__ import annotations

ZONE = "Asia/Tokyo"
STAGES = ("reception",)
COUNTER_STAGES = ("reception", "handover")
MINUTES = 10

LANGUAGES = ("ja", "ja-x-easy", "en", "zh-Hans", "zh-Hant", "ko", "vi", "ne", "fil", "pt", "es")

NEEDS: dict[str, dict[str, str]] = {
    "wheelchair": {"ja": "車いすを使っています", "en": "I use a wheelchair"},
    "written": {"ja": "筆談をしてほしい", "en": "Please write things down for me"},
    "sign_language": {"ja": "手話通訳がほしい", "en": "I need sign language"},
    "hearing": {"ja": "音声の呼び出しが聞こえにくい", "en": "I may not hear the call"},
    "visual": {"ja": "画面が見えにくい", "en": "I may not see the screens"},
    "interpreter": {"ja": "外国語の通訳がほしい", "en": "I need an interpreter"},
    "infant": {"ja": "赤ちゃん・小さな子どもがいっしょ", "en": "I am with a baby or small child"},
    "elderly": {"ja": "高齢で、立って待つのがつらい", "en": "Standing and waiting is hard for me"},
    "help_mark": {"ja": "ヘルプマークを持っています", "en": "I carry a Help Mark"},
    "quiet": {"ja": "静かな場所で話したい", "en": "I need a quiet place"},
    "fetch": {"ja": "職員がお席まで呼びにうかがう", "en": "Please come to my seat to call me"},
}
"""Kinds of help a visitor may ask for, by the code that tickets carry."""
