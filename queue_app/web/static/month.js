// Keys of the month table: arrows go to the next day that can be chosen, Home and End to the ends of a week, PageUp and
// PageDown to the neighbouring months. Without this script every day is a link in its order.

const table = document.querySelector("[data-month]");
const HERE = "#days"; // names no element: nothing but this script moves the focus
const STEPS = { ArrowLeft: [-1, 1], ArrowRight: [1, 1], ArrowUp: [-1, 7], ArrowDown: [1, 7] };

table.addEventListener("keydown", (event) => {
  const here = event.target.closest("[data-day]");
  if (!here || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const turn = { PageUp: "[data-month-before]", PageDown: "[data-month-after]" }[event.key];
  const to = turn ? document.querySelector(turn) : target(here, event.key);
  if (!to) return;
  event.preventDefault();
  if (turn) location.assign(to.href + HERE);
  else to.focus();
});

// Whoever turned the page by key goes on in the table, not at the top of the page.
if (location.hash === HERE) table.querySelector("[data-day]")?.focus();

function target(here, key) {
  if (key === "Home" || key === "End") return [...here.closest("tr").querySelectorAll("[data-day]")].at(key === "Home" ? 0 : -1);
  const cells = [...table.querySelectorAll("tbody td")];
  const [way, step] = STEPS[key] ?? [0, 0];
  for (let place = cells.indexOf(here.closest("td")) + way * step; way && cells[place]; place += way * step) {
    const link = cells[place].querySelector("[data-day]");
    if (link) return link;
  }
  return null;
}
