// Refreshes regions of a page and sends forms without leaving it. One rendering path serves all: the server's HTML, morphed in;
// a whole page or a piece of it will do, as long as it holds the element with the region's id.
// Every form works by plain POST without this file; everything typed, opened or focused survives a refresh.
// Needs idiomorph.min.js loaded before (global Idiomorph).
import { watch } from "./live.js";

const REFRESH_GAP = 500; // ms: at most two refreshes a second
const MAX_AGE = 45_000; // ms: estimates move with the clock, even when nothing happens
const LOCK = 3_000; // ms: a lost answer must not leave a button dead; the key makes the second press harmless
// Only our own server's answers to the requests below pass through this policy.
const trusted = globalThis.trustedTypes?.createPolicy("matazu", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

document.querySelectorAll("[data-live-fragment]").forEach(follow);
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-enhance]") && !event.defaultPrevented) send(event);
});
// Other scripts ask by event: imported by name, this file would run twice and its policy may be made only once.
document.addEventListener("matazu:refresh", ({ target }) => refresh(target));

function follow(region, index) {
  const { liveRoom: room, liveOffice: office, liveCounter: counter, liveToken: token, livePoll: poll } = region.dataset;
  const renew = paced(() => refresh(region));
  // Without the version that the page was rendered from, the first answer may already be a newer state.
  let shown = Number(region.dataset.liveVersion ?? -1);
  const options = { poll, markAfter: Number(region.dataset.liveMarkAfter ?? 5), staleAfter: Number(region.dataset.liveStaleAfter ?? 60) };
  // Where being cut off must show within seconds, silence is looked into just as quickly.
  if (options.staleAfter <= 5) Object.assign(options, { silentAfter: 2, answerWithin: 2, pollEvery: [2, 3] });
  watch({ room, office, counter, token }, ({ version }) => {
    if (version > shown) renew();
    shown = version;
  }, { ...options, element: index ? region : document.documentElement });
  setInterval(() => performance.now() - (region.renewedAt ?? 0) > MAX_AGE && renew(), 5_000);
}

function paced(work) {
  let due = null;
  let last = -REFRESH_GAP;
  return () => {
    due ??= setTimeout(() => {
      due = null;
      last = performance.now();
      work();
    }, Math.max(0, last + REFRESH_GAP - performance.now()));
  };
}

/** Fetch a region anew and morph it; the newest question wins, whatever the order of the answers. */
export async function refresh(region) {
  const turn = (region.turn = (region.turn ?? 0) + 1);
  const address = region.dataset.liveFragment;
  try {
    const answer = await fetch(address, { headers: { "X-Fragment": region.id }, cache: "no-store" });
    if (answer.ok && !answer.redirected) {
      const text = await answer.text();
      if (turn !== region.turn) return;
      // A press was answered meanwhile and led the region on, with a sentence that this answer does not know.
      if (address === region.dataset.liveFragment) put(region, parse(text));
      else refresh(region);
    } else region.dispatchEvent(new CustomEvent("matazu:refused", { bubbles: true, detail: { status: answer.status } }));
  } catch {
    // Offline: the last values stay, and data-connection tells how old they are.
  }
}

function parse(text) {
  return new DOMParser().parseFromString(trusted.createHTML(text), "text/html");
}

function put(region, page) {
  const fresh = page.getElementById(region.id);
  if (!fresh) return;
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  region.renewedAt = performance.now();
  pairForms(region, fresh);
  globalThis.Idiomorph.morph(region, fresh, {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: (old) => !isInHand(old),
      beforeAttributeUpdated: (name, old) => !ownedByPage(name, old),
    },
  });
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  region.dispatchEvent(new CustomEvent("matazu:refreshed", { bubbles: true }));
}

