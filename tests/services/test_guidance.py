"""What a kiosk says to those who cannot read it: recordings first, then the synthesiser, and numbers that nobody misreads."""

from __future__ import annotations

from pathlib import Path

import pytest

from queue_app.adapters.media import Media
from queue_app.adapters.speech import Speech
from queue_app.domain.office import Office
from queue_app.services import offices
from queue_app.services.guidance import guidance_to_record, is_served, sounds_of_guidance
from queue_app.store.database import reading
from tests.world import World


@pytest.fixture
def office(world: World) -> Office:
    with world.app.app_context(), reading() as session:
        return offices.office_by_code(session, "aoba")


def media_of(folder: Path, *clips: str, speaks: bool = False) -> Media:
    media = Media(folder, Speech(folder / "speech", synthesise=str.encode if speaks else None))
    for clip in clips:
        media.keep_recording("aoba", clip, kind="wav", content=clip.encode())
    return media


def test_japanese_is_spoken_as_it_is_read_with_numbers_in_kana(office: Office, tmp_path: Path) -> None:
    media = media_of(tmp_path, speaks=True)
    for text in ("ごようけんを おえらびください", "B005", "やく 10〜15 ぷん、まち 3にん"):
        assert sounds_of_guidance(office, "ja", text, media) == []
    assert list(media.wishes) == ["ごようけんをおえらびください", "ビー、", "ご", "やく10から15ぷん、", "まち3にん"]
    for phrase in list(media.wishes):
        media.speech.clip(phrase)
    assert [kind for kind, _ in sounds_of_guidance(office, "ja", "B005", media)] == ["spoken", "spoken"]


def test_a_recorded_sentence_or_name_goes_before_the_synthesiser(office: Office, tmp_path: Path) -> None:
    media = media_of(tmp_path, "ja/kiosk/choose", "en/kiosk/choose", "en/service/moving", speaks=True)
    spoken = {
        ("ja", "ごようけんをおえらびください"): "ja.kiosk.choose",
        ("en", guidance_to_record(office, "en")["en/kiosk/choose"]): "en.kiosk.choose",
        ("en", guidance_to_record(office, "en")["en/service/moving"]): "en.service.moving",
    }
    for (language, text), clip in spoken.items():
        ((kind, name),) = sounds_of_guidance(office, language, text, media)
        assert (kind, name.rsplit(".", 2)[0]) == ("recorded", clip)
    assert sounds_of_guidance(office, "en", "Nobody has recorded this", media) == []


def test_a_number_is_said_figure_by_figure_once_all_its_figures_are_there(office: Office, tmp_path: Path) -> None:
    media = media_of(tmp_path, "vi/figure/B", "vi/figure/0")
    assert sounds_of_guidance(office, "vi", "B005", media) == []
    media = media_of(tmp_path, "vi/figure/5")
    names = [name for _, name in sounds_of_guidance(office, "vi", "B005", media)]
    assert [name.split(".")[2] for name in names] == ["B", "0", "0", "5"]


def test_a_language_that_nobody_has_recorded_is_left_to_the_browser(office: Office, tmp_path: Path) -> None:
    assert is_served(office, "ja", media_of(tmp_path, speaks=True))
    assert not is_served(office, "en", media_of(tmp_path, speaks=True))
    assert not is_served(office, "ja", media_of(tmp_path))
    assert is_served(office, "en", media_of(tmp_path, "en/service/moving"))
