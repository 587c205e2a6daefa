// Reads screens aloud through the browser's own voices, where the machine has some.

const voice = globalThis.speechSynthesis;

/** What an element says to eyes and ears alike: without the readings over its kanji. */
export function words(element) {
  const plain = element?.cloneNode(true);
  plain?.querySelectorAll("rt").forEach((reading) => reading.remove());
  return plain?.textContent.replace(/\s+/g, " ").trim() ?? "";
}

/** The heading, then everything that can be chosen. */
export function read(screen) {
  if (!voice) return;
  voice.cancel();
  const heard = [screen.querySelector("h1"), ...screen.querySelectorAll(".given p, .tile, .choices-row button, .kiosk__tools :is(a, button)")];
  for (const part of heard) if (part?.checkVisibility()) utter(words(part), part.closest("[lang]").lang);
}

/** One label, at once. */
export function say(text, language) {
  voice?.cancel();
  utter(text, language);
}

export function silence() {
  voice?.cancel();
}

function utter(text, language) {
  const words = text.replace(/\s+/g, " ").replace(/[‹›✓♿🔔\ufe0e]/gu, "").trim();
  if (!voice || !words) return;
  voice.speak(Object.assign(new SpeechSynthesisUtterance(words), { lang: language === "ja-x-easy" ? "ja-JP" : language, rate: 0.9 }));
}
