// Clocks of a staff page: the time on the wall and how long something has lasted. The server renders both; this only counts on
// from there, by the browser's steady clock, so a wrong clock on the counter PC shows nowhere.

export function everySecond(work) {
  work();
  setInterval(work, 1_000);
}

everySecond(showClocks);
document.addEventListener("matazu:refreshed", showClocks);

function showClocks() {
  document.querySelectorAll("[data-seconds]").forEach(countUp);
  document.querySelectorAll("[data-clock]").forEach(showTime);
}

function countUp(span) {
  const seconds = Number(span.dataset.seconds) + since(span, span.dataset.seconds);
  write(span, `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`);
}

function showTime(time) {
  const at = new Date(Date.parse(time.dataset.clock) + 1_000 * since(time, time.dataset.clock));
  write(time, at.toLocaleTimeString("ja-JP", { timeZone: time.dataset.zone, hour12: false }));
}

// Seconds since the element got the value it has now.
function since(element, value) {
  if (element.countedFrom !== value) [element.countedFrom, element.countedAt] = [value, performance.now()];
  return Math.floor((performance.now() - element.countedAt) / 1_000);
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function two(number) {
  return String(number).padStart(2, "0");
}
