// A call read aloud in the set-up, by the browser's own voice where it has one for the language.

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-say]");
  if (!button || !globalThis.speechSynthesis) return;
  speechSynthesis.cancel();
  const words = new SpeechSynthesisUtterance(button.dataset.say);
  words.lang = button.lang === "ja-x-easy" ? "ja" : button.lang;
  speechSynthesis.speak(words);
});
