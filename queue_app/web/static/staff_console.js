// Comforts of the console: keys, the bell, offline, the session that is about to end. Every deed is a form that works without
// this file; keys only press the button that shows them (aria-keyshortcuts).
import { everySecond } from "./staff_clock.js";

const SAID_FOR = 12_000; // ms: a sentence about a press is old after that
const IDLE_WARNING_S = 120;
const region = document.getElementById("console");
const root = document.documentElement;
const page = () => region.querySelector(".console");
let typed = ""; // digits of the number pad
let before = Number(page().dataset.waiting);
let wasStale = false;

document.addEventListener("keydown", pressed);
document.addEventListener("click", clicked);
document.addEventListener("submit", stayed);
region.addEventListener("matazu:refreshed", renewed);
region.addEventListener("matazu:refused", ({ detail: { status } }) => {
  if ([200, 401, 403].includes(status)) sessionOver(); // 200: led to the login page
});
new MutationObserver(connectionChanged).observe(root, { attributeFilter: ["data-connection"] });
everySecond(tick);
connectionChanged();
saidGoesAway();

// Keys

function pressed(event) {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Escape") return closePanels(event);
  if (isTextField(event.target)) return;
  if (page().hasAttribute("data-ten-key") && tenKey(event)) return event.preventDefault();
  const button = [...document.querySelectorAll("[aria-keyshortcuts]")].find((each) => fits(each, event));
  if (!button || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (!event.repeat) button.click(); // a key that is held down is one press
}

function fits(button, event) {
  const keys = button.getAttribute("aria-keyshortcuts").split("+");
  const name = keys.pop();
  const wanted = { Control: event.ctrlKey, Alt: event.altKey, Shift: event.shiftKey };
  const same = event.key.toUpperCase() === name.toUpperCase() || event.code === `Key${name}`;
  return same && !event.metaKey && Object.entries(wanted).every(([key, down]) => down === keys.includes(key)) && button.offsetParent !== null;
}

function isTextField(target) {
  return target.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])") || target.isContentEditable;
}

function closePanels(event) {
  const open = region.querySelector("details[open]");
  const question = region.querySelector("[data-escape]");
  if (open) {
    event.preventDefault();
    open.open = false;
    open.querySelector("summary").focus();
  } else if (question) {
    event.preventDefault();
    leaveQuestion();
  }
}

// The number pad: Enter calls, + calls again, - is absent; digits first name a person. Off unless the person switched it on.
function tenKey(event) {
  if (!event.code.startsWith("Numpad") || event.ctrlKey || event.altKey) return false;
  if (event.repeat) return true;
  const digit = /^Numpad(\d)$/.exec(event.code)?.[1]; // by its place: the pad also works with NumLock off
  if (digit) return type(typed + digit);
  if (event.code === "NumpadEnter") return typed ? callTyped() : press("next");
  if (event.code === "NumpadAdd") return press("recall");
  if (event.code === "NumpadSubtract") return typed ? type("") : press("miss");
  return false;
}

function type(digits) {
  typed = digits.slice(0, 6);
  const shown = document.getElementById("typed");
  shown.textContent = typed && shown.dataset.words.replace("#", typed);
  return true;
}

function callTyped() {
  const digits = Number(typed);
  const buttons = [...region.querySelectorAll("[id^=call-]")];
  const meant = buttons.filter(({ id }) => Number(id.replace(/\D/g, "")) === digits);
  type("");
  if (meant.length === 1) meant[0].click();
  else meant[0]?.focus(); // two series share the number: the person chooses
  return true;
}

function press(id) {
  document.getElementById(id)?.click();
  return true;
}

// Small things inside the console

function clicked(event) {
  const { target } = event;
  if (target.matches?.("[data-quick]")) return addQuickWord(target);
  const popup = target.closest?.("[data-popup]");
  if (popup) return openSmallWindow(event, popup);
  if (target.closest?.("[data-escape]")) {
    event.preventDefault();
    leaveQuestion();
  }
  const drawer = target.closest?.("summary")?.parentElement;
  if (drawer?.matches(".drawer")) setTimeout(() => drawer.open && drawer.querySelector("select, textarea").focus());
}

