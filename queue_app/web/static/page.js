// Small comforts of every page: the error summary takes the focus, dialogs open, the undo bar counts down, Esc closes the languages.
// Each of them has a plain way that works without this file.

document.querySelector("[data-error-summary]")?.focus();
for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false; // what a press can do only with a script

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog-open]");
  if (opener && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialogOpen).showModal();
  }
  if (event.target.closest?.("[data-print]")) print();
  const copier = event.target.closest?.("[data-copy]");
  if (copier) navigator.clipboard?.writeText(copier.dataset.copy).then(() => { copier.textContent = copier.dataset.copied; }, () => {});
  if (!event.target.closest?.(".dads-language-selector")) closeLanguages();
});

document.addEventListener("keydown", (event) => {
  const opened = document.querySelector(".dads-language-selector[open]");
  if (event.key === "Escape" && opened) {
    closeLanguages();
    opened.querySelector("summary").focus();
  }
});

// Without a network a form stays on the screen with everything typed; the browser's own page of error would take it away.
const status = document.getElementById("live-status");
document.addEventListener("submit", (event) => {
  if (navigator.onLine || !status) return;
  event.preventDefault();
  status.textContent = status.dataset.textOffline;
});
addEventListener("online", () => { if (status?.textContent === status?.dataset.textOffline) status.textContent = ""; });

setInterval(() => document.querySelectorAll("[data-undo]").forEach(countDown), 250);

function closeLanguages() {
  document.querySelectorAll(".dads-language-selector[open]").forEach((menu) => menu.removeAttribute("open"));
}

// The server decides what can still be undone; the seconds only tell how long it is worth trying. A refresh of the region
// takes data-ends away and brings the seconds that are then left.
function countDown(form) {
  form.dataset.ends ??= Date.now() + 1000 * form.dataset.undo;
  const left = Math.max(0, Math.ceil((form.dataset.ends - Date.now()) / 1000));
  const shown = form.querySelector("[data-seconds-template]");
  const words = shown.dataset.secondsTemplate.replace("#", left);
  if (shown.textContent !== words) shown.textContent = words;
  form.toggleAttribute("hidden", left === 0);
}
