// The session of the person at a counter: a warning before it ends, and the way back afterwards. Everything typed stays where it
// is; the login opens in a window of its own, and this page goes on when the person comes back to it.
import { everySecond } from "./staff_clock.js";
import { page, region, renew } from "./staff_region.js";

const IDLE_WARNING_S = 120;
const band = document.getElementById("idle");

if (band) {
  document.addEventListener("submit", stayed);
  region.addEventListener("matazu:refreshed", cameBack);
  region.addEventListener("matazu:refused", ({ detail: { status } }) => {
    if ([200, 401, 403].includes(status)) sessionOver(); // 200: led to the login page
  });
  addEventListener("focus", () => band.dataset.over && renew());
  everySecond(tick);
}

function tick() {
  if (band.dataset.over || page().dataset.idleS === "") return;
  const left = Number(page().dataset.idleS) - sinceRenewal();
  if (left <= 0) sessionOver();
  else showBand(left <= IDLE_WARNING_S ? band.dataset.wordsSoon : "");
}

function sinceRenewal() {
  const told = page().dataset.idleS;
  if (region.idleTold !== told) [region.idleTold, region.idleAt] = [told, performance.now()];
  return (performance.now() - region.idleAt) / 1_000;
}

function showBand(words) {
  const line = band.querySelector("[data-idle-words]");
  if (line.textContent !== words) line.textContent = words;
  band.hidden = words === "";
}

function sessionOver() {
  band.dataset.over = "yes";
  document.documentElement.dataset.session = "over";
  showBand(band.dataset.wordsOver);
  offer({ login: true });
}

// A renewal that was answered: there is a session again, with a form token of its own.
function cameBack() {
  const token = region.querySelector("input[name=csrf_token]")?.value;
  if (token) document.querySelectorAll("input[name=csrf_token]").forEach((input) => { input.value = token; });
  if (!band.dataset.over) return;
  delete band.dataset.over;
  delete document.documentElement.dataset.session;
  showBand("");
  offer({ login: false });
  document.dispatchEvent(new Event("matazu:reconnect")); // the old socket died with the old session
}

function offer({ login }) {
  band.querySelector("form").hidden = login;
  band.querySelector("[data-log-in]").hidden = !login;
}

async function stayed(event) {
  if (!event.target.matches("[data-stay]")) return;
  event.preventDefault();
  const answer = await fetch(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  if (answer.ok && !answer.redirected) renew();
  else sessionOver();
}
