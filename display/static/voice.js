// The loudspeaker of this screen: announcer.js with the files and settings of the device.
//
// Only a screen whose settings say so speaks, and it falls silent when the server says that an elder one speaks in the same
// zone. Emergencies are said like calls, before all of them and in every quiet mode. Sound is tested when the page comes up,
// each hour and when the office opens. Leaves words and files to the server.
import { Announcer, memoryIn } from "./announcer.js";
import { browserPlayer, hasVoice } from "./announcer_player.js";
import { Sounds } from "./sounds.js";

const GAP_MS = 20_000; // after a longer silence only young calls are said
const BACKLOG_S = 60;
const SELF_TEST_MS = 3_600_000;
const VOICES_LOAD_MS = 10_000; // browsers list their voices some time after the page has come up

export class Voice {
  #screen;
  #day;
  #announcer = null;
  #heardAt = null;
  #testedAt = 0;
  #conflict = false;
  #isOpen = null;
  #sounds;
  #startedAt = performance.now();

  constructor(screen, day, { chimeUrl, onChange }) {
    this.#screen = screen;
    this.#day = day;
    if (!screen.voice) return;
    this.#sounds = new Sounds(screen);
    const player = browserPlayer({
      chimeUrl,
      volume: () => this.#band().volume ?? this.#screen.volume,
      files: (...form) => this.#sounds.files(...form),
    });
    const memory = memoryIn(localStorage, `announcer.${screen.office}.${screen.zone}.${screen.kind}`);
    this.#announcer = new Announcer({ player, memory, mode: this.mode, onChange });
    this.test();
  }

  /** The office has changed how this zone speaks. */
  retune(screen) {
    this.#screen = screen;
    this.#sounds?.retune(screen);
    this.tick();
  }

  /** Nothing is being said or waits to be. */
  get isIdle() {
    return !this.state.current && this.state.waiting === 0;
  }

  /** full, short, chime or off, as set for this time of day. */
  get mode() {
    return this.#conflict ? "off" : this.#band().mode ?? this.#screen.mode;
  }

  get state() {
    return this.#announcer?.state() ?? { mode: "off", blocked: false, failing: false, current: null, waiting: 0, backlogSeconds: 0 };
  }

  get log() {
    return this.#announcer?.log ?? [];
  }

  /** Whether the large call waits for its announcement; a chime alone is too short to read a number by. */
  get leads() {
    return Boolean(this.#announcer) && !this.state.blocked && ["full", "short"].includes(this.mode);
  }

  hear(snapshot) {
    if (!this.#announcer) return;
    const spoken = { ...snapshot, calls: [...snapshot.calls, ...snapshot.notices.filter(isEmergency).map(asCall)] };
    if (this.#isOpen === false && snapshot.open) this.test();
    this.#isOpen = snapshot.open;
    for (const call of spoken.calls) this.#sounds.prepare(call);
    const now = performance.now();
    const held = this.#heardAt !== null && now - this.#heardAt < GAP_MS;
    this.#heardAt = now;
    if (held) this.#announcer.update(spoken);
    else this.#announcer.reconnect(spoken);
  }

  /** A sign of life of the line, without news. */
  stillHeard() {
    if (this.#heardAt !== null) this.#heardAt = performance.now();
  }

  unlock() {
    this.#announcer?.unlock();
  }

  /** Asked each second: changes of mode by the time of day, and the hourly test whether sound is still allowed. */
  tick() {
    if (!this.#announcer) return;
    if (this.state.mode !== this.mode) this.#announcer.setMode(this.mode);
    if (performance.now() - this.#testedAt > SELF_TEST_MS && !this.state.current) this.test();
  }

  async test() {
    this.#testedAt = performance.now();
    await this.#announcer.check();
  }

  quarrel(isConflict) {
    this.#conflict = isConflict;
    this.tick();
  }

  /** What the server is told. */
  report() {
    if (!this.#screen.voice) return { voice: "off", alarms: [] };
    const { blocked, failing, backlogSeconds } = this.state;
    const last = this.log.findLast(({ part }) => part !== "none")?.outcome;
    const alarms = [
      blocked && "voice_blocked",
      (failing || ["failed", "stuck"].includes(last)) && "voice_failed",
      (last === "silent" || this.#isMute()) && "voice_missing",
      backlogSeconds > BACKLOG_S && "voice_backlog",
    ].filter(Boolean);
    return { voice: this.#conflict ? "conflict" : blocked ? "blocked" : "on", alarms };
  }

  /** Words are wished for, and neither the server nor this browser can say them in Japanese. */
  #isMute() {
    const isSure = performance.now() - this.#startedAt > VOICES_LOAD_MS;
    return isSure && ["full", "short"].includes(this.mode) && !this.#screen.served.includes("ja") && !hasVoice("ja");
  }

  #band() {
    const now = this.#day.time();
    return this.#screen.bands.find(({ from, to }) => (from <= to ? from <= now && now < to : now >= from || now < to)) ?? {};
  }
}

export function isEmergency({ level }) {
  return level === "emergency";
}

function asCall({ id, texts, at }) {
  const say = Object.fromEntries(["ja", "en"].filter((each) => texts[each]).map((each) => [each, { full: texts[each], repeat: texts[each] }]));
  return { call_id: `notice-${id}`, recalls: 0, number: "", at, sounded_at: at, language: texts.en ? "en" : "ja", say, isUrgent: true };
}
