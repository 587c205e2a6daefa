"""The second language on the paper: data only.

Decides the words of the one line that a reader of another language finds on the slip. Unchecked languages are those of
`announcement_words.NEEDS_REVIEW`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecondLines:
    """What to do now, how many wait, and how long it may take."""

    wait: str
    waiting: str
    minutes: str


SECOND_LINES: dict[str, SecondLines] = {
    "ja-x-easy": SecondLines("よばれるまで まって ください。", "まっている人{count}人。", "{span}分くらい。"),
    "en": SecondLines("Please wait until your number is called.", "{count} waiting.", "About {span} min."),
    "zh-Hans": SecondLines("请等候叫号。", "等候{count}人。", "约{span}分钟。"),
    "zh-Hant": SecondLines("請等候叫號。", "等候{count}人。", "約{span}分鐘。"),
    "ko": SecondLines("번호를 부를 때까지 기다려 주십시오.", "대기 {count}명.", "약 {span}분."),
    "vi": SecondLines("Xin chờ đến khi số của bạn được gọi.", "Đang chờ: {count} người.", "Khoảng {span} phút."),
    "ne": SecondLines("तपाईंको नम्बर नबोलाएसम्म पर्खनुहोस्।", "पर्खिरहेका: {count} जना।", "करिब {span} मिनेट।"),
    "fil": SecondLines("Maghintay po hanggang tawagin ang numero ninyo.", "Naghihintay: {count}.", "Mga {span} min."),
    "pt": SecondLines("Aguarde até chamarem a sua senha.", "{count} em espera.", "Cerca de {span} min."),
    "es": SecondLines("Espere hasta que llamen su número.", "{count} en espera.", "Unos {span} min."),
}
