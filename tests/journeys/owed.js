// Our own checks of a page, beside those of axe: asked by accessibility.py. Each answers a list of what is wrong.
globalThis.owed = (() => {
  const PRESSED = "a[href], button, summary, select, textarea, input:not([type=hidden])";
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".visually-hidden, .skip-link, [inert]");
  const name = (each) => `${each.tagName.toLowerCase()} ${(each.textContent || each.name || "").trim().slice(0, 40)}`;
  const round = ({ width, height }) => `${Math.round(width)}x${Math.round(height)}`;

  // The label of a box to tick is pressed as well as the box; what counts is the larger of the two.
  function target(each) {
    const row = each.matches("[type=radio], [type=checkbox], [type=file]") ? each.closest("label") ?? each.labels?.[0] : null;
    return (row ?? each).getBoundingClientRect();
  }

  function inSentence(each) {
    if (!each.matches("a") || getComputedStyle(each).display !== "inline") return false;
    return [...each.parentElement.childNodes].some((part) => part !== each && part.textContent.trim());
  }

  function small(least) {
    return [...document.querySelectorAll(PRESSED)].filter((each) => shown(each) && !inSentence(each))
      .map((each) => [each, target(each)])
      .filter(([, box]) => box.width && (box.width < least - 0.5 || box.height < least - 0.5))
      .map(([each, box]) => `${name(each)} ${round(box)}`);
  }

  function cutOff(how) {
    const undo = { spaced, longer }[how]?.();
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    const cut = [...document.querySelectorAll("body *")].filter((each) => shown(each) && hides(each))
      .map((each) => `${name(each)} ${each.className} ${each.clientWidth}/${each.scrollWidth} ${each.clientHeight}/${each.scrollHeight}`);
    const widest = wide > 0 ? outside().slice(-2).map((each) => `${name(each)} .${each.className} makes the page ${wide} px too wide`) : [];
    undo?.();
    return [...widest, ...cut];
  }

  function outside() {
    const edge = document.documentElement.clientWidth + 1;
    return [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > edge && !each.closest(".table-scroll table"));
  }

  function hides(each) {
    const { overflowX, overflowY } = getComputedStyle(each);
    if (each.matches("input, select, textarea, svg *, video")) return false;
    return (/hidden|clip/.test(overflowX) && each.scrollWidth > each.clientWidth + 1)
      || (/hidden|clip/.test(overflowY) && each.scrollHeight > each.clientHeight + 1);
  }

  function spaced() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
    document.adoptedStyleSheets.push(sheet);
    return () => document.adoptedStyleSheets.pop();
  }

  // A translation may be longer than the Japanese: every word of the page grows, numbers do not.
  function longer() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const held = [];
    while (walker.nextNode()) held.push([walker.currentNode, walker.currentNode.data]);
    for (const [node, words] of held) {
      if (/\p{L}{2}/u.test(words) && !node.parentElement.closest("script, style")) node.data = words + words.trim().slice(0, Math.ceil(words.trim().length * 0.4));
    }
    return () => held.forEach(([node, words]) => { node.data = words; });
  }

  function stops() {
    const all = [...document.querySelectorAll(`${PRESSED}, [tabindex="0"]`)].filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({ visibilityProperty: true }));
    const wrong = [...document.querySelectorAll("[tabindex]")].filter((each) => each.tabIndex > 0).map((each) => `${name(each)} has a place of its own in the order`);
    let before = null;
    for (const each of all) {
      each.focus();
      if (document.activeElement !== each) continue; // one radio button of a group speaks for all of them
      if (!ringed(each)) wrong.push(`${name(each)} shows no ring of 3 px`);
      if (covered(each)) wrong.push(`${name(each)} is covered`);
      const box = pageBox(each);
      if (before && isBefore(box, before.box)) wrong.push(`${name(each)} stands before ${name(before.each)} and comes after it`);
      if (!each.matches(".skip-link")) before = { each, box };
    }
    document.activeElement?.blur();
    return wrong;
  }

  // The ring may be drawn round the row that holds the box to tick.
  function ringed(each) {
    return [each, each.parentElement, each.closest("label"), each.nextElementSibling].filter(Boolean).some((one) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 3;
    });
  }

  function covered(each) {
    const { left, top, right, bottom } = each.getBoundingClientRect();
    const [l, t, r, b] = [Math.max(left, 0), Math.max(top, 0), Math.min(right, innerWidth), Math.min(bottom, innerHeight)];
    if (r <= l || b <= t) return right > left; // the browser did not bring it into the window
    const [x, y] = [(l + r) / 2, (t + b) / 2];
    const top_ = document.elementFromPoint(x, y);
    return top_ !== null && !each.contains(top_) && !top_.contains(each) && !each.closest("label")?.contains(top_)
      && ![...(each.labels ?? [])].some((label) => label.contains(top_)) && ![...each.getClientRects()].some((line) => each.contains(document.elementFromPoint(line.left + line.width / 2, line.top + line.height / 2)));
  }

  function pageBox(each) {
    const { left, right, top, bottom } = each.getBoundingClientRect();
    return { left: left + scrollX, right: right + scrollX, top: top + scrollY, bottom: bottom + scrollY };
  }

  // Before: wholly above in the same column, or wholly left in the same row. Columns may be walked one after the other.
  function isBefore(a, b) {
    const sameColumn = a.left < b.right - 1 && b.left < a.right - 1;
    const sameRow = a.top < b.bottom - 4 && b.top < a.bottom - 4;
    return (sameColumn && a.bottom <= b.top + 1) || (sameRow && a.right <= b.left + 1);
  }

  return { small, cutOff, stops };
})();
