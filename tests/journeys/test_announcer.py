"""The loudspeaker of a hall: everybody is called once, in order, one voice at a time.

The module runs in a blank page of a real browser; clock, loudspeaker and board are those of `announcer_hall.js`.
"""

import os
from pathlib import Path

import pytest

from tests.browser import CHROMIUM_NAMES, QUIET
from tests.server_process import first_command

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "display" / "static"
FILES = {
    "announcer.js": STATIC / "announcer.js",
    "announcer_player.js": STATIC / "announcer_player.js",
    "voices.js": ROOT / "queue_app" / "web" / "static" / "voices.js",
    "announcer_hall.js": Path(__file__).parent / "announcer_hall.js",
    "chime.wav": ROOT / "queue_app" / "web" / "static" / "audio" / "chime.wav",
}
TYPES = {".js": "text/javascript", ".wav": "audio/wav"}

HALL = """async () => {
  const { Announcer, memoryIn, RULES } = await import("/announcer.js");
  const { FakeClock, FakePlayer, Office, said, storage } = await import("/announcer_hall.js");
  const clock = new FakeClock(), player = new FakePlayer(clock), office = new Office(clock), disk = storage();
  const open = (more = {}) => {
    const announcer = new Announcer({ player, clock, memory: memoryIn(disk), ...more });
    announcer.reconnect(office.snapshot());
    return announcer;
  };
  const outcomes = (announcer, wanted) =>
    announcer.log.filter(({ outcome }) => outcome === wanted).map(({ number }) => number);
  const minute = 60_000;
  %s
}"""


@pytest.fixture(scope="module")
def page(browser):
    """One page for all scenes: each makes its own clock, loudspeaker, office and disk."""
    page = blank(browser)
    yield page
    page.close()


