// What a test puts into a display's browser before its page: a loudspeaker whose sounds last on the page's own clock, and a
// notebook of which number was large when. The page's code is the real one; only the sound card and the voice are ours.
(() => {
  const CHIME_MS = 1000;
  const PER_SIGN_MS = 120;
  const hall = { sounds: [], heroes: [], isBlocked: false };
  window.hall = hall;

  const start = (what, volume) => {
    const sound = { what, volume, start: performance.now(), end: null };
    hall.sounds.push(sound);
    return () => (sound.end = performance.now());
  };

  HTMLMediaElement.prototype.play = async function play() {
    if (hall.isBlocked || sessionStorage.getItem("blocked")) throw new DOMException("gesture wanted", "NotAllowedError");
    if (this.volume === 0) return;
    const stop = start(this.src.includes("chime") ? "chime" : decodeURIComponent(this.src.split("/").at(-1)), this.volume);
    setTimeout(() => {
      stop();
      this.onended?.();
    }, CHIME_MS);
  };
  HTMLMediaElement.prototype.pause = () => {};

  const voice = { lang: "ja-JP", name: "test" };
  Object.defineProperty(window, "SpeechSynthesisUtterance", {
    value: class {
      constructor(text) {
        this.text = text;
      }
    },
  });
  Object.defineProperty(window, "speechSynthesis", {
    value: {
      getVoices: () => [voice],
      cancel: () => {},
      speak: (words) => {
        const stop = start(words.text);
        setTimeout(() => {
          stop();
          words.onend();
        }, PER_SIGN_MS * words.text.length);
      },
    },
  });

  const look = () => {
    const hero = document.querySelector(".hero.is-calling");
    if (hero && hall.heroes.at(-1)?.event !== hero.dataset.event) {
      hall.heroes.push({ event: hero.dataset.event, number: hero.querySelector(".hero__number").textContent, at: performance.now() });
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
})();
