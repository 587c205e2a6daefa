// The phone as its holder's ear: says how near the turn is, and rings when the number is called. The page is complete without it.

const TOLD = [5, 3, 2, 1, 0]; // people before; not every tick
const told = document.querySelector("[data-ahead-told]");
const signal = document.querySelector("[data-signal]");
const button = signal?.querySelector("button");
let chime = null;
let last = facts();

document.addEventListener("matazu:refreshed", changed);
if (button) {
  signal.hidden = false;
  button.addEventListener("click", toggle);
}

function facts() {
  const { state, ahead, aheadWords, title } = document.querySelector("[data-ticket]")?.dataset ?? {};
  return { state, ahead: ahead ? Number(ahead) : null, aheadWords, title };
}

function changed({ target }) {
  const now = facts();
  if (!now.state) return;
  document.title = now.title;
  if (now.state === "waiting" && now.ahead !== last.ahead && TOLD.includes(now.ahead)) told.textContent = now.aheadWords;
  if (now.state !== last.state && target.id === "ticket") document.querySelector("[data-said]")?.replaceChildren(); // said of a state that is over
  if (now.state === "called" && last.state !== "called") ring();
  if (signal && ["done", "cancelled"].includes(now.state)) signal.hidden = true;
  last = now;
}

// The press is what the browser needs to allow a sound later.
function toggle() {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  button.textContent = on ? button.dataset.on : button.dataset.off;
  chime = on ? new Audio(button.dataset.chime) : null;
  ring();
}

function ring() {
  if (!chime) return;
  chime.currentTime = 0;
  chime.play().catch(() => {});
  navigator.vibrate?.([400, 200, 400]);
}
