// Keeps one room in view: every message is the room's whole state with a growing version, so loss and repetition heal themselves.
// When the socket is silent the same state is polled as JSON. What a page does with a snapshot, and how it says that the view
// is old, is the page's own business: it gets callbacks and the attributes data-connection and data-connection-mark.
import { io } from "./vendor/socket.io/socket.io.esm.min.js";

const DEFAULTS = {
  poll: null, // address of the snapshot as JSON, for when the socket is silent
  auth: {}, // {token} for devices
  version: null, // of what the page already shows
  element: document.documentElement, // carries data-connection
  markAfter: 5, // seconds until data-connection-mark: the socket is gone
  staleAfter: 60, // seconds until "stale": nothing was heard at all
  silentAfter: 20, // seconds of silence on an open socket before it is asked for a sign of life
  answerWithin: 4, // seconds until a question without an answer counts as lost
  pollEvery: [10, 15], // seconds between polls, drawn anew each time
  onConnection: () => {}, // (state, secondsSinceHeard)
  onRefused: () => {}, // (code): the server will not show this room
};

let shared = null;

/** Follow a room: target is {room, office?, counter?, token?}; onSnapshot(snapshot) is called for each newer one.
 *  Returns {stop, refresh}; refresh asks at once. */
export function watch(target, onSnapshot, options = {}) {
  const link = {
    ...DEFAULTS, ...options, target, onSnapshot,
    socket: connect(options.auth), at: null, heardAt: performance.now(), socketHeardAt: 0, polledAt: 0, lostAt: null,
    failures: 0, polling: false, probing: false, pollDue: performance.now() + 3000, state: null, refused: false,
  };
  const listeners = {
    connect: () => { link.refused = false; ask(link); },
    // Not all at the same moment, when a server with many screens restarts.
    disconnect: () => { link.socketHeardAt = 0; link.pollDue = performance.now() + 1000 * Math.random(); look(link); },
    [target.room]: (snapshot) => { if (concerns(link, snapshot)) { socketHeard(link); take(link, snapshot); } },
  };
  const ping = () => { if (link.socketHeardAt) socketHeard(link); };
  for (const [name, heard] of Object.entries(listeners)) link.socket.on(name, heard);
  link.socket.io.on("ping", ping);
  const retry = () => { link.pollDue = 0; look(link); };
  addEventListener("online", retry);
  addEventListener("offline", listeners.disconnect);
  if (link.socket.connected) ask(link);
  const clock = setInterval(() => look(link), 500);
  look(link);
  return {
    refresh: () => (link.socket.connected ? ask(link) : poll(link)),
    stop() {
      clearInterval(clock);
      for (const [name, heard] of Object.entries(listeners)) link.socket.off(name, heard);
      link.socket.io.off("ping", ping);
      removeEventListener("online", retry);
      removeEventListener("offline", listeners.disconnect);
    },
  };
}

// Websocket first: with several workers it is the only transport that stays with one of them.
function connect(auth = {}) {
  if (shared) return shared;
  shared = io({ transports: ["websocket", "polling"], tryAllTransports: true, auth, reconnectionDelayMax: 5000 });
  // Whoever has logged in anew is somebody else to the server than the socket says.
  document.addEventListener("matazu:reconnect", () => shared.disconnect().connect());
  return shared;
}

// Asking to watch again is also how a reconnected or silent socket is tested: the answer is the present state.
function ask(link) {
  if (link.probing || link.refused) return;
  link.probing = true;
  link.socket.timeout(1000 * link.answerWithin).emit("watch", link.target, (lost, answer) => {
    link.probing = false;
    if (lost) link.socketHeardAt = 0;
    else if (answer.ok) { socketHeard(link); take(link, answer.snapshot); }
    else { link.refused = true; link.onRefused(answer.code); }
    look(link);
  });
}

async function poll(link) {
  if (link.polling || !link.poll) return;
  link.polling = true;
  try {
    const headers = link.auth.token ? { Authorization: `Bearer ${link.auth.token}` } : {};
    const answer = await fetch(link.poll, { headers, cache: "no-store", signal: AbortSignal.timeout(1000 * link.answerWithin) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const snapshot = await answer.json();
    link.polledAt = performance.now();
    heard(link);
    take(link, snapshot);
  } catch {
    link.failures += 1;
  } finally {
    link.polling = false;
    link.pollDue = performance.now() + pause(link);
    look(link);
  }
}

// After a failure soon again, then later and later, each screen at its own moment.
function pause({ failures, pollEvery: [least, most] }) {
  const usual = 1000 * (least + Math.random() * (most - least));
  return failures ? Math.min(usual, 1000 * 2 ** (failures - 1) * (0.5 + Math.random())) : usual;
}

// Two watches of one kind share the socket: a message names its office and, if it has one, its counter.
function concerns({ target }, snapshot) {
  return ["office", "counter"].every((key) => !target[key] || typeof snapshot[key] !== "string" || snapshot[key] === target[key]);
}

function take(link, snapshot) {
  if (link.version !== null && snapshot.version < link.version) return;
  const same = snapshot.version === link.version && snapshot.at === link.at;
  [link.version, link.at] = [snapshot.version, snapshot.at];
  if (!same) link.onSnapshot(snapshot);
}

function socketHeard(link) {
  link.socketHeardAt = performance.now();
  heard(link);
}

function heard(link) {
  link.heardAt = performance.now();
  link.failures = 0;
}

function look(link) {
  const now = performance.now();
  const live = link.socket.connected && link.socketHeardAt > 0;
  if (live) link.lostAt = null;
  else link.lostAt ??= now;
  if (link.socket.connected && navigator.onLine && now - link.socketHeardAt > link.silentAfter * 1000) ask(link);
  if (!live && now >= link.pollDue) poll(link);
  show(link, live ? "live" : isOld(link, now) ? "stale" : "polling", (now - link.heardAt) / 1000);
  link.element.toggleAttribute("data-connection-mark", !live && now - link.lostAt >= link.markAfter * 1000);
}

// Between two polls that both succeed the view is as fresh as promised, however strict the page's threshold.
function isOld({ heardAt, polledAt, lostAt, failures, staleAfter, pollEvery, answerWithin }, now) {
  const polled = failures === 0 && polledAt > lostAt && now - polledAt < 1000 * (pollEvery[1] + answerWithin);
  return !polled && now - heardAt >= staleAfter * 1000;
}

function show(link, state, silence) {
  if (state === link.state) return;
  link.state = state;
  link.element.dataset.connection = state;
  link.onConnection(state, silence);
}
