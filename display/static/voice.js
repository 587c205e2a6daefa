// The loudspeaker of this screen: announcer.js with the files and settings of the device.
//
// Only a screen whose settings say so speaks, and it falls silent when the server says that an elder one speaks in the same
// zone. Emergencies are said like calls, before all of them and in every quiet mode. Leaves words to the server.
import { Announcer, memoryIn } from "./announcer.js";
import { browserPlayer } from "./announcer_player.js";

const GAP_MS = 20_000; // after a longer silence only young calls are said
const BACKLOG_S = 60;
const SELF_TEST_MS = 3_600_000;

export class Voice {
  #screen;
  #day;
  #announcer = null;
  #heardAt = null;
  #testedAt = 0;
  #conflict = false;

  constructor(screen, day, { chimeUrl, onChange }) {
    this.#screen = screen;
    this.#day = day;
    if (!screen.voice) return;
    const player = browserPlayer({ chimeUrl, volume: () => this.#band().volume ?? screen.volume });
    const memory = memoryIn(localStorage, `announcer.${screen.office}.${screen.zone}.${screen.kind}`);
    this.#announcer = new Announcer({ player, memory, mode: this.mode, onChange });
    this.test();
  }

  /** full, short, chime or off, as set for this time of day. */
  get mode() {
    return this.#conflict ? "off" : this.#band().mode ?? this.#screen.mode;
  }

  get state() {
    return this.#announcer?.state() ?? { mode: "off", blocked: false, current: null, waiting: 0, backlogSeconds: 0 };
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
    const { blocked, backlogSeconds } = this.state;
    const last = this.log.findLast(({ part }) => part !== "none")?.outcome;
    const alarms = [
      blocked && "voice_blocked",
      ["failed", "stuck"].includes(last) && "voice_failed",
      last === "silent" && "voice_missing",
      backlogSeconds > BACKLOG_S && "voice_backlog",
    ].filter(Boolean);
    return { voice: this.#conflict ? "conflict" : blocked ? "blocked" : "on", alarms };
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
