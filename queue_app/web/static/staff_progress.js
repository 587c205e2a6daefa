// Looks every few seconds how far a question is, until its answer is there. Without this file a link does the same.
// Needs fragments.js, loaded before, which fetches the page and puts the answer in.
const EVERY = 4_000; // ms

const region = document.getElementById("answer");
const timer = setInterval(() => {
  if (!region.querySelector("progress")) return clearInterval(timer);
  region.dataset.liveFragment = location.pathname; // each time: what is put in has none, so that no room is looked for
  region.dispatchEvent(new CustomEvent("matazu:refresh", { bubbles: true }));
}, EVERY);
