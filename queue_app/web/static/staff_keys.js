// Keys of the console. They only press the button that shows them (aria-keyshortcuts), and rest inside fields and while
// Japanese is being composed.
import { leaveQuestion, page, region } from "./staff_region.js";

let typed = ""; // digits of the number pad

document.addEventListener("keydown", pressed);

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
  if (event.code === "NumpadSubtract") return typed ? type("") : press("miss", "missed-next");
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

// Whichever of these stands on the page: a question takes the place of the buttons it asks about.
function press(...ids) {
  ids.map((id) => document.getElementById(id)).find(Boolean)?.click();
  return true;
}
