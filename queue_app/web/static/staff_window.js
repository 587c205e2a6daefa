// The small window of a counter. Where the browser can, it stays above all other windows; everywhere else it is a plain popup.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-small-window]");
  if (!link) return;
  const [width, height] = link.dataset.smallWindow.split(",").map(Number);
  if ("documentPictureInPicture" in globalThis) {
    event.preventDefault();
    float(link.href, { width, height }).catch(() => popUp(link.href, { width, height }));
  } else if (popUp(link.href, { width, height })) event.preventDefault();
});

async function float(url, size) {
  const small = await globalThis.documentPictureInPicture.requestWindow(size);
  const frame = small.document.createElement("iframe");
  const sheet = small.document.createElement("link");
  Object.assign(sheet, { rel: "stylesheet", href: document.querySelector("link[href*=staff_console]").href });
  Object.assign(frame, { src: url, title: document.title });
  small.document.head.append(sheet);
  small.document.body.className = "floating";
  small.document.body.append(frame);
}

function popUp(url, { width, height }) {
  return window.open(url, "mini", `popup,width=${width},height=${height}`);
}