// A form is the same only while it means the same deed: then it keeps what was typed and its key, so that a press whose answer
// was lost goes out again as the same press. A note begun for one person must never slide into the form of the next.
function pairForms(region, fresh) {
  const keyOf = (form) => form.querySelector("input[name=idempotency_key]");
  [region, fresh].forEach(nameForms);
  for (const form of fresh.querySelectorAll("form[action]")) {
    const old = [...region.querySelectorAll("form[action]")].find(({ dataset }) => dataset.deed === form.dataset.deed);
    if (old && keyOf(old)) keyOf(form)?.setAttribute("value", keyOf(old).value);
  }
}

function nameForms(root) {
  const seen = new Map();
  for (const form of root.querySelectorAll("form[action]")) {
    const meaning = [...form.querySelectorAll("input[type=hidden]")].filter(({ name }) => !["csrf_token", "idempotency_key"].includes(name));
    const deed = [form.getAttribute("action"), ...meaning.map(({ name, value }) => `${name}=${value}`)].join("|");
    seen.set(deed, (seen.get(deed) ?? 0) + 1);
    form.dataset.deed = `${deed}|${seen.get(deed)}`;
    form.setAttribute("id", form.dataset.deed); // idiomorph never turns one id into another
  }
}

function isInHand(node) {
  if (!(node instanceof Element)) return false;
  if (node.matches("form[data-busy]")) return true;
  if (node.matches("input:is([type=radio], [type=checkbox])")) return node.checked !== node.defaultChecked;
  if (node.matches("select")) return [...node.options].some((option) => option.selected !== option.defaultSelected);
  return node.matches("input:not([type=hidden]), textarea") && node.value !== node.defaultValue;
}

function ownedByPage(name, node) {
  return (name === "open" && node.matches("dialog, details")) || name.startsWith("data-connection") || name === "data-busy";
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  if (form.hasAttribute("data-busy")) return;
  const unlock = lock(form);
  const region = target(form); // asked now: when the answer comes, a refresh may have taken the form away
  const body = new FormData(form, event.submitter);
  const key = body.get("idempotency_key") ?? "";
  const url = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  try {
    const headers = { "Idempotency-Key": key, "X-Fragment": region?.id ?? "" };
    const answer = await fetch(url, { method: "POST", body: encode(form, body), headers });
    const text = await answer.text();
    unlock();
    if (isSettled(answer)) form.querySelector("input[name=idempotency_key]")?.setAttribute("value", newKey());
    arrive(region, answer, text);
  } catch {
    unlock();
    say("offline");
  }
}

// A refusal is an answer too: what is sent after it, corrected, is another press. Overload and "still at it" are not.
function isSettled({ status, headers }) {
  return status < 500 && ![408, 429].includes(status) && !headers.has("Retry-After");
}

function lock(form) {
  form.setAttribute("data-busy", "");
  const words = setTimeout(() => say("loading"), 1_000);
  const late = setTimeout(() => form.removeAttribute("data-busy"), LOCK);
  return () => {
    [words, late].forEach(clearTimeout);
    form.removeAttribute("data-busy");
    say(null);
  };
}

// Files need the long form; everything else goes as a plain form would send it.
function encode(form, body) {
  return form.enctype === "multipart/form-data" ? body : new URLSearchParams([...body]);
}

function arrive(region, answer, text) {
  const isPage = (answer.headers.get("Content-Type") ?? "").startsWith("text/html");
  const page = isPage ? parse(text) : null;
  if (region && page?.getElementById(region.id)) put(region, page);
  else if (answer.redirected) location.assign(answer.url);
  else if (answer.ok && region?.dataset.liveFragment) refresh(region);
  else if (!answer.ok) say("failed");
  document.querySelector("[data-error-summary]")?.focus();
}

function target(form) {
  return form.dataset.target ? document.getElementById(form.dataset.target) : form.closest("[data-live-fragment]");
}

function say(what) {
  const status = document.getElementById("live-status");
  if (status) status.textContent = what ? status.getAttribute(`data-text-${what}`) : "";
}

// crypto.randomUUID is missing on machines that reach the server by plain http.
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
