// The lines under the calls: missed numbers, notices, queues. What does not fit at once takes turns; nothing ever scrolls.

import { digits, make, put } from "./draw.js";

const TURN_MS = 10_000;
const LINE = { ja: 25, en: 45 }; // signs that a line carries in letters for the last seat
const measured = new WeakMap();

/** Missed numbers and notices share a line; each takes its turn, a long notice and its translation line by line. */
export function drawMissed(place, { missed, notices }, texts, now) {
  const groups = [
    ...(missed.length > 0 ? [{ head: texts.ja.missed, items: missed, hint: texts.ja.missed_hint, kind: "numbers" }] : []),
    ...notices.flatMap(({ text, texts: said }) => [...linesOf(text, "ja"), ...linesOf(said?.en ?? "", "en")]),
  ];
  place.parentElement.dataset.strips = groups.length > 0 ? 2 : 1;
  turns(place, groups, now, (group, items) => [
    group.head ? make("span", "strip__head", group.head) : "",
    ...items.map((item) => Object.assign(digits(`strip__${group.kind}`, item), group.language && { lang: group.language })),
    group.hint ? make("span", "strip__hint", group.hint) : "",
  ]);
}

// Whole sentences as far as they fit; a longer one is cut where a speaker breathes.
function linesOf(text, language) {
  const lines = [];
  for (const part of text.split(/(?<=[。、！？])|(?<=[.,!?] )/).filter(Boolean)) {
    if (lines.length > 0 && (lines.at(-1) + part).trim().length <= LINE[language]) lines.push(lines.pop() + part);
    else lines.push(part);
  }
  return lines.map((line) => ({ head: "", items: [line.trim()], hint: "", kind: "notice", language }));
}

/** The queues of the zone in which somebody waits. */
export function drawQueues(place, queues, texts, now) {
  const shown = queues.filter(({ waiting }) => waiting > 0).map((queue) => [shortLabel(queue.label), queueText(queue, texts)]);
  const groups = [{ items: shown.length > 0 ? shown : [["", texts.ja.no_wait]] }];
  turns(place, groups, now, (_group, items) => [
    make("span", "strip__head", texts.ja.waiting),
    ...items.map(([label, text]) => make("span", "strip__queue", make("span", "strip__label", label), " ", make("b", "", text))),
  ]);
}

// On a wall there is no room for what a name explains in brackets.
function shortLabel(label) {
  return label.replace(/[（(].*[）)]/, "").trim() || label;
}

function queueText({ waiting, estimate, paused, counters_open: open }, texts) {
  const people = texts.ja.people.replace("{n}", waiting);
  if (paused) return `${people} ${texts.ja.ended}`;
  if (open === 0) return `${people} ${texts.ja.calls_paused}`;
  if (!estimate) return people;
  return `${people} ${waitText(estimate, texts)}`;
}

function waitText({ low_min: low, likely_min: likely, high_min: high }, texts) {
  if (likely <= 0) return texts.ja.soon;
  return low > 0 ? texts.ja.minutes.replace("{n}", `${low}〜${high}`) : texts.ja.within.replace("{n}", high);
}

// Measured once for each content and window: which items stand together on a page.
function turns(place, groups, now, build) {
  const key = JSON.stringify([groups, place.clientWidth, place.clientHeight]);
  if (measured.get(place)?.key !== key) {
    const pages = groups.flatMap((group) => pagesOf(place, group, build).map((items) => ({ group, items })));
    measured.set(place, { key, pages });
  }
  const { pages } = measured.get(place);
  const page = pages[Math.floor(now / TURN_MS) % pages.length];
  put(place, page ?? null, (value) => (value ? build(value.group, value.items) : []));
}

function pagesOf(place, group, build) {
  const pages = [];
  let page = [];
  for (const item of group.items) {
    if (page.length > 0 && !fits(place, build(group, [...page, item]))) {
      pages.push(page);
      page = [];
    }
    page.push(item);
  }
  return page.length > 0 ? [...pages, page] : pages;
}

function fits(place, content) {
  put(place, Math.random(), () => content);
  // Boxes, not scrollHeight: the glyphs of a Japanese font reach beyond their line without being cut.
  const { bottom } = place.lastElementChild.getBoundingClientRect();
  return place.scrollWidth <= place.clientWidth && bottom <= place.getBoundingClientRect().bottom;
}
