"""A file that somebody brings is a sound, or it is refused; its name and the browser's word count for nothing."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_app.adapters.chime import chime, wav
from queue_app.domain.errors import Invalid
from queue_app.domain.sound_file import LARGEST, check_sound

FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s, 44.1 kHz: 417 bytes, 26 ms


def ogg(seconds: float, head: bytes = b"OpusHead\x01\x01" + bytes(9)) -> bytes:
    def page(packet: bytes, position: int) -> bytes:
        return b"OggS\0\0" + struct.pack("<q", position) + bytes(12) + bytes([1, len(packet)]) + packet

    return page(head, 0) + page(b"x" * 100, int(seconds * 48_000))


def code(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        check_sound(content)
    return refused.value.errors[0].code


def test_wav_ogg_and_mp3_are_told_by_what_is_in_them() -> None:
    assert (check_sound(chime()).kind, check_sound(chime()).seconds) == ("wav", 1.0)
    assert (check_sound(ogg(2.5)).kind, check_sound(ogg(2.5)).seconds) == ("ogg", 2.5)
    mp3 = check_sound(FRAME * 40)
    assert mp3.kind == "mp3"
    assert mp3.seconds == pytest.approx(40 * 1152 / 44_100)


def test_what_a_recorder_wrote_beside_the_sound_is_not_kept() -> None:
    tag = b"ID3\x04\0\0" + bytes([0, 0, 0, 20]) + b"secret name and date"
    assert check_sound(tag + FRAME * 10 + b"TAG" + bytes(125)).content == FRAME * 10
    noted = bytearray(chime())
    noted += b"LIST" + struct.pack("<I", 6) + b"secret"
    noted[4:8] = struct.pack("<I", len(noted) - 8)
    assert b"secret" not in check_sound(bytes(noted)).content


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"hello", b"<svg onload=alert(1)>", b"\x89PNG\r\n", b"OggS" + bytes(40), b"ID3", FRAME[:3], chime()[:40],
     ogg(1, b"\x01video" + bytes(13)), FRAME * 10 + b"<script>"],
)  # fmt: skip
def test_what_is_no_sound_is_refused(content: bytes) -> None:
    assert code(content) == "not_a_sound"


def test_too_large_or_too_long_is_refused_with_what_is_allowed() -> None:
    assert code(bytes(LARGEST + 1)) == "sound_too_large"
    assert code(wav(bytes(2 * 8_000 * 13), rate=8_000)) == "sound_too_long"
    assert code(wav(bytes(2), rate=8_000)) == "sound_too_long"
    assert code(ogg(13)) == "sound_too_long"


def test_a_wav_with_eight_channels_is_no_announcement() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(8)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(16 * 800))
    assert code(file.getvalue()) == "not_a_sound"


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"OggS", b"RIFF\0\0\0\0WAVE", b"ID3", b"\xff\xfb", b"\xff\xf3\x90"])
)
def test_no_bytes_bring_anything_but_a_refusal_or_a_sound(rest: bytes, head: bytes) -> None:
    try:
        sound = check_sound(head + rest)
    except Invalid:
        return
    assert sound.kind in ("wav", "ogg", "mp3")
