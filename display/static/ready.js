// The hand-over board: who is called to fetch their papers, and a grid of the numbers whose papers are ready.

import { heroBlock, make, put } from "./draw.js";

const TURN_MS = 10_000;

export function drawReady(place, view, ready, texts, now) {
  place.dataset.columns = view.hero ? 2 : 1;
  place.dataset.calls = view.hero ? 2 : 0;
  const called = view.rows.filter(({ isHero }) => !isHero);
  const pages = pagesOf(place, ready, called.length);
  const page = pages[Math.floor(now / TURN_MS) % Math.max(1, pages.length)] ?? [];
  put(place, [view.hero, called, page], () => [
    view.hero ? heroBlock(view.hero, texts) : "",
    make(
      "div",
      "ready",
      make("h2", "ready__head", ready.length > 0 || called.length > 0 ? texts.ja.ready : texts.ja.nobody_ready),
      make("div", "ready__numbers", ...called.map(calledNumber), ...page.map((number) => make("span", "ready__number", number))),
    ),
  ]);
}

function calledNumber({ number, counter }) {
  return make("span", "ready__number ready__number--called", `${number} ▶ ${counter}`);
}

// How many numbers the grid holds at this size; the sizes are those of calls.css.
function pagesOf(place, ready, taken) {
  const size = Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
  const width = place.clientWidth * (place.dataset.calls === "2" && innerWidth > innerHeight ? 0.62 : 0.98);
  const columns = Math.max(1, Math.floor(width / (2.7 * size)));
  const rows = Math.max(1, Math.floor((place.clientHeight * (innerWidth > innerHeight ? 0.82 : place.dataset.calls === "2" ? 0.38 : 0.85)) / (1.15 * size)));
  const room = Math.max(1, columns * rows - 2 * taken);
  return Array.from({ length: Math.ceil(ready.length / room) }, (_, page) => ready.slice(page * room, (page + 1) * room));
}
