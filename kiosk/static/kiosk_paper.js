// The paper of the number on the screen: waits for the server's printer, or prints the slip's page through the browser.
import { words } from "./kiosk_voice.js";

const ASK_EVERY = 700; // ms

/** `arrived` looks at the new screen, `print` prints its slip, `clear` leaves nothing of it. */
export function keepPaper(kiosk) {
  const sheet = document.getElementById("paper");
  let timer = null;
  let printed = "";
  let ready = null;

  addEventListener("afterprint", clear);

  function arrived() {
    clearTimeout(timer);
    const { paper, print, slip } = kiosk.screen.dataset;
    if (paper === "due" || paper === "printing") timer = setTimeout(ask, ASK_EVERY);
    else if (print === "auto" && slip && printed !== slip && kiosk.screen.dataset.screen === "ticket") printSlip();
  }

  // The screen is drawn anew when the paper's fate is known, so that its heading and its questions fit.
  async function ask() {
    const { screen } = kiosk;
    const url = screen.dataset.paperState;
    try {
      const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(2_000) });
      const { state } = await answer.json();
      if (kiosk.screen.dataset.paperState !== url) return;
      if (state !== screen.dataset.paper && !["due", "printing"].includes(state)) return kiosk.open(screen.dataset.slip.replace("/slip/", "/tickets/"));
    } catch {
      // The pulse notices a server that is gone.
    }
    timer = setTimeout(ask, ASK_EVERY);
  }

  async function printSlip() {
    const { screen } = kiosk;
    printed = screen.dataset.slip;
    const answer = await fetch(printed, { cache: "no-store" });
    const slip = answer.ok && kiosk.parse(await answer.text()).getElementById("slip");
    if (!slip || kiosk.screen.dataset.slip !== printed) return;
    sheet.replaceChildren(document.adoptNode(slip));
    print();
    say(kiosk.screen);
  }

  // A slip that no server made: of a number given during an outage.
  function printThis(slip) {
    sheet.replaceChildren(slip.cloneNode(true));
    print();
  }

  // For a kiosk that prints at a press.
  function keepThis(slip) {
    ready = slip;
  }

  // Once the paper is out, what is seen, what is told and what the window is called change together.
  function say(screen) {
    const heading = screen.querySelector("[data-heading]");
    const taken = screen.querySelector("[data-taken]");
    if (!heading || !taken) return;
    document.title = screen.dataset.title.replace(words(heading), words(taken));
    document.getElementById("told").textContent = words(taken);
    heading.replaceChildren(...taken.cloneNode(true).childNodes); // with its readings
  }

  function clear() {
    sheet.replaceChildren();
  }

  return {
    arrived,
    print: () => (ready ? printThis(ready) : printSlip()),
    printThis,
    keepThis,
    clear: () => { clearTimeout(timer); printed = ""; ready = null; clear(); },
  };
}
