// What the loudspeaker of a sound zone says, and when.
//
// Decides the order (first called, first said; never two sounds at once), what is left out when many wait, and what is
// still said after a reload or a broken line. Leaves sound itself to a player and time to a clock, both handed in, so
// that a test can run a whole morning in a moment. Leaves drawing to the page: it listens to `onChange`.
//
// A sound event is (call_id, recalls): a recall is a new event, the same snapshot twice is not. Ages are measured between
// two times of the server (`sounded_at` of the call and `at` of the snapshot), since the clock of a display PC drifts.

export const RULES = {
  afterChimeMs: 400,
  betweenSentencesMs: 600,
  noRepeatAbove: 3, // more items waiting than this: sentence once
  shortFormAbove: 6, // more than this: short form, no second language
  freshForMs: 20_000, // after a reload nothing older is said
  stuckAfterMs: 30_000, // a sound that has not ended by now never will
};

const PRIMARY = "ja";
const KEPT_LOG = 500;
const KEPT_IDS = 200;

export const realClock = {
  now: () => performance.now(),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
};

// Remembers over a reload what was said last. `storage` is localStorage or anything like it.
export function memoryIn(storage, key = "announcer.spoken") {
  return {
    read: () => JSON.parse(storage.getItem(key) ?? "null") ?? { at: 0, ids: [] },
    write: (spoken) => storage.setItem(key, JSON.stringify(spoken)),
  };
}

export class Announcer {
  #player;
  #clock;
  #memory;
  #onChange;
  #mode;
  #version = -1;
  #live = new Map(); // call_id -> recalls, as in the newest snapshot
  #known = new Set(); // events said, queued or passed over
  #queue = [];
  #current = null;
  #blocked = false;
  #failing = false; // the last test of the sound went wrong
  #release = null;
  #running = false;
  #spoken;

  // Everything that was played or left out, oldest first: {event, number, part, language, form, start, end, outcome}.
  log = [];

  // `mode` is full, short (sentence once), chime or off. `onChange` gets `state()` after every change.
  constructor({ player, clock = realClock, memory, mode = "full", onChange = () => {} }) {
    this.#player = player;
    this.#clock = clock;
    this.#memory = memory ?? { read: () => ({ at: 0, ids: [] }), write: () => {} };
    this.#mode = mode;
    this.#onChange = onChange;
    this.#spoken = this.#memory.read();
  }

  // A snapshot that came while the line held: every event not seen before is news.
  update(snapshot) {
    if (snapshot.version < this.#version) return;
    this.#take(snapshot, () => true);
  }

  // The first snapshot after loading or reconnecting: only what is young and newer than the last thing said.
  reconnect(snapshot) {
    this.#take(snapshot, (call) => this.#isFresh(call, snapshot));
  }

  setMode(mode) {
    this.#mode = mode;
    this.#changed();
  }

  // Asks whether the browser lets us make sound and has the means to; shows in `state()` as blocked or failing.
  async check() {
    const outcome = await this.#outcome(() => this.#player.check());
    this.#failing = ["failed", "stuck"].includes(outcome);
    if (outcome === "blocked") this.#block();
    else this.#changed();
    return !this.#blocked && !this.#failing;
  }

  // To be called from the press on 「音声を開始する」: browsers allow sound only from a person's gesture.
  unlock() {
    this.#player.unlock?.();
    this.#blocked = false;
    this.#release?.();
    this.#release = null;
    this.#changed();
    this.#run();
  }

  state() {
    const oldest = this.#queue[0];
    return {
      mode: this.#mode,
      blocked: this.#blocked,
      failing: this.#failing,
      current: this.#current?.call ?? null,
      waiting: this.#queue.length,
      backlogSeconds: oldest ? (this.#clock.now() - oldest.queuedAt) / 1000 : 0,
    };
  }

  // --- What a snapshot brings ---

  #take(snapshot, isWanted) {
    this.#version = snapshot.version;
    this.#forgetWithdrawnRecalls(snapshot.calls);
    this.#live = new Map(snapshot.calls.map((call) => [call.call_id, call.recalls]));
    this.#dropGone();
    for (const call of oldestFirst(snapshot.calls)) {
      const event = eventOf(call);
      if (this.#known.has(event)) continue;
      this.#remember(event);
      if (!isWanted(call)) continue;
      const item = { event, call, queuedAt: this.#clock.now() };
      if (call.isUrgent) this.#queue.unshift(item);
      else this.#queue.push(item);
    }
    this.#changed();
    this.#run();
  }

  // After an undone recall the next recall carries the same count again, and must sound.
  #forgetWithdrawnRecalls(calls) {
    for (const { call_id, recalls } of calls) {
      const before = this.#live.get(call_id) ?? recalls;
      for (let count = recalls + 1; count <= before; count += 1) this.#known.delete(`${call_id}:${count}`);
    }
  }

  #dropGone() {
    const gone = this.#queue.filter((item) => !this.#isLive(item));
    for (const item of gone) this.#leaveOut(item, "skipped");
    this.#queue = this.#queue.filter((item) => this.#isLive(item));
  }

  #isLive({ call }) {
    return (this.#live.get(call.call_id) ?? -1) >= call.recalls;
  }

  #isFresh(call, snapshot) {
    const at = soundedAt(call);
    const isNews = at >= this.#spoken.at && !this.#spoken.ids.includes(eventOf(call));
    return isNews && Date.parse(snapshot.at) - at < RULES.freshForMs;
  }

