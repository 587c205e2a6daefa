// Notifications on this phone: asks the browser for an address to write to and sends it with the form. Where the browser
// cannot do that, the sentence in the page stays, which names the other ways.

const form = document.querySelector("[data-push-key]");
const said = document.querySelector("[data-push-said]");
const trusted = globalThis.trustedTypes?.createPolicy("matazu", { createScriptURL: (url) => url }) ?? { createScriptURL: (url) => url };

if (form && "serviceWorker" in navigator && "PushManager" in globalThis) {
  form.hidden = false;
  said.textContent = "";
  form.addEventListener("submit", (event) => {
    if (form.elements.subscription.value) return;
    event.preventDefault();
    subscribe().then((subscription) => {
      form.elements.subscription.value = subscription;
      form.submit();
    }, () => { said.textContent = said.dataset.refused; });
  });
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("not granted");
  // The address comes from our own page, which the server has written.
  await navigator.serviceWorker.register(trusted.createScriptURL(form.dataset.pushWorker));
  const worker = await activated();
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.pushKey) });
  const { endpoint, keys: { p256dh, auth } } = made.toJSON();
  return JSON.stringify({ endpoint, p256dh, auth });
}

// `serviceWorker.ready` waits for a worker that governs this page; ours lives beside the static files and governs none.
async function activated() {
  const registration = await navigator.serviceWorker.getRegistration(new URL(form.dataset.pushWorker, location.href).href);
  const worker = registration.installing ?? registration.waiting;
  if (worker && !registration.active) {
    await new Promise((done) => worker.addEventListener("statechange", () => worker.state === "activated" && done()));
  }
  return registration;
}

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (char) => char.codePointAt(0));
}
