// The small sum asked for during a rush: tries numbers until one fits, then sends the form by itself. Without this
// script, or where a browser offers no digest (a page without TLS), the person waits and presses the button.

const form = document.querySelector("[data-proof]");
const encoder = new TextEncoder();

async function digest(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function solve(salt, wanted, largest) {
  for (let number = 0; number < largest; number += 1) {
    if (await digest(`${salt}${number}`) === wanted) return number;
  }
  return null;
}

if (form && globalThis.crypto?.subtle) {
  const { salt, digest: wanted, largest } = form.dataset;
  solve(salt, wanted, Number(largest)).then((number) => {
    if (number === null) return;
    form.elements.proof.value += number;
    form.requestSubmit();
  });
}
