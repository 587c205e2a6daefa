"""Chime and spoken sentences: the same bytes everywhere, whole files only."""

import io
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

import queue_app.web
from queue_app.adapters.chime import chime, wav
from queue_app.adapters.speech import Speech, clip_name, local_speech

CHIME = Path(queue_app.web.__file__).parent / "static" / "audio" / "chime.wav"


class Voice:
    """A synthesiser that notes what it was asked to say."""

    def __init__(self):
        self.said = []

    def __call__(self, text):
        self.said.append(text)
        return wav(text.encode("utf-16-le"), rate=48_000)


def test_the_chime_in_the_static_folder_is_what_the_code_makes():
    assert CHIME.read_bytes() == chime()


def test_the_chime_lasts_a_second_and_stays_three_decibels_below_full_scale():
    with wave.open(io.BytesIO(chime())) as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
        assert sound.getnframes() == sound.getframerate()
    assert max(map(abs, samples)) == round(32_767 * 10 ** (-3 / 20))
    assert samples[0] == 0
    assert abs(samples[-1]) < 50


def test_the_second_tone_is_lower_than_the_first():
    with wave.open(io.BytesIO(chime())) as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
    assert crossings(samples[2000:6000]) > crossings(samples[14_000:18_000])


def test_a_sentence_is_made_once_and_then_played_from_the_folder(tmp_path):
    voice = Voice()
    speech = Speech(tmp_path / "voice", synthesise=voice)
    first, second = speech.clip("にひゃくごばん"), speech.clip("にひゃくごばん")
    assert first == second
    assert voice.said == ["にひゃくごばん"]
    assert first.read_bytes() == wav("にひゃくごばん".encode("utf-16-le"), rate=48_000)


def test_another_text_or_another_voice_is_another_file():
    assert len({clip_name("いち", "mei"), clip_name("に", "mei"), clip_name("いち", "taro")}) == 3


def test_a_synthesiser_that_breaks_leaves_no_half_file(tmp_path):
    def broken(text):
        raise MemoryError(text)

    with pytest.raises(MemoryError):
        Speech(tmp_path, synthesise=broken).clip("いち")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_in_the_middle_leaves_no_half_file(tmp_path):
    with pytest.raises(TypeError):
        Speech(tmp_path, synthesise=lambda text: text).clip("いち")
    assert list(tmp_path.iterdir()) == []


def test_without_a_synthesiser_recorded_clips_still_play(tmp_path):
    (tmp_path / clip_name("いち")).write_bytes(b"recorded")
    speech = Speech(tmp_path)
    assert not speech.available()
    assert speech.clip("いち").read_bytes() == b"recorded"
    assert speech.clip("に") is None


def test_looking_for_the_synthesiser_never_fails(tmp_path):
    speech = local_speech(tmp_path, None)
    assert not speech.available()
    assert speech.clip("いち") is None


def crossings(samples):
    return sum((one < 0) != (two < 0) for one, two in pairwise(samples))
