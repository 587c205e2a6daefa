// The pad for a booking's code, and scanners that type: what a code of a letter holds ends in /r/… and Enter, on any screen.
// Without this file each key of the pad is a form of its own.
import { say, words } from "./kiosk_voice.js";

const DIGITS = 8;
const SAME_KEY = 180; // ms: a trembling finger; nobody means the same key twice that fast
const BURST = 300; // ms between two keys of a scanner, at most; people who type are allowed to be slower
const LINK = /\/r\/([\w-]{16,64})\/?$/;

/** Keeps the field of the pad and listens for scanners. */
export function keepPad(kiosk) {
  let lastKey = "";
  let lastAt = 0;
  let heard = "";
  let heardAt = 0;
  let isTyping = false;

  // Before the guard against double presses sees it: two different keys may follow one another fast.
  document.addEventListener("click", (event) => {
    const key = event.target.closest?.("[data-key]");
    if (!key) return;
    event.preventDefault();
    event.stopPropagation();
    const now = performance.now();
    const isTremble = key.dataset.key === lastKey && now - lastAt < SAME_KEY;
    [lastKey, lastAt] = [key.dataset.key, now];
    if (!isTremble) press(key.dataset.key, words(key));
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const now = performance.now();
    if (now - heardAt > BURST) heard = "";
    heardAt = now;
    if (event.key === "Enter") return enter(event);
    if (event.key === "Backspace" && field()) return take(event, "back");
    isTyping = false;
    if (event.key.length !== 1) return;
    const isAlone = /^\d*$/.test(heard);
    heard = (heard + event.key).slice(-300);
    if (!field()) return;
    if (isAlone && /\d/.test(event.key)) take(event, event.key);
    else if (event.target === field()) event.preventDefault();
  }, true);

  function enter(event) {
    const link = heard.match(LINK);
    heard = "";
    const form = link ? kiosk.screen.querySelector("[data-scan]") : isTyping && kiosk.screen.querySelector("[data-code]");
    if (!form || kiosk.screen.inert) return;
    event.preventDefault();
    event.stopPropagation();
    if (link) form.elements.token.value = link[1];
    kiosk.isTouched = true;
    form.requestSubmit();
  }

  function take(event, key) {
    event.preventDefault();
    press(key, key);
    isTyping = true;
  }

  function press(key, name) {
    kiosk.isTouched = true;
    const now = field().value.replace(/\D/g, "");
    const then = { back: now.slice(0, -1), clear: "" }[key] ?? (now + key).slice(0, DIGITS);
    field().value = then.length > DIGITS / 2 ? `${then.slice(0, DIGITS / 2)}-${then.slice(DIGITS / 2)}` : then;
    if (kiosk.screen.dataset.say === "yes") say(name, kiosk.screen.lang);
  }

  function field() {
    return kiosk.screen.querySelector("[data-code] [name=code]");
  }
}
