// The browser's own voices: which of them reads a language of ours.

const TAGS = {
  "ja-x-easy": ["ja"],
  "zh-Hans": ["zh-cn", "cmn-hans", "zh-hans"],
  "zh-Hant": ["zh-tw", "zh-hk", "cmn-hant", "zh-hant"],
  fil: ["fil", "tl"],
};

export function voiceFor(language) {
  const wanted = TAGS[language] ?? [language.toLowerCase()];
  const voices = globalThis.speechSynthesis?.getVoices() ?? [];
  return voices.find((voice) => wanted.some((tag) => voice.lang.toLowerCase().replace("_", "-").startsWith(tag)));
}