@pytest.fixture
def loud(browser):
    """A page that may make a noise before anybody has touched it, as displays are started."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    opened = browser.browser_type.launch(
        executable_path=first_command(*CHROMIUM_NAMES),
        args=["--autoplay-policy=no-user-gesture-required", *QUIET, *sandbox],
    )
    yield blank(opened)
    opened.close()


def blank(browser):
    page = browser.new_page()
    page.route("http://display.test/**", serve)
    page.goto("http://display.test/")
    return page


@pytest.fixture
def hall(page):
    """Runs a scene in the hall and gives back what it returns."""
    return lambda scene: page.evaluate(HALL % scene)


def serve(route):
    file = FILES.get(route.request.url.rsplit("/", 1)[-1])
    if file is None:
        route.fulfill(body="<!doctype html><title>hall</title>", content_type="text/html")
    else:
        route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])


def test_a_call_is_chime_sentence_and_repeat_with_pauses_between(hall):
    log = hall("""
      const announcer = open();
      announcer.update(office.call("205"));
      await clock.advance(minute);
      return announcer.log.map(({ part, form, start, end }) => [part, form ?? "", start, end]);
    """)
    assert log == [["chime", "", 0, 1000], ["say", "full", 1400, 5400], ["say", "repeat", 6000, 8500]]


def test_the_language_of_the_ticket_comes_last(hall):
    said = hall("""
      const announcer = open();
      announcer.update(office.call("205", "en"));
      await clock.advance(minute);
      return said(announcer);
    """)
    assert said == ["205 full", "205 repeat", "en 205 full"]


def test_ten_calls_in_five_seconds_are_all_said_once_in_order_and_never_at_once(hall):
    result = hall("""
      const announcer = open();
      const numbers = Array.from({ length: 10 }, (_, place) => String(201 + place));
      for (const number of numbers) {
        announcer.update(office.call(number, "en"));
        await clock.advance(500);
      }
      await clock.advance(5 * minute);
      const first = said(announcer).filter((words) => !words.includes("repeat") && !words.startsWith("en"));
      return { first, all: said(announcer), overlaps: player.overlaps, waiting: announcer.state().waiting };
    """)
    assert [words.split()[0] for words in result["first"]] == [str(number) for number in range(201, 211)]
    assert (result["overlaps"], result["waiting"]) == (0, 0)
    # 201 was begun with two waiting, 202 with eight, 203 with seven, 204 with six, 207 with three.
    assert [words for words in result["first"] if words.endswith("short")] == ["202 short", "203 short"]
    assert [words.split()[0] for words in result["all"] if words.endswith("repeat")] == ["207", "208", "209", "210"]
    assert [words.split()[1] for words in result["all"] if words.startswith("en")] == [
        "204", "205", "206", "207", "208", "209", "210",
    ]  # fmt: skip


def test_a_number_whose_person_has_come_is_skipped_and_the_others_are_not(hall):
    result = hall("""
      const announcer = open();
      for (const number of ["201", "202", "203"]) announcer.update(office.call(number));
      announcer.update(office.gone("202"));
      await clock.advance(minute);
      const words = said(announcer).filter((each) => each.endsWith("full"));
      const of202 = announcer.log.filter(({ number }) => number === "202").map(({ part, outcome }) => [part, outcome]);
      return { words, of202 };
    """)
    assert result == {"words": ["201 full", "203 full"], "of202": [["none", "skipped"]]}


def test_calls_of_one_snapshot_are_said_in_the_order_of_their_making(hall):
    said = hall("""
      const announcer = open();
      for (const number of ["203", "201", "202"]) office.call(number);
      announcer.update(office.snapshot());
      await clock.advance(minute);
      return said(announcer).filter((words) => words.endsWith("full"));
    """)
    assert said == ["203 full", "201 full", "202 full"]


def test_a_recall_is_said_after_the_calls_made_before_it(hall):
    said = hall("""
      const announcer = open();
      office.call("201");
      await clock.advance(1000);
      office.call("202");
      await clock.advance(1000);
      announcer.update(office.recall("201"));
      await clock.advance(minute);
      return said(announcer).filter((words) => words.endsWith("full"));
    """)
    assert said == ["202 full", "201 full"]


def test_a_call_undone_during_its_sentence_ends_after_the_sentence(hall):
    said = hall("""
      const announcer = open();
      announcer.update(office.call("205", "en"));
      await clock.advance(2000);
      announcer.update(office.gone("205"));
      await clock.advance(minute);
      return said(announcer);
    """)
    assert said == ["205 full"]


def test_a_call_undone_during_the_chime_is_not_said(hall):
    result = hall("""
      const announcer = open();
      announcer.update(office.call("205"));
      await clock.advance(500);
      announcer.update(office.gone("205"));
      await clock.advance(minute);
      return { said: said(announcer), skipped: outcomes(announcer, "skipped") };
    """)
    assert result == {"said": [], "skipped": ["205"]}


def test_a_recall_sounds_and_a_repeated_snapshot_does_not(hall):
    said = hall("""
      const announcer = open();
      announcer.update(office.call("205"));
      await clock.advance(minute);
      announcer.update(office.snapshot());
      announcer.update(office.recall("205"));
      announcer.update(office.snapshot());
      await clock.advance(minute);
      announcer.update(office.recall("205"));
      await clock.advance(minute);
      return said(announcer).filter((words) => words.endsWith("full"));
    """)
    assert said == ["205 full"] * 3


def test_a_recall_after_an_undone_recall_sounds_again(hall):
    said = hall("""
      const announcer = open();
      announcer.update(office.call("205"));
      await clock.advance(minute);
      announcer.update(office.recall("205"));
      announcer.update(office.recall("205", -1));
      await clock.advance(minute);
      announcer.update(office.recall("205"));
      await clock.advance(minute);
      return said(announcer).filter((words) => words.endsWith("full"));
    """)
    assert said == ["205 full", "205 full"]


def test_a_start_that_is_taken_back_does_not_call_again(hall):
    said = hall("""
      const announcer = open();
      announcer.update(office.call("205"));
      await clock.advance(minute);
      const call = office.calls[0];
      announcer.update(office.gone("205"));
      announcer.update(office.back(call));
      await clock.advance(minute);
      return said(announcer);
    """)
    assert said == ["205 full", "205 repeat"]


def test_an_older_snapshot_changes_nothing(hall):
    result = hall("""
      const announcer = open();
      const early = office.snapshot();
      announcer.update(office.call("205"));
      announcer.update(early);
      await clock.advance(minute);
      return { said: said(announcer), skipped: outcomes(announcer, "skipped") };
    """)
    assert result == {"said": ["205 full", "205 repeat"], "skipped": []}


def test_a_reload_says_nothing_old(hall):
    said = hall("""
      const before = open();
      before.update(office.call("205"));
      await clock.advance(10_000);
      const after = open();
      await clock.advance(minute);
      return said(after);
    """)
    assert said == []


def test_a_reload_says_what_is_young_and_was_not_said_yet(hall):
    said = hall("""
      const before = open();
      before.update(office.call("205"));
      await clock.advance(10_000);
      office.call("206");
      await clock.advance(19_999);
      const after = open();
      await clock.advance(minute);
      return said(after);
    """)
    assert said == ["206 full", "206 repeat"]


def test_a_reload_says_nothing_from_before_the_last_thing_said(hall):
    said = hall("""
      const before = open();
      before.update(office.call("201"));
      const passedOver = office.calls[0];
      await clock.advance(500);
      before.update(office.call("202"));
      before.update(office.gone("201"));
      await clock.advance(10_000);
      office.back(passedOver);
      const after = open();
      await clock.advance(minute);
      return said(after);
    """)
    assert said == []


def test_a_call_older_than_twenty_seconds_is_drawn_in_silence_after_a_lost_line(hall):
    said = hall("""
      const announcer = open();
      office.call("205");
      await clock.advance(20_000);
      announcer.reconnect(office.snapshot());
      announcer.update(office.snapshot());
      await clock.advance(minute);
      return said(announcer);
    """)
    assert said == []


def test_a_display_with_a_wrong_clock_says_young_calls_all_the_same(hall):
    said = hall("""
      office.call("205");
      const wrong = { now: () => clock.now() + 3 * 3600 * 1000, sleep: clock.sleep };
      const announcer = open({ clock: wrong });
      await clock.advance(minute);
      return said(announcer);
    """)
    assert said == ["205 full", "205 repeat"]


@pytest.mark.parametrize(
    ("mode", "sounds"),
    [
        ("full", ["chime", "full", "repeat", "full"]),
        ("short", ["chime", "full"]),
        ("chime", ["chime"]),
        ("off", ["none"]),
    ],
)
def test_quiet_hours_leave_out_what_they_say(hall, mode, sounds):
    parts = hall(f"""
      const announcer = open({{ mode: "{mode}" }});
      announcer.update(office.call("205", "en"));
      await clock.advance(minute);
      return announcer.log.map(({{ part, form }}) => form ?? part);
    """)
    assert parts == sounds


def test_a_browser_that_wants_a_gesture_is_reported_and_then_says_every_live_call(hall):
    result = hall("""
      player.blocked = true;
      const announcer = open();
      await announcer.check();
      const before = announcer.state().blocked;
      for (const number of ["201", "202", "203"]) announcer.update(office.call(number));
      await clock.advance(minute);
      announcer.update(office.gone("202"));
      announcer.unlock();
      await clock.advance(minute);
      const words = said(announcer).filter((each) => each.endsWith("full"));
      return { before, after: announcer.state().blocked, words };
    """)
    assert result == {"before": True, "after": False, "words": ["201 full", "203 full"]}


def test_a_person_who_came_while_sound_was_blocked_is_not_even_chimed_for(hall):
    result = hall("""
      const announcer = open();
      player.blocked = true;
      announcer.update(office.call("201"));
      await clock.advance(minute);
      announcer.update(office.gone("201"));
      announcer.unlock();
      await clock.advance(minute);
      return announcer.log.map(({ outcome }) => outcome);
    """)
    assert result == ["blocked", "skipped"]


def test_sound_that_gets_blocked_in_the_middle_of_the_day_waits_for_the_button(hall):
    result = hall("""
      const announcer = open();
      player.blocked = true;
      announcer.update(office.call("201"));
      await clock.advance(minute);
      const blocked = announcer.state().blocked;
      announcer.unlock();
      await clock.advance(minute);
      return { blocked, words: said(announcer) };
    """)
    assert result == {"blocked": True, "words": ["201 full", "201 repeat"]}


def test_a_sound_that_fails_or_never_ends_does_not_silence_the_rest_of_the_day(hall):
    result = hall("""
      const announcer = open();
      player.broken = (what) => what === "ja 201 full";
      player.endless = (what) => what === "ja 202 full";
      for (const number of ["201", "202", "203"]) announcer.update(office.call(number));
      await clock.advance(5 * minute);
      return { failed: outcomes(announcer, "failed"), stuck: outcomes(announcer, "stuck"), stops: player.stops,
               last: said(announcer).at(-1), overlaps: player.overlaps };
    """)
    assert result == {"failed": ["201"], "stuck": ["202"], "stops": 1, "last": "203 repeat", "overlaps": 0}


def test_a_call_without_words_still_chimes(hall):
    parts = hall("""
      const announcer = open();
      const snapshot = office.call("205");
      announcer.update({ ...snapshot, calls: snapshot.calls.map(({ say, ...call }) => call) });
      await clock.advance(minute);
      return announcer.log.map(({ part, outcome }) => [part, outcome]);
    """)
    assert parts == [["chime", "played"]]


def test_the_state_names_who_is_being_called_and_how_long_the_oldest_waits(hall):
    states = hall("""
      const states = [];
      const announcer = open({ onChange: ({ current }) => states.push(current?.number ?? null) });
      announcer.update(office.call("201"));
      announcer.update(office.call("202"));
      await clock.advance(5000);
      const backlog = announcer.state().backlogSeconds;
      await clock.advance(minute);
      return { changes: states.filter((each, place) => each !== states[place - 1]), backlog };
    """)
    assert states == {"changes": [None, "201", "202", None], "backlog": 5}


def test_the_browser_really_plays_the_chime_and_is_content_without_a_voice(loud):
    outcome = loud.evaluate("""async () => {
      const { Announcer } = await import("/announcer.js");
      const { browserPlayer } = await import("/announcer_player.js");
      const player = browserPlayer({ chimeUrl: "/chime.wav" });
      const announcer = new Announcer({ player });
      const allowed = await announcer.check();
      await player.chime();
      const said = await player.say({ language: "xx", text: "205" });
      await player.say({ language: "xx", text: "205", clip: "/chime.wav" });
      return [allowed, said];
    }""")
    assert outcome == [True, "silent"]
