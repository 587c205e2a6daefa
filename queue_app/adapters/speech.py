"""Phrases as sound files, made ahead on the office's own machine.

Decides where a phrase's file lies: a name made from voice and text, so that the same words are never made twice and a
changed sentence gets a new file. Leaves the words to `domain.announcement` and when they are made to
`services.speech_room`. The synthesiser is an extra with a Python of its own (`make voice`: pyopenjtalk-plus, Japanese
only; its voice "Mei" is by the MMDAgent project, CC BY 3.0); without it the displays play recordings, the browser's
voice, or the chime alone.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

Synthesise = Callable[[str], bytes]
"""Text in, WAV file out."""

VOICE = "mei"
CHILD = Path(__file__).with_name("open_jtalk_child.py")
LARGEST_SOUND = 20_000_000


class Speech:
    """A folder of spoken phrases and, if there is one, the synthesiser that fills it."""

    def __init__(self, folder: Path, *, voice: str = VOICE, synthesise: Synthesise | None = None) -> None:
        self.folder, self.voice, self._synthesise = folder, voice, synthesise

    def available(self) -> bool:
        """Whether new phrases can be made; what lies in the folder can be played either way."""
        return self._synthesise is not None

    def known(self, text: str) -> str | None:
        """The name of the file that says this text, if it has been made."""
        name = clip_name(text, self.voice)
        return name if (self.folder / name).exists() else None

    def clip(self, text: str) -> Path | None:
        """The file that says this text, made now if need be; `None` without a synthesiser. Takes up to a second."""
        path = self.folder / clip_name(text, self.voice)
        if path.exists():
            return path
        if self._synthesise is None:
            return None
        write_whole(path, self._synthesise(text))
        return path

    def rest(self) -> None:
        """Nothing more to say for now: the synthesiser may give its memory back."""
        rest = getattr(self._synthesise, "rest", None)
        if rest is not None:
            rest()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this process may make the phrases of the day; of several workers one does."""
        import fcntl

        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True


class ChildVoice:
    """The synthesiser in a process of its own, started at the first phrase. One phrase at a time."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._child: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def __call__(self, text: str) -> bytes:
        with self._one_at_a_time:
            try:
                return self._ask(text)
            except (OSError, struct.error, EOFError):
                self._end()
                raise SpeechFailed from None

    def rest(self) -> None:
        with self._one_at_a_time:
            self._end()

    def _ask(self, text: str) -> bytes:
        if self._child is None or self._child.poll() is not None:
            self._child = self._start()
        ears, mouth = self._child.stdin, self._child.stdout
        assert ears is not None and mouth is not None
        ears.write(json.dumps(text).encode() + b"\n")
        ears.flush()
        (length,) = struct.unpack(">I", mouth.read(4))
        if length > LARGEST_SOUND:
            raise EOFError
        sound: bytes = mouth.read(length)
        if len(sound) < length:
            raise EOFError
        return sound

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the operator named this Python, and the script is ours
            [str(self._python), "-I", "-W", "ignore", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        child.kill()
        child.wait()


class SpeechFailed(RuntimeError):
    """The synthesiser said nothing. The phrase is tried again later."""


def local_speech(folder: Path, python: Path | None) -> Speech:
    """Speech with the synthesiser of this machine, if it is installed. Looking does not load it."""
    return Speech(folder, synthesise=ChildVoice(python) if python is not None else None)


def clip_name(text: str, voice: str = VOICE) -> str:
    """The file name of a phrase: says nothing about its words, the same on every machine."""
    return sha256(f"{voice}\0{text}".encode()).hexdigest()[:32] + ".wav"


def write_whole(path: Path, content: bytes) -> None:
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
