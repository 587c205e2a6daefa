// How long a screen stays: it asks before it forgets somebody, with time enough to answer (WCAG 2.2.1), and goes back by itself.

const IDLE = 30; // s without a touch, then the question
const COUNT = 20; // s to answer it
const SLOW = { idle: 90, count: 30 }; // for those who listen, or reach up from a wheelchair
const END = 10; // s after which the number's screen closes; longer where something is still to be read
const END_LONG = 60;

/** Watches the kiosk's clock; `rest` forgets the running times, `arrived` begins those of a new screen. */
export function keepTime(kiosk) {
  const dialog = document.getElementById("idle");
  let touchedAt = performance.now();
  let askedAt = null;
  let wasTouched = false;

  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, touched, true);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); stay(); });
  dialog.querySelector("[data-stay]").addEventListener("click", stay);
  dialog.querySelector("[data-leave]").addEventListener("click", leave);
  setInterval(look, 250);

  function touched() {
    touchedAt = performance.now();
    wasTouched = true;
  }

  function stay() {
    askedAt = null;
    touchedAt = performance.now();
    dialog.close();
  }

  function leave() {
    askedAt = null;
    dialog.close();
    kiosk.reset();
  }

  function look() {
    showClock();
    const now = performance.now();
    const { screen } = kiosk;
    const slow = screen.dataset.low === "yes" || screen.dataset.say === "yes";
    if (askedAt !== null) return countDown((slow ? SLOW.count : COUNT) - (now - askedAt) / 1000);
    if (kiosk.isAtStart || screen.inert) return;
    const quiet = (now - touchedAt) / 1000;
    if (screen.dataset.screen === "ticket" || screen.dataset.screen === "slip") {
      if (quiet >= ending(screen, slow)) kiosk.reset();
    } else if (quiet >= (slow ? SLOW.idle : IDLE)) ask();
  }

  function ask() {
    askedAt = performance.now();
    dialog.showModal();
    dialog.querySelector("[data-stay]").focus();
  }

  function countDown(left) {
    dialog.querySelector("[data-count]").textContent = Math.max(0, Math.ceil(left));
    if (left <= 0) leave();
  }

  // Waiting for paper, for a photo of the code, or for an answer takes longer than reading a number.
  function ending(screen, slow) {
    const { paper, way, print } = screen.dataset;
    if (["failed", "unknown", "due", "printing"].includes(paper) || way === "phone") return END_LONG;
    return slow || wasTouched || print === "button" ? IDLE : END;
  }

  return {
    arrived: () => { touchedAt = performance.now(); wasTouched = false; },
    rest: () => { askedAt = null; dialog.close(); },
  };
}

function showClock() {
  const clock = document.querySelector("[data-clock]");
  const zone = { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const words = new Intl.DateTimeFormat("ja", { ...zone, timeZone: clock?.dataset.clock || zone.timeZone }).format(new Date());
  if (clock && clock.textContent !== words) clock.textContent = words;
}
