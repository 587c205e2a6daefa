// A hall in a blank page: a clock that only moves when told, a loudspeaker that notes overlaps, a board that changes.

const LENGTHS = { full: 4000, repeat: 2500, short: 1500 };
const START = Date.parse("2026-04-01T10:00:00+09:00");

export class FakeClock {
  time = 0;
  timers = [];
  now = () => this.time;
  sleep = (ms) => new Promise((done) => this.timers.push({ at: this.time + ms, done }));

  async advance(ms) {
    const end = this.time + ms;
    await settled();
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (!due) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.time = due.at;
      due.done();
      await settled();
    }
    this.time = end;
  }
}

export class FakePlayer {
  sounding = 0;
  overlaps = 0;
  stops = 0;
  blocked = false;
  broken = () => false;
  endless = () => false;

  constructor(clock) {
    this.clock = clock;
  }

  chime = () => this.#sound(1000, "chime");
  say = ({ text, language }) => this.#sound(LENGTHS[text.split(" ")[1]], `${language} ${text}`);
  check = () => this.#sound(0, "check");
  stop = () => {
    this.stops += 1;
    this.sounding = 0;
  };
  unlock = () => (this.blocked = false);

  async #sound(ms, what) {
    if (this.blocked) throw Object.assign(new Error("gesture wanted"), { name: "NotAllowedError" });
    if (this.broken(what)) throw new Error("no sound card");
    if (this.endless(what)) return new Promise(() => (this.sounding += 1));
    if (this.sounding > 0) this.overlaps += 1;
    this.sounding += 1;
    await this.clock.sleep(ms);
    this.sounding -= 1;
  }
}

// The office: calls people and hands out snapshots as the interface describes them.
export class Office {
  version = 0;
  calls = [];

  constructor(clock) {
    this.clock = clock;
  }

  call(number, language = "ja") {
    const texts = { full: `${number} full`, repeat: `${number} repeat`, short: `${number} short` };
    const say = { ja: texts, [language]: texts };
    const at = this.at();
    this.calls.unshift({ call_id: `call-${number}`, number, counter: "3", kind: "reception", at, sounded_at: at, recalls: 0, language, say });
    return this.snapshot();
  }

  recall(number, by = 1) {
    const call = this.calls.find((each) => each.number === number);
    this.calls = this.calls.map((each) =>
      each === call ? { ...each, recalls: each.recalls + by, sounded_at: by > 0 ? this.at() : each.at } : each,
    );
    return this.snapshot();
  }

  gone(number) {
    this.calls = this.calls.filter((each) => each.number !== number);
    return this.snapshot();
  }

  back(call) {
    this.calls.unshift(call);
    return this.snapshot();
  }

  snapshot() {
    this.version += 1;
    return { office: "aoba", version: this.version, at: this.at(), calls: [...this.calls] };
  }

  at() {
    return new Date(START + this.clock.time).toISOString();
  }
}

export function storage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

// What was said aloud, in order, such as "205 full" or "en 205 full".
export function said(announcer) {
  return announcer.log
    .filter(({ part, outcome }) => part === "say" && outcome === "played")
    .map(({ number, language, form }) => `${language === "ja" ? "" : `${language} `}${number} ${form}`);
}

function settled() {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage(null);
  });
}
