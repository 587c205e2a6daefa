// The sound of a browser: files for chime and recorded clips, the browser's own voice where there is no clip.
//
// Decides how one sound is made and when it is over. Leaves order and omissions to announcer.js. Every promise ends when
// the sound has ended, rejects with NotAllowedError when the browser wants a person's gesture first, and resolves to
// "silent" where there is neither clip nor voice: the chime alone must then do, and the log tells.

const VOICES = {
  "ja-x-easy": ["ja"],
  "zh-Hans": ["zh-cn", "cmn-hans", "zh-hans"],
  "zh-Hant": ["zh-tw", "zh-hk", "cmn-hant", "zh-hant"],
  fil: ["fil", "tl"],
};

export function browserPlayer({ chimeUrl, volume = () => 1 }) {
  const chime = preloaded(chimeUrl);
  let sounding = null;

  async function playFile(audio) {
    stop();
    sounding = audio;
    audio.currentTime = 0;
    audio.volume = volume();
    const over = ended(audio);
    await audio.play();
    await over;
  }

  function stop() {
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
    say: async ({ language, text, clip }) => {
      if (!clip) return speak(language, text, volume());
      try {
        return await playFile(preloaded(clip));
      } catch (error) {
        if (error.name === "NotAllowedError") throw error;
        return speak(language, text, volume());
      }
    },
  };
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

function voiceFor(language) {
  const wanted = VOICES[language] ?? [language.toLowerCase()];
  const voices = globalThis.speechSynthesis?.getVoices() ?? [];
  return voices.find((voice) => wanted.some((tag) => voice.lang.toLowerCase().replace("_", "-").startsWith(tag)));
}

function nameOf(error) {
  return error === "not-allowed" ? "NotAllowedError" : "Error";
}
