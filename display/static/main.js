// One screen over the counters: takes snapshots, keeps time, and draws what board.js, day.js and voice.js say.
import { watch } from "/static/live.js";
import { Board } from "./board.js";
import { Day } from "./day.js";
import { Device } from "./device.js";
import { drawAlert, drawClosed, drawFoot, drawHead, drawStale } from "./covers.js";
import { drawCalls } from "./draw.js";
import { drawPane } from "./pane.js";
import { drawReady } from "./ready.js";
import { fit } from "./layout.js";
import { drawMissed, drawQueues } from "./strips.js";
import { isEmergency, Voice } from "./voice.js";
import { ofZone } from "./zone.js";

const TICK_MS = 250;
const REFRESH_MS = 60_000; // hours and estimates change without an event
const FRESH_MS = 20_000;

const RETUNED = ["mode", "volume", "bands", "served", "pane"]; // what changes without a new page

const { snapshot: first, screen, texts } = JSON.parse(document.getElementById("facts").textContent);
const part = (id) => document.getElementById(id);
const day = new Day(screen, first.at);
const board = new Board(screen);
const device = new Device(screen);
let spokenAt = null; // when the voice last said a call, for staff
const voice = new Voice(screen, day, { chimeUrl: document.body.dataset.chime, onChange: spoken });
const size = fit(screen);

let link = null;
let snapshot = ofZone(first, screen);
let line = { state: "live", asOf: first.at };
let refreshedAt = performance.now();

board.take(snapshot, performance.now(), () => false);
voice.hear(snapshot);
part("start-voice").addEventListener("click", () => voice.unlock());
link = watch({ room: "board", office: screen.office }, take, {
  poll: `/api/v1/offices/${encodeURIComponent(screen.office)}/board?lang=ja`,
  version: first.version,
  markAfter: 2,
  silentAfter: 5,
  answerWithin: 3,
  staleAfter: 30,
  onConnection: connected,
});
setInterval(tick, TICK_MS);
render();

function take(fresh) {
  const gap = Date.parse(fresh.at) - Date.parse(snapshot.at);
  day.set(fresh.at);
  snapshot = ofZone(fresh, screen);
  line.asOf = fresh.at;
  const isYoung = (call) => Date.parse(fresh.at) - Date.parse(call.sounded_at) < FRESH_MS;
  board.take(snapshot, performance.now(), line.wasStale || gap > 2 * REFRESH_MS ? isYoung : undefined);
  voice.hear(snapshot);
  line.wasStale = false;
  render();
}

function connected(state, silence) {
  if (line.state === "stale" && state !== "stale") {
    line.wasStale = true;
    device.outageEnded();
  }
  if (line.state === "live" && state !== "live") line.asOf = new Date(day.now() - 1000 * silence).toISOString();
  line.state = state;
  render();
}

function spoken(state) {
  if (state.current) spokenAt = performance.now();
  board.follow(voice?.leads ? state.current : null, performance.now());
  device.hurry();
  render();
}

function tick() {
  board.advance(performance.now());
  if (line.state === "live") voice.stillHeard();
  voice.tick();
  device.tick(describe, (isConflict) => voice.quarrel(isConflict));
  if (performance.now() - refreshedAt > REFRESH_MS) refresh();
  render();
}

async function refresh() {
  refreshedAt = performance.now();
  link.refresh();
  await lookAtSetUp();
  if (!day.isTimeToReload() || snapshot.calls.length > 0 || line.state !== "live") return;
  // Only from a page that is there: a screen that reloads into an error stays dark until somebody comes.
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

// What this screen is may have been changed at a desk. Only zone, kind and size need a new page, and that waits for silence.
async function lookAtSetUp() {
  const answer = await fetch(`/display/${encodeURIComponent(screen.office)}/screen${location.search}`, { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = await answer.json();
  const isOther = Object.keys(fresh).some((key) => !RETUNED.includes(key) && JSON.stringify(fresh[key]) !== JSON.stringify(screen[key]));
  if (isOther && voice.isIdle && line.state === "live") location.reload();
  if (isOther) return;
  Object.assign(screen, fresh);
  voice.retune(screen);
}

function describe() {
  const { voice: state, alarms } = voice.report();
  const isFar = screen.distance > size.reach * 1.05;
  return {
    voice: state,
    alarms: isFar ? [...alarms, "too_far"] : alarms,
    details: { kind: screen.kind, mode: voice.mode, reach_m: Math.floor(size.reach), version: snapshot.version, line: line.state, ...lastSpoken() },
  };
}

function lastSpoken() {
  return spokenAt === null ? {} : { spoken_s_ago: Math.round((performance.now() - spokenAt) / 1000) };
}

function render() {
  if (!link) return;
  const now = day.now();
  const view = board.view();
  const emergencies = snapshot.notices.filter(isEmergency);
  const isDark = day.isOver(snapshot) && emergencies.length === 0;
  drawHead(part, { screen, time: day.time(), mark: markText() }, texts);
  if (screen.kind === "handover") drawReady(part("calls"), view, snapshot.ready, texts, now);
  else drawCalls(part("calls"), view, texts);
  drawBeside(view, isDark || emergencies.length > 0, now);
  drawMissed(part("missed"), { missed: snapshot.missed, notices: snapshot.notices.filter((notice) => !isEmergency(notice)) }, texts, now);
  drawQueues(part("queues"), snapshot.queues, texts, now);
  drawFoot(part("foot"), day.closing(snapshot), texts);
  drawClosed(part("cover"), isDark && { time: day.time(), opens: snapshot.opens_at && day.when(snapshot.opens_at) }, texts);
  drawAlert(part("alert"), emergencies.length > 0 && { emergencies, calls: view }, texts);
  drawStale(part("stale"), line.state === "stale" && day.time(Date.parse(line.asOf)), texts);
  drawStart();
  part("board").inert = isDark || emergencies.length > 0;
  part("board").dataset.mode = isDark ? "closed" : emergencies.length > 0 ? "emergency" : "open";
  const [x, y] = day.shift();
  document.body.style.transform = `translate(${x}px, ${y}px)`;
}

function drawBeside(view, isCovered, now) {
  const calls = view.rows.length + (view.hero ? 1 : 0);
  const slides = screen.kind === "calls" && !isCovered ? screen.pane : [];
  part("calls").toggleAttribute("data-pane", drawPane(part("pane"), slides, { calls, now }));
}

function markText() {
  const isMarked = line.state !== "live" && document.documentElement.hasAttribute("data-connection-mark");
  return isMarked ? `${texts.ja.reconnecting} ${day.time(Date.parse(line.asOf))}` : "";
}

function drawStart() {
  const button = part("start-voice");
  button.hidden = !voice.state.blocked;
  button.textContent = `${texts.ja.start_voice} ${texts.en.start_voice}`;
}

// For whoever stands before the screen with a keyboard, and for tests.
window.matazuDisplay = { announcements: () => voice.log, refresh: () => link.refresh(), lookAtSetUp };
