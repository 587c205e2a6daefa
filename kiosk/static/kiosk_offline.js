// The kiosk without a server: gives the numbers that were lent to it, and hands in what it gave when the server is back.
// Screens come ready-made from the page `offline`, one template for each language and page of tiles.
import { openStore } from "./kiosk_store.js";

const PORTION = 50;
const LEND_AGAIN = 600_000; // ms
const WITHIN = 10_000;
const ENDPOINTS = "/api/v1/devices/kiosk";

/** `begin` says whether numbers can be given; `press` does what a control of an offline screen says; `heard` is for every pulse. */
export function keepOffline(kiosk, { office, outage: url }) {
  const store = openStore(office);
  let screens = null;
  let lentAt = -LEND_AGAIN;
  let busy = false;
  let said = plain();

  async function heard() {
    if (busy) return;
    busy = true;
    try {
      await handIn();
      if (performance.now() - lentAt >= LEND_AGAIN) await borrow();
    } catch {
      // The next pulse tries again; what was given stays until the server has answered for it.
    } finally {
      busy = false;
    }
  }

  async function borrow() {
    const { at, blocks } = await post("lease", { holder: await store.holder() });
    await store.keep(blocks, Date.parse(at));
    lentAt = performance.now();
    screens = kiosk.parse(await (await fetch(url, { cache: "no-store" })).text());
  }

  async function handIn() {
    for (let all = await store.given(); all.length > 0; all = await store.given()) {
      const portion = all.slice(0, PORTION);
      const given = portion.map(({ day, series, number, service, language, at }) => ({ day, series, number, service, language, at: new Date(at).toISOString() }));
      const { outcomes } = await post("given", { given });
      if (outcomes.length === portion.length) await store.forget(portion.map(({ id }) => id));
      lentAt = -LEND_AGAIN;
    }
  }

  async function begin() {
    try {
      screens ??= kiosk.parse(await (await fetch(url)).text());
      if (!(await store.hasNumbers())) return false;
      said = plain();
      return Boolean(template());
    } catch {
      return false;
    }
  }

  function start() {
    said = plain();
    kiosk.show(menu());
  }

  async function press(button) {
    const { give, ...asked } = button.dataset;
    if (give !== undefined) return number(button);
    for (const name of ["language", "group", "page", "low", "say"]) if (name in asked) said[name] = asked[name];
    if (asked.language) said = { ...said, group: "", page: "1" };
    kiosk.show(menu());
  }

  async function number(button) {
    const taken = await store.take(button.dataset.give, said.language);
    if (!taken) return kiosk.lose();
    const facts = { ...moments(taken.at), number: taken.text, label: button.dataset.label, service: button.dataset.service, area: button.dataset.area };
    const screen = filled(template("number"), facts);
    kiosk.show(dressed(screen));
    const slip = filled(template("slip"), facts);
    if (screen.dataset.print === "auto") kiosk.paper.printThis(slip);
    kiosk.paper.keepThis(slip);
  }

  function menu() {
    return dressed(copy(template("menu") ?? template()));
  }

  function dressed(screen) {
    Object.assign(screen.dataset, { low: said.low, say: said.say });
    screen.querySelectorAll("[data-when-low]").forEach((each) => { each.hidden = each.dataset.whenLow !== said.low; });
    screen.querySelectorAll("[data-when-say]").forEach((each) => { each.hidden = each.dataset.whenSay !== said.say; });
    return screen;
  }

  function template(kind = "menu") {
    const { language, group, page } = said;
    const place = kind === "menu" ? `[data-group="${CSS.escape(group)}"][data-page="${CSS.escape(page)}"]` : "";
    return screens?.querySelector(`template[data-kind="${kind}"][data-language="${CSS.escape(language)}"]${place}`);
  }

  async function post(name, body) {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answered = await fetch(`${ENDPOINTS}/${name}`, { cache: "no-store", signal: AbortSignal.timeout(WITHIN), ...options });
    if (!answered.ok) throw new Error(`status ${answered.status}`);
    return answered.json();
  }

  return { heard, begin, start, press, hasNumbers: store.hasNumbers };
}

function plain() {
  return { language: "ja", group: "", page: "1", low: "no", say: "no" };
}

function copy(template) {
  return document.importNode(template.content.firstElementChild, true);
}

function filled(template, facts) {
  const made = copy(template);
  for (const place of [made, ...made.querySelectorAll("[data-fill]")]) {
    if (place.dataset.fill) place.textContent = place.textContent.replace("◇", facts[place.dataset.fill] ?? "");
    if (place.dataset.fill && !place.textContent) place.remove();
  }
  return made;
}

// As `domain.slip` writes them.
function moments(at) {
  const zone = document.querySelector("[data-clock]")?.dataset.clock || "Asia/Tokyo";
  const day = new Intl.DateTimeFormat("ja-JP-u-ca-japanese", { timeZone: zone, era: "long", year: "numeric", month: "numeric", day: "numeric", weekday: "short" });
  const era = parts(day, at);
  const plain = parts(new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }), at);
  return {
    issued: `${era.era}${era.year}年${era.month}月${era.day}日(${era.weekday}) ${Number(plain.hour)}時${plain.minute}分`,
    issued_plain: `${plain.year}-${plain.month}-${plain.day} ${plain.hour}:${plain.minute}`,
  };
}

function parts(format, at) {
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}