function addQuickWord(button) {
  const field = button.closest("form").querySelector("textarea");
  const words = field.value.trim();
  if (!words.includes(button.dataset.quick)) field.value = words ? `${words} ${button.dataset.quick}` : button.dataset.quick;
  field.focus();
}

function openSmallWindow(event, link) {
  const [width, height] = link.dataset.popup.split(",");
  if (window.open(link.href, "mini", `popup,width=${width},height=${height}`)) event.preventDefault();
}

function leaveQuestion() {
  region.dataset.liveFragment = page().dataset.home;
  renew();
}

function saidGoesAway() {
  const shown = page().dataset.said;
  clearTimeout(region.saidUntil);
  if (shown) region.saidUntil = setTimeout(leaveQuestion, SAID_FOR);
}

// After each renewal

function renew() {
  region.dispatchEvent(new CustomEvent("matazu:refresh", { bubbles: true }));
}

function renewed() {
  const now = Number(page().dataset.waiting);
  if (before === 0 && now > 0 && !page().hasAttribute("data-quiet")) ring();
  before = now;
  disable(root.dataset.connection === "stale");
  saidGoesAway();
  followTitle();
}

function ring() {
  new Audio(page().dataset.chime).play().catch(() => {}); // a browser that wants a press first stays silent
}

function followTitle() {
  const number = region.querySelector(".in-hand__number:not(.in-hand__number--none)")?.textContent ?? "";
  const name = region.querySelector("h1").textContent;
  document.title = `${number} ${name}`.trim();
}

// Without a server nothing can be pressed; what was shown last stays readable.

function connectionChanged() {
  const stale = root.dataset.connection === "stale";
  if (stale === wasStale) return;
  wasStale = stale;
  disable(stale);
  document.querySelectorAll("[data-offline-words]").forEach((words) => { words.textContent = stale ? words.dataset.offlineWords : ""; });
  const back = document.getElementById("back-online");
  if (back) back.textContent = stale ? "" : back.dataset.words;
  if (!stale) renew();
}

function disable(off) {
  for (const button of region.querySelectorAll("form button")) {
    if (off && !button.disabled) {
      button.dataset.offline = "";
      button.disabled = true;
    } else if (!off && "offline" in button.dataset) {
      delete button.dataset.offline;
      button.disabled = false;
    }
  }
}

// The session

function tick() {
  region.querySelectorAll("[data-strong-after]").forEach(emphasise);
  const band = document.getElementById("idle");
  if (!band || band.dataset.over) return;
  const left = Number(page().dataset.idleS) - sinceRenewal();
  if (page().dataset.idleS !== "" && left <= 0) sessionOver();
  else showBand(band, left <= IDLE_WARNING_S ? band.dataset.wordsSoon : "");
}

function sinceRenewal() {
  const told = page().dataset.idleS;
  if (region.idleTold !== told) [region.idleTold, region.idleAt] = [told, performance.now()];
  return (performance.now() - region.idleAt) / 1_000;
}

function emphasise(button) {
  button.countFrom ??= performance.now();
  if (performance.now() - button.countFrom >= 1_000 * button.dataset.strongAfter) button.dataset.strong = "yes";
}

function showBand(band, words) {
  const line = band.querySelector("[data-idle-words]");
  if (line.textContent !== words) line.textContent = words;
  band.hidden = words === "";
}

function sessionOver() {
  const band = document.getElementById("idle");
  if (!band) return;
  band.dataset.over = "yes";
  showBand(band, band.dataset.wordsOver);
  band.querySelector("form").hidden = true;
  band.querySelector("[data-log-in]").hidden = false;
}

async function stayed(event) {
  if (!event.target.matches("[data-stay]")) return;
  event.preventDefault();
  const answer = await fetch(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  if (answer.ok && !answer.redirected) renew();
  else sessionOver();
}
