// Tells the server every 15 seconds how this screen is, so that staff learn of a silent or stale one. Only paired screens do.

const EVERY_MS = 15_000;
const OUTAGE_SHOWN_MS = 600_000; // an outage that is over stays an alarm for ten minutes

export class Device {
  #screen;
  #dueAt = 0;
  #outageEndedAt = null;

  constructor(screen) {
    this.#screen = screen;
  }

  /** The line is back after a time in which old calls were shown. */
  outageEnded() {
    this.#outageEndedAt = performance.now();
    this.#dueAt = 0;
  }

  /** Something changed that staff should know soon. */
  hurry() {
    this.#dueAt = Math.min(this.#dueAt, performance.now() + 500);
  }

  /** Sends a report if one is due; `describe` gives {voice, alarms, details}, `onConflict` hears whether to be silent. */
  async tick(describe, onConflict) {
    if (!this.#screen.paired || performance.now() < this.#dueAt) return;
    this.#dueAt = performance.now() + EVERY_MS;
    const { voice, alarms, details } = describe();
    const body = { voice, zone: this.#screen.zone, alarms: [...alarms, ...this.#own()], details };
    try {
      const answer = await fetch("/api/v1/devices/heartbeat", {
        method: "POST", headers: { "Content-Type": "application/json", "X-Device-Browser": browserId() },
        body: JSON.stringify(body), signal: AbortSignal.timeout(5000),
      });
      if (answer.ok) onConflict(answer.status === 200 && (await answer.json()).voice_conflict);
    } catch {
      // Staff see a screen that does not report as silent; it tries again in 15 seconds.
    }
  }

  #own() {
    const wasOut = this.#outageEndedAt !== null && performance.now() - this.#outageEndedAt < OUTAGE_SHOWN_MS;
    return [wasOut && "was_stale", this.#screen.zone_unknown && "zone_unknown"].filter(Boolean);
  }
}

// Which browser this is, beside its token: two that take turns with one token are a copied token.
function browserId() {
  try {
    localStorage.deviceBrowser ??= Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
    return localStorage.deviceBrowser;
  } catch {
    return ""; // storage is switched off: nothing can be said
  }
}
