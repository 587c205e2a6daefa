// The clock on the wall and what it brings: closing soon, after hours, the nightly fresh start, the shift against burn-in.
//
// The time is the server's: the difference is taken from every snapshot, since the clock of a display PC drifts.

const CLOSING_SOON_MS = 30 * 60_000;
const SHIFT_EVERY_MS = 10 * 60_000;
const SHIFTS = [[0, 0], [2, 0], [2, 2], [0, 2]];
const FRESH_START_HOUR = 3;

export class Day {
  #offset = 0;
  #formats;
  #startedOn;

  constructor({ time_zone: timeZone }, at) {
    const make = (options) => new Intl.DateTimeFormat("ja-JP", { timeZone, ...options });
    this.#formats = {
      time: make({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
      date: make({ month: "long", day: "numeric", weekday: "short" }),
      day: make({ year: "numeric", month: "2-digit", day: "2-digit" }),
      hour: new Intl.DateTimeFormat("en-GB", { timeZone, hour: "numeric", hourCycle: "h23" }),
    };
    this.set(at);
    this.#startedOn = this.#day(this.now());
  }

  /** The server's time of a snapshot that has just come. */
  set(at) {
    this.#offset = Date.parse(at) - Date.now();
  }

  now() {
    return Date.now() + this.#offset;
  }

  time(at = this.now()) {
    return this.#formats.time.format(at);
  }

  /** An opening, as people say it: only the time today, else with the day. */
  when(at) {
    const instant = Date.parse(at);
    const time = this.time(instant).replace(/^0/, "");
    return this.#day(instant) === this.#day(this.now()) ? time : `${this.#formats.date.format(instant).replace("(", "（").replace(")", "）")}${time}`;
  }

  /** null, or {until} in the last half hour of giving numbers, or {over} when it has passed. */
  closing({ open, tickets_until: until }) {
    if (!open || !until) return null;
    const left = Date.parse(until) - this.now();
    if (left <= 0) return { over: true };
    return left <= CLOSING_SOON_MS ? { until: this.time(Date.parse(until)) } : null;
  }

  /** Whoever still waits after closing is still called; only then does the screen go dark. */
  isOver(snapshot) {
    const somebody = snapshot.calls.length > 0 || snapshot.queues.some(({ waiting }) => waiting > 0);
    return !snapshot.open && !somebody;
  }

  /** Once a night, so that a page that runs for months starts afresh. */
  isTimeToReload() {
    return this.#day(this.now()) !== this.#startedOn && Number(this.#formats.hour.format(this.now())) === FRESH_START_HOUR;
  }

  shift() {
    return SHIFTS[Math.floor(this.now() / SHIFT_EVERY_MS) % SHIFTS.length];
  }

  #day(instant) {
    return this.#formats.day.format(instant);
  }
}
