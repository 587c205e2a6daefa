"""Files of the screens: kept under names of our own, handed out only by such names, pictures drawn anew."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from queue_app.adapters.chime import chime
from queue_app.adapters.media import Media
from queue_app.adapters.speech import Speech
from queue_app.domain.errors import Invalid


@pytest.fixture
def media(tmp_path: Path) -> Media:
    return Media(tmp_path / "instance", Speech(tmp_path / "instance" / "speech", synthesise=lambda _text: chime()))


def picture(form: str = "JPEG", *, size: tuple[int, int] = (400, 200)) -> bytes:
    made = Image.new("RGB", size, "navy")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6
    file = io.BytesIO()
    made.save(file, form, **({"exif": exif} if form == "JPEG" else {}))
    return file.getvalue()


def test_a_recording_takes_the_place_of_the_earlier_one(media: Media) -> None:
    first = media.keep_recording("aoba", "en/reception/1", kind="wav", content=chime())
    second = media.keep_recording("aoba", "en/reception/1", kind="mp3", content=b"other")
    assert media.recorded("aoba") == {"en/reception/1": second}
    assert media.file("aoba", "recorded", first) is None
    assert media.recorded("midori") == {}
    media.drop_recording("aoba", "en/reception/1")
    assert media.recorded("aoba") == {}


@pytest.mark.parametrize(
    "clip", ["../../etc/passwd", "en/../reception", "en/reception/1/2", "en/reception/..", "en//1", "en/a b/1"]
)
def test_a_clip_with_a_strange_name_is_not_kept(media: Media, clip: str) -> None:
    with pytest.raises(Invalid):
        media.keep_recording("aoba", clip, kind="wav", content=chime())


@pytest.mark.parametrize("name", ["../secret_key", "..%2fsecret_key", "a/b.wav", "", ".lock", "x.wav", "\0"])
@pytest.mark.parametrize("kind", ["recorded", "spoken", "picture", "audit"])
def test_no_name_leads_out_of_the_folder(media: Media, tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / "instance").mkdir(exist_ok=True)
    (tmp_path / "instance" / "secret_key").write_text("secret")
    assert media.file("aoba", kind, name) is None


def test_a_picture_is_kept_upright_without_what_the_camera_wrote(media: Media) -> None:
    name = media.keep_picture("aoba", picture())
    path = media.file("aoba", "picture", name)
    assert path is not None
    assert b"taken at home" not in path.read_bytes()
    with Image.open(path) as kept:
        assert (kept.size, kept.format, len(kept.getexif())) == ((200, 400), "JPEG", 0)


def test_a_large_picture_is_made_small_enough_for_a_screen(media: Media) -> None:
    path = media.file("aoba", "picture", media.keep_picture("aoba", picture("PNG", size=(4000, 1000))))
    assert path is not None
    with Image.open(path) as kept:
        assert kept.size == (1600, 400)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:300], chime()]
)
def test_what_is_no_picture_is_refused(media: Media, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        media.keep_picture("aoba", content)
    assert refused.value.errors[0].code == "not_a_picture"


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_no_broken_picture_brings_anything_but_a_refusal_or_a_picture(media: Media) -> None:
    """Of each kind: cut short, with bytes changed at seeded places, or with something else behind it."""
    chance = random.Random(16)
    for form in ("JPEG", "PNG", "GIF", "WEBP"):
        whole = picture(form, size=(60, 40))
        for _ in range(120):
            content = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                content[chance.randrange(len(content))] = chance.randrange(256)
            cut = chance.choice((len(content), chance.randrange(len(content))))
            try:
                name = media.keep_picture("aoba", bytes(content[:cut]) + chance.choice((b"", b"PK\x03\x04<script>")))
            except Invalid:
                continue
            kept = media.file("aoba", "picture", name)
            assert kept is not None
            assert b"<script>" not in kept.read_bytes(), "what stood behind the picture is not kept"


def test_a_phrase_that_is_missing_is_wished_for_once(media: Media) -> None:
    assert media.spoken("いちばん、") is None
    assert media.spoken("いちばん、") is None
    assert list(media.wishes) == ["いちばん、"]
