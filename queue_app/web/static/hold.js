// The held time: says once, two minutes before its end, that it is about to end. The press that extends it is a form.
// Without this script the page says until when the time is held.

const WARN_S = 120;

for (const hold of document.querySelectorAll("[data-hold-seconds]")) {
  const left = Number(hold.dataset.holdSeconds);
  const status = hold.querySelector("[data-hold-status]");
  setTimeout(() => { status.textContent = hold.dataset.holdText; }, Math.max(0, left - WARN_S) * 1000);
}