  #remember(event) {
    this.#known.add(event);
    // Calls of this morning cannot come back; a display runs for weeks.
    if (this.#known.size > 20 * KEPT_IDS) this.#known.delete(this.#known.values().next().value);
  }

  // --- One after the other ---

  async #run() {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#queue.length > 0 && !this.#blocked) {
        this.#current = this.#queue.shift();
        this.#changed();
        await this.#announce(this.#current);
      }
    } finally {
      this.#current = null;
      this.#running = false;
      this.#changed();
    }
  }

  async #announce(item) {
    if (this.#modeFor(item) === "off") return this.#leaveOut(item, "muted");
    if ((await this.#chime(item)) === "withdrawn") return this.#leaveOut(item, "skipped");
    if (this.#modeFor(item) === "chime" || !item.call.say) return this.#wasSpoken(item);
    await this.#clock.sleep(RULES.afterChimeMs);
    if (!this.#isLive(item)) return this.#leaveOut(item, "skipped");
    await this.#say(item, PRIMARY, this.#queue.length > RULES.shortFormAbove ? "short" : "full");
    this.#wasSpoken(item);
    await this.#sayMore(item);
  }

  // The repeat and the second language; whoever has come by now, or was called by mistake, is not called again.
  async #sayMore(item) {
    if (this.#queue.length <= RULES.noRepeatAbove) await this.#sayNext(item, PRIMARY, "repeat");
    const language = item.call.language;
    if (language !== PRIMARY && this.#queue.length <= RULES.shortFormAbove) await this.#sayNext(item, language, "full");
  }

  async #sayNext(item, language, form) {
    if (this.#modeFor(item) !== "full" || !item.call.say[language]) return;
    await this.#clock.sleep(RULES.betweenSentencesMs);
    if (this.#modeFor(item) === "full" && this.#isLive(item)) await this.#say(item, language, form);
  }

  // An emergency overrides every quiet mode.
  #modeFor({ call }) {
    return call.isUrgent ? "full" : this.#mode;
  }

  #chime(item) {
    return this.#play(item, { part: "chime" }, () => this.#player.chime());
  }

  #say(item, language, form) {
    const texts = item.call.say[language] ?? {};
    const text = texts[form] ?? texts.short ?? texts.full;
    return this.#play(item, { part: "say", language, form }, () => this.#player.say({ call: item.call, language, form, text }));
  }

  // --- One sound ---

  async #play(item, what, start) {
    for (;;) {
      const begun = this.#clock.now();
      const outcome = await this.#outcome(start);
      this.#write(item, { ...what, start: begun, end: this.#clock.now(), outcome });
      if (outcome !== "blocked") return outcome;
      this.#block();
      await new Promise((released) => (this.#release = released));
      if (!this.#isLive(item)) return "withdrawn";
    }
  }

  async #outcome(start) {
    let over = false;
    const stuck = this.#clock.sleep(RULES.stuckAfterMs).then(() => {
      if (!over) this.#player.stop();
      return "stuck";
    });
    try {
      return await Promise.race([start().then((result) => result ?? "played"), stuck]);
    } catch (error) {
      return error.name === "NotAllowedError" ? "blocked" : "failed";
    } finally {
      over = true;
    }
  }

  #block() {
    this.#blocked = true;
    this.#changed();
  }

  #wasSpoken({ event, call }) {
    const at = Math.max(this.#spoken.at, soundedAt(call));
    this.#spoken = { at, ids: [...this.#spoken.ids, event].slice(-KEPT_IDS) };
    this.#memory.write(this.#spoken);
  }

  #leaveOut(item, outcome) {
    const now = this.#clock.now();
    this.#write(item, { part: "none", start: now, end: now, outcome });
  }

  #write({ event, call }, entry) {
    this.log.push({ event, number: call.number, ...entry });
    if (this.log.length > KEPT_LOG) this.log.shift();
  }

  #changed() {
    this.#onChange(this.state());
  }
}

function eventOf({ call_id, recalls }) {
  return `${call_id}:${recalls}`;
}

function soundedAt(call) {
  return Date.parse(call.sounded_at ?? call.at);
}

// Snapshots list the newest first; calls of the same instant keep the order in which they were made.
function oldestFirst(calls) {
  return [...calls].reverse().sort((one, other) => soundedAt(one) - soundedAt(other));
}
