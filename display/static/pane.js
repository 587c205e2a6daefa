// What the city tells people who wait: texts and pictures that take turns, beside the calls and never over them.
//
// Stands where the list of further calls would stand, and only while that place is empty: numbers are neither covered nor
// made smaller. No video, nothing that moves.
import { foreign, make, put, shrinkToFit } from "./draw.js";

const TURN_MS = 15_000;
const ALONE = 1; // calls on the board beside which there is room
const measured = new WeakMap();

/** Draws the slide of now, or hides the pane; returns whether it stands there. */
export function drawPane(place, slides, { calls, now }) {
  const isShown = slides.length > 0 && calls <= ALONE;
  place.hidden = !isShown;
  if (!isShown) return false;
  const isNew = put(place, slides[Math.floor(now / TURN_MS) % slides.length], slide);
  if (isNew || isResized(place)) shrinkToFit(place.lastElementChild);
  return true;
}

// The lines under it take what they need, some of them only after it was first drawn.
function isResized(place) {
  const size = `${place.clientWidth} ${place.clientHeight}`;
  if (measured.get(place) === size) return false;
  measured.set(place, size);
  return true;
}

function slide({ text, image }) {
  const picture = image ? Object.assign(make("img", "pane__picture"), { src: image, alt: "" }) : "";
  const { ja, ...others } = text;
  const words = ja ? make("p", "pane__text", ja) : "";
  const [language, other] = Object.entries(others)[0] ?? [];
  const translated = other ? make("p", "pane__other", foreign(other, "other", language)) : "";
  return [picture, make("div", "pane__words", words, translated)].filter(Boolean);
}
