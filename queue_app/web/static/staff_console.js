// Comforts of the console: the bell, offline, drawers, what was said. Every deed is a form that works without this file. Keys,
// session and small window have files of their own.
import { everySecond } from "./staff_clock.js";
import "./staff_keys.js";
import { leaveQuestion, page, region, renew } from "./staff_region.js";
import "./staff_session.js";
import "./staff_window.js";

const SAID_FOR = 12_000; // ms: a sentence about a press is old after that
const root = document.documentElement;
let before = Number(page().dataset.waiting);
let wasStale = false;

document.addEventListener("click", clicked);
region.addEventListener("submit", ({ target }) => closeRow(target.closest(".row-more")));
region.addEventListener("matazu:refreshed", renewed);
new MutationObserver(connectionChanged).observe(root, { attributeFilter: ["data-connection"] });
everySecond(() => region.querySelectorAll("[data-strong-after]").forEach(emphasise));
connectionChanged();
saidGoesAway();

// Small things inside the console

function clicked(event) {
  const { target } = event;
  const row = region.querySelector(".row-more[open]");
  if (row && !row.contains(target)) row.open = false;
  if (target.matches?.("[data-quick]")) return addQuickWord(target);
  if (target.closest?.("[data-escape]")) {
    event.preventDefault();
    leaveQuestion();
  }
  const drawer = target.closest?.("summary")?.parentElement;
  if (!drawer?.matches(".drawer") || drawer.open) return;
  event.preventDefault(); // opened and focused within the press: what is typed a moment later belongs into the field
  drawer.open = true;
  drawer.querySelector("select, textarea").focus();
}

// The deed of a row was pressed: the row moves or goes, and its menu does not go with it.
function closeRow(row) {
  if (!row) return;
  row.querySelector("summary").focus();
  row.open = false;
}

function addQuickWord(button) {
  const field = button.closest("form").querySelector("textarea");
  const words = field.value.trim();
  if (!words.includes(button.dataset.quick)) field.value = words ? `${words} ${button.dataset.quick}` : button.dataset.quick;
  field.focus();
}

function saidGoesAway() {
  const shown = page().dataset.said;
  clearTimeout(region.saidUntil);
  if (shown) region.saidUntil = setTimeout(leaveQuestion, SAID_FOR);
}

// After each renewal

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

function emphasise(button) {
  button.countFrom ??= performance.now();
  if (performance.now() - button.countFrom >= 1_000 * button.dataset.strongAfter) button.dataset.strong = "yes";
}
