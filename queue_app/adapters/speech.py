"""Sentences as sound files, made ahead on the office's own machine.

Decides where a sentence's file lies: a name made from voice and text, so that the same words are never made twice and a
changed sentence gets a new file. Leaves the words to `domain.announcement`. The synthesiser is an extra (package
`pyopenjtalk-plus`, Japanese only; its voice "Mei" is by the MMDAgent project, CC BY 3.0); without it the displays play
the chime and, where the browser has a voice, the browser's.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from queue_app.adapters.chime import wav

Synthesise = Callable[[str], bytes]
"""Text in, WAV file out."""

VOICE = "mei"


class Speech:
    """A folder of spoken sentences and, if there is one, the synthesiser that fills it."""

    def __init__(self, folder: Path, *, voice: str = VOICE, synthesise: Synthesise | None = None) -> None:
        self.folder, self.voice, self._synthesise = folder, voice, synthesise

    def available(self) -> bool:
        """Whether new sentences can be made; what lies in the folder can be played either way."""
        return self._synthesise is not None

    def clip(self, text: str) -> Path | None:
        """The file that says this text, made now if need be; `None` without a synthesiser. Takes up to a second."""
        path = self.folder / clip_name(text, self.voice)
        if path.exists():
            return path
        if self._synthesise is None:
            return None
        _write_whole(path, self._synthesise(text))
        return path


def local_speech(folder: Path) -> Speech:
    """Speech with the synthesiser of this machine, if it is installed. Looking does not load it."""
    found = importlib.util.find_spec("pyopenjtalk") is not None
    return Speech(folder, synthesise=_open_jtalk if found else None)


def clip_name(text: str, voice: str = VOICE) -> str:
    """The file name of a sentence: says nothing about its words, the same on every machine."""
    return sha256(f"{voice}\0{text}".encode()).hexdigest()[:32] + ".wav"


def _open_jtalk(text: str) -> bytes:
    # Loaded at the first sentence: the dictionary takes a second and 200 MB that most processes never need.
    engine = importlib.import_module("pyopenjtalk")
    samples, rate = engine.tts(text)
    return wav(samples.clip(-32_768, 32_767).astype("<i2").tobytes(), rate=rate)


def _write_whole(path: Path, content: bytes) -> None:
    """Under a name of its own first: a display must never fetch half a sentence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
