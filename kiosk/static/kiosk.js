// The kiosk without page loads: screens are fetched and put in place, the address never changes, so nothing about one person is
// left for the next. Every screen works as a plain page without this file.
import { keepTime } from "./kiosk_time.js";
import { keepKeys } from "./kiosk_keys.js";
import { keepOffline } from "./kiosk_offline.js";
import { keepPad } from "./kiosk_pad.js";
import { keepPaper } from "./kiosk_paper.js";
import { keepPulse } from "./kiosk_pulse.js";
import { forget, isSilent, read, silence, words } from "./kiosk_voice.js";

const REPEAT_GUARD = 300; // ms: a trembling finger presses twice
const ANSWER_WITHIN = 4_000; // ms
const GIVE_UP = 5_000; // ms: then the kiosk says that it cannot serve
const PAUSE = 500; // ms between two tries
const PRESS_LIVES = 30_000; // ms: the person has gone; nobody would take the number
const trusted = globalThis.trustedTypes?.createPolicy("matazu", { createHTML: same, createScriptURL: same }) ?? { createHTML: same, createScriptURL: same };

const start = document.body.dataset.start;
let pressedAt = -REPEAT_GUARD;
let busy = false;
let pending = null; // {url, body, at}: a press whose answer was lost
let lost = false; // no server: either numbers are given without it, or the kiosk says that it cannot serve

const kiosk = {
  get screen() { return document.getElementById("kiosk"); },
  get isAtStart() { return this.screen.dataset.screen === "menu" && !this.isTouched; },
  isTouched: false,
  open, reset, parse, show, lose,
};

document.addEventListener("click", pressed);
document.addEventListener("submit", submitted);
document.addEventListener("contextmenu", (event) => event.preventDefault());
for (const name of ["dragstart", "dragover", "drop", "auxclick"]) document.addEventListener(name, (event) => event.preventDefault());

const time = keepTime(kiosk);
const paper = kiosk.paper = keepPaper(kiosk);
const offline = keepOffline(kiosk, document.body.dataset);
keepPad(kiosk);
keepKeys(kiosk);
keepPulse(document.body.dataset.pulse, {
  heard: async ({ version }) => {
    await (lost ? recover() : renew(version));
    offline.heard();
  },
  silent: lose,
  wrong: () => (isSilent() ? "guide_silent" : ""),
});
arrived();
navigator.serviceWorker?.register(trusted.createScriptURL(document.body.dataset.worker), { scope: start }).catch(() => {});

/** Fetch a screen and put it in place. */
async function open(url) {
  await exchange(() => ask(url));
}

/** The next person begins: everything about this one is dropped, at once and also without the server. */
async function reset() {
  pending = null;
  kiosk.isTouched = false;
  time.rest();
  paper.clear();
  silence();
  forget();
  if (lost) return panel().hidden ? offline.start() : undefined;
  veil(true);
  await exchange(() => ask(start));
  veil(false);
}

function pressed(event) {
  const link = event.target.closest?.("a[href]");
  const isRepeat = performance.now() - pressedAt < REPEAT_GUARD;
  const isControl = link || event.target.closest?.("button");
  if (!isControl) return;
  if (isRepeat || (lost && kiosk.screen.inert)) return event.preventDefault();
  pressedAt = performance.now();
  kiosk.isTouched = true;
  if (isControl.dataset.offline !== undefined) return offlinePress(isControl);
  if (!link) return;
  event.preventDefault();
  if (link.dataset.printNow !== undefined) paper.print();
  else if (link.dataset.end !== undefined) reset();
  else open(link.href);
}

function offlinePress(button) {
  if (button.dataset.end !== undefined) reset();
  else if (button.dataset.printNow !== undefined) paper.print();
  else offline.press(button);
}

function submitted(event) {
  const form = event.target;
  if (form.method === "dialog") return;
  event.preventDefault();
  if (busy || lost) return;
  pending = { url: form.getAttribute("action"), body: new URLSearchParams([...new FormData(form, event.submitter)]), at: performance.now() };
  exchange(press);
}

