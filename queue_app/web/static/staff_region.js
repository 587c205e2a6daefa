// The part of a counter's page that renews itself, as the other staff_*.js files see it.

export const region = document.getElementById("console");
export const page = () => region.querySelector(".console");

export function renew() {
  region.dispatchEvent(new CustomEvent("matazu:refresh", { bubbles: true }));
}

/** Back to the console without what was asked or said. */
export function leaveQuestion() {
  region.dataset.liveFragment = page().dataset.home;
  renew();
}
