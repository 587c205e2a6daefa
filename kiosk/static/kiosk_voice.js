// Reads screens aloud, part by part: with files of the server where it has some, else with the browser's own voice.
//
// Decides what is read and in which order, and notices when neither can say anything: staff then hear of it with the next
// pulse. The server decides which files say a text. Readings over kanji are what is read out: no voice guesses at them.
import { voiceFor } from "/static/voices.js";

const AGAIN_AFTER = 500; // ms: a phrase that the server has to make first is there a moment later
const MOST_TRIES = 5;
const WITHIN = 4_000; // ms

const voice = globalThis.speechSynthesis;
let turn = 0; // grows when whatever is being said is to end
let sounding = null;
let silent = false;

/** What an element says to the eyes: without the readings over its kanji. */
export function words(element) {
  const plain = element?.cloneNode(true);
  plain?.querySelectorAll("rt").forEach((reading) => reading.remove());
  return squeezed(plain?.textContent);
}

/** The heading, then everything that can be chosen. */
export function read(screen) {
  const parts = [screen.querySelector("h1"), ...screen.querySelectorAll(".given p, .tile, .choices-row button, .kiosk__tools :is(a, button)")];
  speak(parts.filter((part) => part?.checkVisibility()));
}

/** One control, at once. */
export function say(control) {
  speak([control]);
}

export function silence() {
  turn += 1;
  sounding?.pause();
  voice?.cancel();
}

/** Whether somebody wanted to hear and nothing was said. */
export function isSilent() {
  return silent;
}

/** The next person has not asked for anything yet. */
export function forget() {
  silent = false;
}

// All files are asked for at once; the first is said while the others are made.
async function speak(parts) {
  silence();
  const mine = turn;
  const lines = parts.flatMap(linesOf).map((line) => ({ ...line, files: filesOf(line, mine) }));
  for (const { text, language, files } of lines) {
    const found = await files;
    if (turn !== mine) return;
    const wasSaid = (found.length > 0 && (await play(found, mine))) || (turn === mine && (await utter(text, language)));
    if (turn !== mine) return;
    silent = !wasSaid;
  }
}

// A number is a line of its own: other languages have recordings of its figures.
function linesOf(part) {
  const language = part.closest("[lang]").lang;
  const texts = part.matches(".given__figure") ? [...part.childNodes].map(({ textContent }) => textContent) : part.matches(".tile") ? [...part.children].map(spoken) : [spoken(part)];
  return texts.map(spokenText).filter(Boolean).map((text) => ({ text, language }));
}

function spoken(element) {
  const read = element.cloneNode(true);
  read.querySelectorAll("ruby").forEach((ruby) => ruby.replaceWith(ruby.querySelector("rt")?.textContent ?? ruby.textContent));
  return read.textContent;
}

function spokenText(text) {
  return squeezed(text.replace(/[‹›✓♿🔔\ufe0e]/gu, ""));
}

function squeezed(text) {
  return text?.replace(/\s+/g, " ").trim() ?? "";
}

async function filesOf({ text, language }, mine) {
  const screen = document.getElementById("kiosk");
  if (screen.dataset.served !== "yes" || screen.lang !== language) return [];
  for (let tries = 1; tries <= MOST_TRIES && turn === mine; tries += 1) {
    const { files, made } = await ask(text, language);
    if (files.length > 0 || !made) return files;
    await new Promise((done) => setTimeout(done, AGAIN_AFTER));
  }
  return [];
}

async function ask(text, language) {
  try {
    const answer = await fetch(`${document.body.dataset.start}/said?${new URLSearchParams({ l: language, text })}`, { signal: AbortSignal.timeout(WITHIN) });
    return answer.ok ? await answer.json() : { files: [], made: false };
  } catch {
    return { files: [], made: false }; // no server: the browser's voice may be there
  }
}

// Whether they were played; a file that cannot be played leaves the rest to the browser.
async function play(addresses, mine) {
  for (const address of addresses) {
    if (turn !== mine) return false;
    sounding = new Audio(address);
    const over = new Promise((done) => { sounding.onended = sounding.onpause = () => done(true); sounding.onerror = () => done(false); });
    try {
      await sounding.play();
    } catch {
      return false;
    }
    if (!(await over)) return false;
  }
  return true;
}

function utter(text, language) {
  const own = voiceFor(language);
  if (!own) return false;
  const said = Object.assign(new SpeechSynthesisUtterance(text), { voice: own, lang: own.lang, rate: 0.9 });
  return new Promise((done) => {
    said.onend = () => done(true);
    said.onerror = ({ error }) => done(["canceled", "interrupted"].includes(error));
    voice.speak(said);
  });
}
