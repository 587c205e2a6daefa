// Five keys of a tactile keypad do everything: up and down move, Enter presses, left goes back, right says it again.
import { read, say } from "./kiosk_voice.js";

export function keepKeys(kiosk) {
  document.addEventListener("keydown", (event) => {
    // Whatever a keyboard plugged in at the back would do to the browser: leave, search, save, print, look inside.
    if (event.ctrlKey || event.altKey || event.metaKey || /^F\d+$/.test(event.key)) return event.preventDefault();
    const work = { ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowLeft: back, Escape: back, ArrowRight: () => read(kiosk.screen) }[event.key];
    if (!work || event.isComposing) return;
    event.preventDefault();
    kiosk.isTouched = true;
    work();
  });
  document.addEventListener("focusin", ({ target }) => {
    if (kiosk.screen.dataset.say === "yes" && target.matches("a, button")) say(target);
  });

  function move(step) {
    const root = document.querySelector("dialog[open]") ?? kiosk.screen;
    const stops = [...root.querySelectorAll("a[href], button")].filter((each) => each.checkVisibility());
    const at = stops.indexOf(document.activeElement);
    stops[at < 0 ? (step > 0 ? 0 : stops.length - 1) : (at + step + stops.length) % stops.length]?.focus();
  }

  function back() {
    const open = document.querySelector("dialog[open] [data-stay]");
    (open ?? kiosk.screen.querySelector(".tool--back, .tool--main"))?.click();
  }
}
