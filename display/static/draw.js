// From plain values to the page, by text content only. A part is built anew only when what it shows has changed.

const ARROWS = { left: "◀", right: "▶", straight: "▲" };
const drawn = new WeakMap();

/** An element with a class, text or children. */
export function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

/** Put what `build` makes into the place, unless it shows the same value already. */
export function put(place, value, build) {
  const key = JSON.stringify(value);
  if (drawn.get(place) === key) return false;
  drawn.set(place, key);
  place.replaceChildren(...[build(value)].flat());
  return true;
}

/** Makes the texts of a box smaller until they fit; its style sheet multiplies sizes by --fit. */
export function shrinkToFit(box) {
  for (let share = 1; share > 0.3; share -= 0.05) {
    box.style.setProperty("--fit", share);
    if (box.scrollHeight <= box.clientHeight) return;
  }
}

export function foreign(text, className = "other", language = "en") {
  const element = make("span", className, text);
  element.lang = language;
  return element;
}

/** The large call and the list of the others. */
export function drawCalls(place, view, texts) {
  place.dataset.columns = view.columns;
  place.dataset.calls = view.rows.length + (view.hero ? 1 : 0);
  put(place, view, ({ hero, rows, more }) => [
    hero ? heroBlock(hero, texts) : make("div", "nobody", make("p", "nobody__text", texts.ja.nobody), foreignLine(texts.en.nobody)),
    rows.length > 0 ? rowList(rows, more, texts) : "",
  ]);
}

export function heroBlock(hero, texts) {
  const block = make(
    "div",
    "hero",
    make("p", "hero__part hero__part--number", caption(texts, "number", hero.isHandover), digits("hero__number", hero.number)),
    make("p", "hero__part hero__part--counter", caption(texts, "counter"), counterPlace("hero__counter", hero)),
  );
  block.dataset.call = hero.id;
  block.dataset.event = hero.event;
  block.classList.toggle("is-calling", hero.isCalling);
  return block;
}

function rowList(rows, more, texts) {
  const list = make("ul", "rows", ...rows.map((row) => rowOf(row, texts)));
  const head = make("p", "rows__head", make("span", "", texts.ja.number), make("span", "", texts.ja.counter));
  const rest = more.length > 0 ? make("p", "rows__more", `${texts.ja.more} ${more.join(" ")}`) : "";
  return make("div", "list", head, list, rest);
}

function rowOf(row, texts) {
  const element = make(
    "li",
    "row",
    digits("row__number", row.number),
    counterPlace("row__counter", row),
    row.isHandover ? make("span", "tag", texts.ja.handover) : "",
  );
  element.dataset.call = row.id;
  element.classList.toggle("is-hero", row.isHero);
  return element;
}

function caption(texts, key, isHandover = false) {
  const beside = isHandover ? make("span", "tag tag--hero", texts.ja.handover) : foreign(texts.en[key]);
  return make("span", "hero__caption", texts.ja[key], " ", beside);
}

// The count of signs lets the style sheet keep long numbers and named places inside their column.
export function digits(className, text) {
  const element = make("span", className, text);
  element.style.setProperty("--signs", [...text].reduce((sum, sign) => sum + (sign > "\u2e80" ? 1.7 : 1), 0));
  return element;
}

// The arrow belongs to the counter: it says where in the hall it is.
function counterPlace(className, { counter, direction }) {
  const arrow = make("span", "place__arrow", ARROWS[direction] ?? ARROWS.right);
  arrow.setAttribute("aria-hidden", "true");
  return make("span", `place ${className}`, arrow, digits("place__name", counter));
}

function foreignLine(text) {
  const line = make("p", "nobody__other", text);
  line.lang = "en";
  return line;
}
