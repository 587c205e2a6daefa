// Is the server there? Asked every two seconds, so that five seconds of silence are noticed; then every five until it answers.

const EVERY = 2_000; // ms
const AGAIN = 5_000;
const WITHIN = 2_000;
const SILENT = 5_000;

/** `heard(pulse)` at every answer; `silent()` at every question after five seconds without one; `wrong()` names what staff
 *  should hear of, "" if nothing. */
export function keepPulse(url, { heard, silent, wrong }) {
  let heardAt = performance.now();
  let askedAt = -AGAIN;
  let asking = false;

  async function ask() {
    const now = performance.now();
    if (asking || (now - heardAt > SILENT && now - askedAt < AGAIN)) return;
    asking = true;
    askedAt = now;
    try {
      const answer = await fetch(wrong() ? `${url}?wrong=${wrong()}` : url, { cache: "no-store", headers: { "X-Device-Browser": browserId() }, signal: AbortSignal.timeout(WITHIN) });
      if (answer.status === 401) return location.reload(); // unpaired: the page says so
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const pulse = await answer.json();
      heardAt = performance.now();
      heard(pulse);
    } catch {
      if (performance.now() - heardAt > SILENT) silent();
    } finally {
      asking = false;
    }
  }

  setInterval(ask, EVERY);
  addEventListener("online", () => { askedAt = -AGAIN; ask(); });
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
