// Which files say a call: asked of the server when the call comes, fetched while the calls before it are said.
//
// Decides when to ask again: a phrase that the server has to make first is there a moment later. Leaves playing to the
// player. A language that the server does not speak is never asked for.

const AGAIN_AFTER_MS = 600;
const MOST_TRIES = 3;
const KEPT = 60;

export class Sounds {
  #screen;
  #asked = new Map(); // event -> promise of {language: {form: [addresses]}}
  #loaded = new Map(); // address -> Audio

  constructor(screen) {
    this.#screen = screen;
  }

  /** What the server can say has changed. */
  retune(screen) {
    this.#screen = screen;
  }

  /** A call that will be said soon. */
  prepare(call) {
    if (this.#isServed("ja") || this.#isServed(call.language)) this.#ask(call);
  }

  /** The files that say this form of a call in this language, loaded; null leaves it to the browser's voice. */
  async files(call, language, form) {
    if (!this.#isServed(language)) return null;
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const found = (await this.#ask(call))?.[language]?.[form];
      if (found) return found.map((address) => this.#load(address));
      this.#asked.delete(keyOf(call));
      if (tries < MOST_TRIES) await new Promise((done) => setTimeout(done, AGAIN_AFTER_MS));
    }
    return null;
  }

  #isServed(language) {
    return this.#screen.served?.includes(language) ?? false;
  }

  #ask(call) {
    const key = keyOf(call);
    if (!this.#asked.has(key)) {
      this.#asked.set(key, this.#fetch(call));
      dropOldest(this.#asked);
    }
    return this.#asked.get(key);
  }

  async #fetch(call) {
    const [, notice] = /^notice-(\d+)$/.exec(call.call_id) ?? [];
    const path = notice ? `notices/${notice}` : `calls/${call.call_id}`;
    try {
      const answer = await fetch(`/display/${encodeURIComponent(this.#screen.office)}/${path}/sounds`, { signal: AbortSignal.timeout(4000) });
      const found = answer.ok ? await answer.json() : null;
      for (const address of Object.values(found ?? {}).flatMap((forms) => Object.values(forms).flat())) this.#load(address);
      return found;
    } catch {
      return null;
    }
  }

  #load(address) {
    let audio = this.#loaded.get(address);
    if (!audio) {
      audio = new Audio(address);
      audio.preload = "auto";
      this.#loaded.set(address, audio);
      dropOldest(this.#loaded);
    }
    return audio;
  }
}

function keyOf({ call_id, recalls }) {
  return `${call_id}:${recalls}`;
}

function dropOldest(map) {
  if (map.size > KEPT) map.delete(map.keys().next().value);
}
