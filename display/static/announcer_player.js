// The sound of a browser: files for chime and words, the browser's own voice where the server has no files.
//
// Decides how one sound is made and when it is over. Leaves order and omissions to announcer.js. Every promise ends when
// the sound has ended, rejects with NotAllowedError when the browser wants a person's gesture first, and resolves to
// "silent" where there are neither files nor voice: the chime alone must then do, and the log tells.

import { voiceFor } from "/static/voices.js";

/** `files(call, language, form)` gives the loaded sounds that say a form of a call, or null. */
export function browserPlayer({ chimeUrl, volume = () => 1, files = () => null }) {
  const chime = preloaded(chimeUrl);
  let sounding = null;
  let turn = 0; // changes when whatever sounds is to end

  async function playFile(audio) {
    sounding?.pause();
    sounding = audio;
    audio.currentTime = 0;
    audio.volume = volume();
    const over = ended(audio);
    await audio.play();
    await over;
  }

  // One behind the other. What has begun is not begun again by another voice.
  async function playAll(audios, orElse) {
    const mine = ++turn;
    for (const [place, audio] of audios.entries()) {
      try {
        await playFile(audio);
      } catch (error) {
        if (error.name === "NotAllowedError" || place > 0) throw error;
        return orElse();
      }
      if (turn !== mine) return "played";
    }
    return "played";
  }

  function stop() {
    turn += 1;
    sounding?.pause();
    globalThis.speechSynthesis?.cancel();
  }

  return {
    stop,
    chime: () => playFile(chime),
    // Silent, so that asking whether sound is allowed makes none.
    check: async () => {
      chime.muted = false;
      chime.volume = 0;
      await chime.play();
      chime.pause();
    },
    unlock: () => chime.load(),
    say: async ({ call, language, form, text }) => {
      const browsers = () => speak(language, text, volume());
      const found = await files(call, language, form);
      return found?.length ? playAll(found, browsers) : browsers();
    },
  };
}

/** Whether this browser has a voice of its own for the language. */
export function hasVoice(language) {
  return Boolean(voiceFor(language));
}

function preloaded(url) {
  const audio = new Audio(url);
  audio.preload = "auto";
  return audio;
}

function ended(audio) {
  return new Promise((done, failed) => {
    audio.onended = () => done();
    audio.onpause = () => done();
    audio.onerror = () => failed(new Error(`cannot play ${audio.src}`));
  });
}

function speak(language, text, volume) {
  const voice = text && voiceFor(language);
  if (!voice) return Promise.resolve("silent");
  const words = Object.assign(new SpeechSynthesisUtterance(text), { voice, lang: voice.lang, volume });
  return new Promise((done, failed) => {
    words.onend = () => done();
    words.onerror = ({ error }) => failed(Object.assign(new Error(error), { name: nameOf(error) }));
    speechSynthesis.speak(words);
  });
}

function nameOf(error) {
  return error === "not-allowed" ? "NotAllowedError" : "Error";
}
