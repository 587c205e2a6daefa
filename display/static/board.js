// What stands on the wall at a moment: which call is large, which stand in the list, what the strips say.
//
// Decides from snapshots and times handed in; draws nothing and reads no clock. A sound event is (call_id, recalls), as in
// announcer.js: each becomes the large one once, in the order in which it was called, and stays there while it is announced.
// A screen that speaks follows its announcer (`follow`); a silent one takes the time that an announcement would take.

export const RULES = {
  holdAloneMs: 8000, // nobody else waits to be shown
  holdSharedMs: 5500, // an announcement without its repeat
  holdCrowdedMs: 3000, // the short form; still long enough to read
  crowdedAbove: 6,
  oneColumn: 5,
  mostRows: 10,
  mostKnown: 2000, // a page runs for a day; calls of this morning do not come back
};

export class Board {
  #screen;
  #known = new Set(); // events that were large, wait to be, or were there at the start
  #waiting = []; // events that have not been large yet, oldest first
  #hero = null; // {event, id, since, calling}
  #snapshot = null;

  constructor(screen) {
    this.#screen = screen;
  }

  /** A snapshot of our zone. `isNews` tells which calls not seen before are shown as new; the others just stand there. */
  take(snapshot, now, isNews = () => true) {
    this.#forgetWithdrawnRecalls(snapshot.calls);
    this.#snapshot = snapshot;
    const live = new Map(snapshot.calls.map((call) => [call.call_id, call.recalls]));
    this.#waiting = this.#waiting.filter(({ id, recalls }) => (live.get(id) ?? -1) >= recalls);
    for (const call of oldestFirst(snapshot.calls)) this.#meet(call, isNews);
    if (this.#hero && !live.has(this.#hero.id)) this.#hero = null;
    this.advance(now);
  }

  /** The call that is being announced now, or null. Only a screen that speaks says so. */
  follow(call, now) {
    if (!call) {
      if (this.#hero) this.#hero.followed = false;
      return;
    }
    const event = eventOf(call);
    if (this.#hero?.event === event) {
      this.#hero.followed = true;
      return;
    }
    this.#waiting = this.#waiting.filter((item) => item.event !== event);
    if (this.#snapshot.calls.some(({ call_id }) => call_id === call.call_id)) {
      this.#hero = { ...itemOf(call), since: now, calling: true, followed: true };
    }
  }

  /** Time passes: the next one becomes large when the present one has had its time. */
  advance(now) {
    const hero = this.#hero;
    if (hero?.calling && !hero.followed && now - hero.since >= this.#hold()) hero.calling = false;
    if (this.#hero?.calling) return;
    const next = this.#waiting.shift();
    if (next) this.#hero = { ...next, since: now, calling: true, followed: false };
    else if (!this.#hero) this.#hero = this.#newest(now);
  }

  /** Everything the page has to draw, as plain values. */
  view() {
    const { calls } = this.#snapshot;
    const rows = calls.map((call) => this.#row(call));
    const hero = rows.find((row) => row.isHero) ?? null;
    const isCrowded = calls.length > RULES.oneColumn;
    const listed = isCrowded ? rows : rows.filter((row) => !row.isHero);
    return {
      hero: hero && { ...hero, event: this.#hero.event, isCalling: this.#hero.calling },
      rows: listed.slice(0, RULES.mostRows),
      more: listed.slice(RULES.mostRows).map(({ number }) => number),
      columns: isCrowded ? 2 : 1,
    };
  }

  // After an undone recall the next recall carries the same count again, and is news.
  #forgetWithdrawnRecalls(calls) {
    for (const { call_id: id, recalls } of calls) {
      const before = this.#snapshot?.calls.find((call) => call.call_id === id)?.recalls ?? recalls;
      for (let count = recalls + 1; count <= before; count += 1) this.#known.delete(`${id}:${count}`);
    }
  }

  #meet(call, isNews) {
    const item = itemOf(call);
    if (this.#known.has(item.event)) return;
    this.#known.add(item.event);
    if (this.#known.size > RULES.mostKnown) this.#known.delete(this.#known.values().next().value);
    if (isNews(call)) this.#waiting.push(item);
  }

  #hold() {
    if (this.#waiting.length === 0) return RULES.holdAloneMs;
    return this.#waiting.length > RULES.crowdedAbove ? RULES.holdCrowdedMs : RULES.holdSharedMs;
  }

  // The large place is never empty while somebody is called: the newest of the others comes back, steady.
  #newest(now) {
    const [call] = this.#snapshot.calls;
    return call ? { ...itemOf(call), since: now, calling: false, followed: false } : null;
  }

  #row(call) {
    const counter = this.#snapshot.counters.find(({ counter: code }) => code === call.counter) ?? {};
    return {
      id: call.call_id,
      number: call.number,
      counter: /^\d+$/.test(call.counter) ? call.counter : counter.label ?? call.counter,
      direction: counter.direction ?? null,
      isHandover: call.kind === "handover",
      isHero: this.#hero?.id === call.call_id,
    };
  }
}

function itemOf(call) {
  return { event: eventOf(call), id: call.call_id, recalls: call.recalls };
}

function eventOf({ call_id, recalls }) {
  return `${call_id}:${recalls}`;
}

function oldestFirst(calls) {
  return [...calls].reverse().sort((one, other) => Date.parse(one.sounded_at) - Date.parse(other.sounded_at));
}
