// Lets the kiosk's page open without a server, after a reload or a power cut. Keeps the first screen, the screens for outages
// and the files they need, and nothing else: no number, no ticket, no slip ever comes near this cache.

const KEPT = "matazu-kiosk";
const BASE = new URL(registration.scope).pathname; // /kiosk/<office>
const PAGES = [BASE, `${BASE}/offline`, `${BASE}/size.css`];
const FILES = /^\/(?:kiosk\/)?static\//;
const WITHIN = 3_000; // ms: a line that stalls is no line

addEventListener("install", (event) => event.waitUntil(keepAll().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (PAGES.includes(pathname)) event.respondWith(newest(request, pathname));
  else if (FILES.test(pathname)) event.respondWith(kept(request));
});

async function keepAll() {
  const cache = await caches.open(KEPT);
  const page = await (await fetch(BASE, { cache: "no-store" })).text();
  const files = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path.replaceAll("&amp;", "&")).filter((path) => FILES.test(path));
  await cache.addAll([...PAGES, ...new Set(files)]);
}

// The page as the server has it now; as it was last seen where there is no server. What an unpaired browser sees is not kept.
async function newest({ url }, pathname) {
  const cache = await caches.open(KEPT);
  try {
    const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(WITHIN) });
    const isPlain = answer.ok && !new URL(url).search;
    if (isPlain && (pathname !== BASE || (await answer.clone().text()).includes('id="kiosk"'))) await cache.put(pathname, answer.clone());
    return answer;
  } catch (error) {
    const known = await cache.match(pathname);
    if (!known) throw error;
    return known;
  }
}

// Files whose address names their content are taken from here; the others follow the server.
async function kept(request) {
  const cache = await caches.open(KEPT);
  const known = await cache.match(request);
  if (known && new URL(request.url).searchParams.has("v")) return known;
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    if (!known) throw error;
    return known;
  }
}
