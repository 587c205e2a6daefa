// Head and foot of the board, and what covers it: after hours, emergency, an old view.

import { foreign, make, put, shrinkToFit } from "./draw.js";

export function drawHead(part, { screen, time, mark }, texts) {
  const name = screen.kind === "handover" ? "handover_title" : "title";
  put(part("title"), texts.ja[name], (text) => [text]);
  put(part("title-other"), texts.en[name], (text) => [text]);
  put(part("clock"), time, (text) => [text]);
  put(part("mark"), mark, (text) => [text]);
  part("mark").hidden = !mark;
  const note = screen.zone_unknown ? texts.ja.zone_unknown : screen.paired ? "" : texts.ja.unpaired;
  put(part("note"), note, (text) => [text]);
  part("note").hidden = !note;
}

export function drawFoot(place, closing, texts) {
  const closingText = closing && (closing.over ? texts.ja.closed_for_today : texts.ja.closing.replace("{time}", closing.until));
  place.classList.toggle("is-urgent", Boolean(closing));
  put(place, closingText || texts.ja.fairness, (text) => [text]);
}

export function drawClosed(place, facts, texts) {
  place.hidden = !facts;
  if (!facts) return;
  put(place, facts, ({ time, opens }) => [
    make("p", "cover__clock", time),
    make("p", "", texts.ja.after_hours),
    make("p", "", foreign(texts.en.after_hours)),
    opens ? make("p", "", texts.ja.opens_at.replace("{when}", opens)) : "",
  ]);
}

/** Every language of the text, the Japanese one largest; calls go on at the side. */
export function drawAlert(place, facts, texts) {
  place.hidden = !facts;
  if (!facts) return;
  const isNew = put(place, facts, ({ emergencies, calls }) => [
    make("div", "alert__text", ...emergencies.flatMap(({ texts: words }) => lines(words))),
    calls.hero ? make("div", "alert__calls", make("h2", "", texts.ja.calls_beside), ...besides(calls)) : "",
  ]);
  if (isNew) shrinkToFit(place.querySelector(".alert__text"));
}

function lines(words) {
  const { ja, "ja-x-easy": easy, ...foreignWords } = words;
  const others = easy ? { "ja-x-easy": easy, ...foreignWords } : foreignWords;
  const main = make("p", "alert__main", ja);
  const translated = Object.entries(others).map(([language, text]) => Object.assign(make("p", "", text), { lang: language }));
  return [main, make("div", "alert__others", ...translated)];
}

function besides({ hero, rows }) {
  return [hero, ...rows.filter(({ isHero }) => !isHero)].slice(0, 5).map((row) => {
    const line = make("p", "alert__call", `${row.number} ▶ ${row.counter}`);
    line.classList.toggle("is-hero", Boolean(row.isCalling));
    return line;
  });
}

export function drawStale(place, asOf, texts) {
  place.hidden = !asOf;
  if (!asOf) return;
  put(place, asOf, (time) => [
    make("p", "", texts.ja.stale.replace("{time}", time)),
    Object.assign(make("p", "", texts.en.stale.replace("{time}", time)), { lang: "en" }),
  ]);
}