// The same press goes out again with the same key until it is answered: however often it arrives, it is one number.
async function press() {
  const { url, body } = pending;
  const until = performance.now() + GIVE_UP;
  for (;;) {
    try {
      const answer = await ask(url, { method: "POST", body, signal: within(Math.min(ANSWER_WITHIN, until - performance.now())) });
      pending = null;
      return answer;
    } catch (error) {
      if (!pending || performance.now() + PAUSE >= until) throw error;
      await new Promise((wait) => setTimeout(wait, PAUSE));
    }
  }
}

async function ask(url, options = {}) {
  const answer = await fetch(url, { cache: "no-store", signal: within(ANSWER_WITHIN), ...options });
  if (answer.status >= 500) throw new Error(`status ${answer.status}`);
  return answer.text();
}

function within(span) {
  const patience = new AbortController();
  setTimeout(() => patience.abort(), span);
  return patience.signal;
}

async function exchange(work) {
  busy = true;
  kiosk.screen.setAttribute("data-busy", "");
  try {
    put(parse(await work()));
  } catch {
    lose();
  } finally {
    busy = false;
    kiosk.screen.removeAttribute("data-busy");
  }
}

function parse(text) {
  return new DOMParser().parseFromString(trusted.createHTML(text), "text/html");
}

function put(page) {
  const fresh = page.getElementById("kiosk");
  // No kiosk in the answer: it was unpaired, or an error page came. The whole page tells best what to do.
  if (!fresh) return location.replace(start);
  show(document.adoptNode(fresh));
}

function show(fresh) {
  const focus = focusKey(document.activeElement);
  kiosk.screen.replaceWith(fresh);
  if (fresh.dataset.screen === "menu" && fresh.dataset.say === "no" && fresh.dataset.low === "no" && fresh.dataset.ruby !== "yes" && fresh.lang === "ja" && !fresh.querySelector(".tool--back")) kiosk.isTouched = false;
  if (focus) [...fresh.querySelectorAll("a[href], button")].find((each) => focusKey(each) === focus)?.focus();
  arrived();
}

function arrived() {
  const { screen } = kiosk;
  document.documentElement.lang = screen.lang;
  document.title = screen.dataset.title;
  screen.toggleAttribute("data-no-voice", !("speechSynthesis" in globalThis));
  document.querySelectorAll("[data-word]").forEach((place) => { place.textContent = screen.dataset[place.dataset.word]; });
  document.getElementById("told").textContent = words(screen.querySelector("h1"));
  time.arrived();
  paper.arrived();
  if (screen.dataset.say === "yes") read(screen);
  else silence();
}

function focusKey(element) {
  return element?.matches?.("#kiosk :is(a, button)") ? `${element.tagName}|${element.textContent.trim()}` : "";
}

// The counts on the tiles follow the hall; nobody's hand is in the way while nobody has touched anything.
function renew(version) {
  const { screen } = kiosk;
  if (kiosk.isAtStart && !busy && Number(screen.dataset.version) !== version) return exchange(() => ask(start));
}

// Nothing of the person who stands there is lost but the choice; a press that may have arrived is not sent again.
async function lose() {
  if (lost && panel().hidden && (await offline.hasNumbers())) return;
  lost = true;
  const isServing = await offline.begin();
  if (!lost) return;
  panel().hidden = isServing;
  document.getElementById("idle").close();
  if (isServing) pending = null;
  if (isServing) return offline.start();
  kiosk.screen.inert = true;
}

async function recover() {
  lost = false;
  const again = pending && performance.now() - pending.at < PRESS_LIVES;
  const { offline: isOfOutage, screen } = kiosk.screen.dataset;
  if (again) await exchange(press);
  else if (screen === "menu" && !(isOfOutage && kiosk.isTouched)) await reset();
  if (lost) return;
  kiosk.screen.inert = false;
  panel().hidden = true;
}

function panel() {
  return document.getElementById("lost");
}

function same(text) {
  return text;
}

function veil(on) {
  if (kiosk.screen.dataset.screen !== "menu") kiosk.screen.toggleAttribute("hidden", on);
}
