// What a kiosk remembers for the time without a server: leased numbers, and which of them it gave for which service. Never
// anything about a person. Kept in IndexedDB and written through to the disk before a number is shown: a machine that loses
// its power the second after must not give the same number again.

const NAME = "matazu-kiosk";

/** The store of one office's kiosk. Times are milliseconds of the server's clock. */
export function openStore(office) {
  const opened = open();

  /** Who this browser is when it asks for numbers; made once. */
  async function holder() {
    return change(["facts"], async ({ facts }) => {
      const known = await answer(facts.get("holder"));
      const mine = known ?? crypto.randomUUID();
      if (!known) facts.put(mine, "holder");
      return mine;
    });
  }

  /** Take in what the server lent; blocks whose day is over go. */
  async function keep(blocks, at) {
    await change(["facts", "blocks"], async ({ facts, blocks: kept }) => {
      facts.put({ skew: at - Date.now(), heardAt: at }, "clock");
      for (const { office: of, id, spans } of await answer(kept.getAll())) {
        if (of === office && spans.every(([, until]) => until < at)) kept.delete(id);
      }
      for (const block of blocks) {
        const id = [office, block.day, block.series, block.first].join("|");
        const known = await answer(kept.get(id));
        const spans = block.spans.map((span) => span.map(Date.parse));
        kept.put({ ...block, id, office, spans, next: known?.next ?? block.first });
      }
    });
  }

  /** The next number for a service, on the disk when the promise is kept; null where none may be given. */
  async function take(service, language) {
    return change(["facts", "blocks", "given"], async ({ facts, blocks, given }) => {
      const now = await clock(facts);
      const block = now && usable(await answer(blocks.getAll()), now);
      if (!block) return null;
      const { day, series, next: number } = block;
      blocks.put({ ...block, next: number + 1 });
      const id = [office, day, series, number].join("|");
      given.put({ id, office, day, series, number, service, language, at: now });
      return { text: `${series}${String(number).padStart(3, "0")}`, at: now };
    });
  }

  /** Whether a number could be given at this moment. */
  async function hasNumbers() {
    return change(["facts", "blocks"], async ({ facts, blocks }) => {
      const now = await clock(facts);
      return Boolean(now && usable(await answer(blocks.getAll()), now));
    });
  }

  /** What was given and not yet handed in, oldest first. */
  async function given() {
    return change(["given"], async ({ given: all }) =>
      (await answer(all.getAll())).filter((each) => each.office === office).sort((a, b) => a.at - b.at));
  }

  async function forget(ids) {
    await change(["given"], ({ given: all }) => ids.forEach((id) => all.delete(id)));
  }

  function usable(blocks, now) {
    const open = ({ spans }) => spans.some(([from, until]) => from <= now && now < until);
    return blocks.filter((each) => each.office === office && each.next <= each.last && open(each)).sort((a, b) => a.first - b.first)[0];
  }

  async function change(names, work) {
    const transaction = (await opened).transaction(names, "readwrite", { durability: "strict" });
    const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
    const [result] = await Promise.all([work(stores), done(transaction)]);
    return result;
  }

  return { holder, keep, take, hasNumbers, given, forget };
}

// The server's time by this machine's clock; null when that clock has gone back since the server was heard: a machine whose
// battery is dead wakes up years ago.
async function clock(facts) {
  const known = await answer(facts.get("clock"));
  const now = Date.now() + (known?.skew ?? 0);
  return known && now >= known.heardAt ? now : null;
}

async function open() {
  const asked = indexedDB.open(NAME, 1);
  asked.addEventListener("upgradeneeded", () => {
    asked.result.createObjectStore("facts");
    asked.result.createObjectStore("blocks", { keyPath: "id" });
    asked.result.createObjectStore("given", { keyPath: "id" });
  });
  return answer(asked);
}

function answer(asked) {
  return new Promise((resolve, reject) => {
    asked.addEventListener("success", () => resolve(asked.result));
    asked.addEventListener("error", () => reject(asked.error));
  });
}

function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", resolve);
    for (const name of ["error", "abort"]) transaction.addEventListener(name, () => reject(transaction.error));
  });
}
