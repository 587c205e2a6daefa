"""The sentences of the announcements, per language: data only.

Decides the words. Leaves to `domain.announcement` how number and place are put into them. Every sentence begins with
the number: whoever misses it would have to sit through words that do not help. `SHOWN` is for screens and live regions;
`SPOKEN` replaces it where a synthesiser would misread what is printed (kanji: 番号札, 番窓口, の方).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """One language. `{number}` and `{place}` are filled in; `{window}` is the place without its floor."""

    reception: str
    handover: str
    recall: str
    transfer: str
    repeat: str
    short: str
    window: str
    on_floor: str
    on_basement: str
    at: str = "{label}"


LANGUAGES = ("ja", "ja-x-easy", "en", "zh-Hans", "zh-Hant", "ko", "vi", "ne", "fil", "pt", "es")

NEEDS_REVIEW = frozenset({"ja-x-easy", "zh-Hans", "zh-Hant", "ko", "vi", "ne", "fil", "pt", "es"})
"""Languages whose sentences no native reader (for ja-x-easy: no teacher of Japanese) has checked yet."""

SHOWN: dict[str, Wording] = {
    "ja": Wording(
        reception="{number}番の方、{place}へお越しください。",
        handover="{number}番の方、お渡しの準備ができました。{place}へお越しください。",
        recall="{number}番の番号札をお持ちの方、いらっしゃいましたら{place}までお越しください。",
        transfer="{number}番の方、続いて{place}の順番をお待ちください。",
        repeat="{number}番の方、{place}です。",
        short="{number}番、{place}。",
        window="{code}番窓口",
        on_floor="{floor}階{window}",
        on_basement="地下{floor}階{window}",
    ),
    "ja-x-easy": Wording(
        reception="{number}ばんの 人は、{place}に きて ください。",
        handover="{number}ばんの 人、書類が できました。{place}に きて ください。",
        recall="{number}ばんの 人は いますか。{place}に きて ください。",
        transfer="{number}ばんの 人、つぎは {place}です。よばれるまで まって ください。",
        repeat="{number}ばんの 人、{place}です。",
        short="{number}ばん、{place}。",
        window="{code}ばん まどぐち",
        on_floor="{floor}かいの {window}",
        on_basement="ちか {floor}かいの {window}",
    ),
    "en": Wording(
        reception="Number {number}, please come to {place}.",
        handover="Number {number}, your documents are ready. Please come to {place}.",
        recall="Number {number}, if you are here, please come to {place}.",
        transfer="Number {number}, next please wait to be called to {place}.",
        repeat="Number {number}, {place}.",
        short="{number}, {place}.",
        window="window {code}",
        on_floor="{window} on floor {floor}",
        on_basement="{window} on basement floor {floor}",
    ),
    "zh-Hans": Wording(
        reception="{number}号，请到{place}。",
        handover="{number}号，您的文件已准备好，请到{place}领取。",
        recall="{number}号，如果您在场，请到{place}。",
        transfer="{number}号，接下来请等候{place}叫号。",
        repeat="{number}号，{place}。",
        short="{number}号，{place}。",
        window="{code}号窗口",
        on_floor="{floor}楼{window}",
        on_basement="地下{floor}楼{window}",
    ),
    "zh-Hant": Wording(
        reception="{number}號，請到{place}。",
        handover="{number}號，您的文件已準備好，請到{place}領取。",
        recall="{number}號，如果您在場，請到{place}。",
        transfer="{number}號，接下來請等候{place}叫號。",
        repeat="{number}號，{place}。",
        short="{number}號，{place}。",
        window="{code}號窗口",
        on_floor="{floor}樓{window}",
        on_basement="地下{floor}樓{window}",
    ),
    "ko": Wording(
        reception="{number}번 고객님, {place}로 오시기 바랍니다.",
        handover="{number}번 고객님, 서류가 준비되었습니다. {place}로 오시기 바랍니다.",
        recall="{number}번 고객님, 계시면 {place}로 오시기 바랍니다.",
        transfer="{number}번 고객님, 다음은 {place}입니다. 호출을 기다려 주십시오.",
        repeat="{number}번 고객님, {place}입니다.",
        short="{number}번, {place}.",
        window="{code}번 창구",
        on_floor="{floor}층 {window}",
        on_basement="지하 {floor}층 {window}",
    ),
    "vi": Wording(
        reception="Số {number}, xin mời đến {place}.",
        handover="Số {number}, giấy tờ đã xong, xin mời đến {place}.",
        recall="Số {number}, nếu có mặt, xin mời đến {place}.",
        transfer="Số {number}, tiếp theo xin chờ gọi đến {place}.",
        repeat="Số {number}, {place}.",
        short="Số {number}, {place}.",
        window="quầy số {code}",
        on_floor="{window} ở tầng {floor}",
        on_basement="{window} ở tầng hầm {floor}",
    ),
    "ne": Wording(
        reception="नम्बर {number}, कृपया {place} मा आउनुहोस्।",
        handover="नम्बर {number}, तपाईंको कागजात तयार भयो। कृपया {place} मा आउनुहोस्।",
        recall="नम्बर {number}, तपाईं यहाँ हुनुहुन्छ भने कृपया {place} मा आउनुहोस्।",
        transfer="नम्बर {number}, अब {place} को पालो पर्खनुहोस्।",
        repeat="नम्बर {number}, {place}।",
        short="{number}, {place}।",
        window="काउन्टर {code}",
        on_floor="तला {floor} को {window}",
        on_basement="भूमिगत तला {floor} को {window}",
    ),
    "fil": Wording(
        reception="Numero {number}, pumunta po sa {place}.",
        handover="Numero {number}, handa na po ang inyong mga dokumento. Pumunta po sa {place}.",
        recall="Numero {number}, kung narito po kayo, pumunta po sa {place}.",
        transfer="Numero {number}, maghintay po ng susunod na tawag sa {place}.",
        repeat="Numero {number}, {place}.",
        short="{number}, {place}.",
        window="bintana {code}",
        on_floor="{window} sa palapag {floor}",
        on_basement="{window} sa basement {floor}",
    ),
    "pt": Wording(
        reception="Senha {number}, dirija-se ao {place}.",
        handover="Senha {number}, seus documentos estão prontos. Dirija-se ao {place}.",
        recall="Senha {number}, se estiver presente, dirija-se ao {place}.",
        transfer="Senha {number}, agora aguarde a chamada do {place}.",
        repeat="Senha {number}, {place}.",
        short="{number}, {place}.",
        window="guichê {code}",
        on_floor="{window} no andar {floor}",
        on_basement="{window} no subsolo {floor}",
        at="guichê {label}",
    ),
    "es": Wording(
        reception="Número {number}, pase a la {place}.",
        handover="Número {number}, sus documentos están listos. Pase a la {place}.",
        recall="Número {number}, si está presente, pase a la {place}.",
        transfer="Número {number}, ahora espere la llamada de la {place}.",
        repeat="Número {number}, {place}.",
        short="{number}, {place}.",
        window="ventanilla {code}",
        on_floor="{window} del piso {floor}",
        on_basement="{window} del sótano {floor}",
        at="ventanilla {label}",
    ),
}

SPOKEN: dict[str, Wording] = SHOWN | {
    "ja": Wording(
        reception="{number}ばんのかた、{place}へおこしください。",
        handover="{number}ばんのかた、おわたしのじゅんびができました。{place}へおこしください。",
        recall="{number}ばんのばんごうふだをおもちのかた、いらっしゃいましたら、{place}までおこしください。",
        transfer="{number}ばんのかた、つづいて、{place}のじゅんばんをおまちください。",
        repeat="{number}ばんのかた、{place}です。",
        short="{number}ばん、{place}。",
        window="{code}ばんまどぐち",
        on_floor="{floor}、{window}",
        on_basement="{floor}、{window}",
    ),
    "ja-x-easy": Wording(
        reception="{number}ばんのひとは、{place}に、きてください。",
        handover="{number}ばんのひと、しょるいが、できました。{place}に、きてください。",
        recall="{number}ばんのひとは、いますか。{place}に、きてください。",
        transfer="{number}ばんのひと、つぎは、{place}です。よばれるまで、まってください。",
        repeat="{number}ばんのひと、{place}です。",
        short="{number}ばん、{place}。",
        window="{code}ばんまどぐち",
        on_floor="{floor}の、{window}",
        on_basement="{floor}の、{window}",
    ),
}
