"""Phrases are there before they are called for, and what is called for first is made first."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from queue_app.adapters.media import Media
from queue_app.adapters.speech import ChildVoice, Speech, SpeechFailed
from queue_app.domain.announcement import Called, announce
from queue_app.domain.sound_parts import phrases, phrases_ahead
from queue_app.services import offices
from queue_app.services.ports import Ports
from queue_app.services.speech_room import LOOK_AHEAD_EVERY, SpeechRoom
from queue_app.store.database import reading
from tests.machines import cannot_run
from tests.world import Clock, World

DOUBLE = """\
import json, struct, sys
sys.path.insert(0, {root!r})
from queue_app.adapters.chime import wav
for line in sys.stdin:
    said = json.loads(line)
    if said == "stop": sys.exit(1)
    sound = wav(said.encode("utf-16-le"), rate=24000)
    sys.stdout.buffer.write(struct.pack(">I", len(sound)) + sound)
    sys.stdout.buffer.flush()
"""
ROOT = str(Path(__file__).parents[2])


class Voice:
    """A synthesiser that notes what it was asked to say."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, text: str) -> bytes:
        self.said.append(text)
        return text.encode()


class Room:
    def __init__(self, world: World, folder: Path, clock: Clock) -> None:
        self.world, self.voice = world, Voice()
        self.media = Media(folder, Speech(folder / "speech", synthesise=self.voice))
        self.room = SpeechRoom(replace(Ports(clock=clock), media=self.media), world.app.app_context)

    def look_ahead(self) -> list[str]:
        """What is made until the next look at the set-up is over."""
        self.voice.said.clear()
        for _ in range(LOOK_AHEAD_EVERY):
            self.room.look()
        return self.voice.said


@pytest.fixture
def room(world: World, tmp_path: Path, clock: Clock) -> Room:
    return Room(world, tmp_path / "media", clock)


def test_all_phrases_of_the_day_are_made_once(room: Room) -> None:
    with room.world.app.app_context(), reading() as session:
        wanted = phrases_ahead(offices.office_by_code(session, "aoba"))
    assert room.look_ahead() == wanted
    assert room.look_ahead() == []


def test_a_new_window_is_spoken_within_a_minute(room: Room) -> None:
    from tests.world import OFFICE

    room.look_ahead()
    room.world.open_office(OFFICE.replace('code: "3"', 'code: "7"'))
    assert "ななばんまどぐちへおこしください。" in room.look_ahead()


def test_what_a_call_asks_for_goes_before_the_days_work(room: Room) -> None:
    room.media.spoken("エー、")
    room.media.spoken("さんびゃくいちばんのかた、")
    assert room.look_ahead()[:2] == ["エー、", "さんびゃくいちばんのかた、"]


def test_a_second_process_leaves_the_days_work_to_the_first_and_grants_its_own_wishes(room: Room) -> None:
    with room.media.speech.alone() as may:
        assert may
        room.media.spoken("いちばん、")
        assert room.look_ahead() == ["いちばん、"]


def test_without_a_synthesiser_the_room_ends_at_once(world: World, tmp_path: Path, clock: Clock) -> None:
    media = Media(tmp_path, Speech(tmp_path / "speech"))
    SpeechRoom(replace(Ports(clock=clock), media=media), world.app.app_context).work()
    assert media.spoken("いちばん、") is None
    assert not media.wishes


def test_the_voice_in_its_own_process_starts_again_after_it_has_died(tmp_path: Path) -> None:
    script, python = tmp_path / "double.py", tmp_path / "python"
    script.write_text(DOUBLE.format(root=ROOT))
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')  # a folder may have a space in its name
    python.chmod(0o755)
    voice = ChildVoice(python)
    first = voice("いちばん、")
    assert first[:4] == b"RIFF"
    with pytest.raises(SpeechFailed):
        voice("stop")
    assert voice("いちばん、") == first
    voice.rest()
    assert voice("いちばん、") == first
    voice.rest()


def test_a_voice_that_is_not_there_is_a_failure_and_no_silence(tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed):
        ChildVoice(tmp_path / "nothing")("いちばん、")


@pytest.mark.storm
def test_the_real_voice_reads_numbers_and_windows_as_a_clerk_does(tmp_path: Path, app: Flask) -> None:
    """Runs where `make voice` has been run; the reading itself is checked by ear at each release."""
    from config import ROOT as HOME

    python = HOME / ".voice" / "bin" / "python"
    if not python.exists():
        cannot_run("THE JAPANESE VOICE IS NOT INSTALLED HERE, so it was not heard: run `make voice` to test it")
    speech = Speech(tmp_path, synthesise=ChildVoice(python))
    sentence = announce(Called(number="A023", counter="3")).spoken
    lengths = [speech.clip(phrase).stat().st_size / 48_000 for phrase in phrases(sentence)]  # type: ignore[union-attr]
    speech.rest()
    assert [0.2 < seconds < 4 for seconds in lengths] == [True] * 3
    assert sum(lengths) < 6
