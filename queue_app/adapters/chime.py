"""The two falling tones before an announcement: our own, made from sine waves, the same bytes on every machine.

Decides the sound. Three decibels below full scale, where the voice is set too: a chime that is louder than the words
makes people turn the whole thing down. Written into the static folder by `python -m queue_app.adapters.chime FILE`.
"""

from __future__ import annotations

import io
import math
import struct
import sys
import wave
from pathlib import Path

RATE = 22_050
SECONDS = 1.0
LEVEL = 10 ** (-3 / 20)
TONES = ((0.0, 659.255), (0.42, 523.251))
"""When each tone begins (s) and its pitch (Hz): E5, C5."""

OVERTONES = ((1, 1.0), (2, 0.25), (3, 0.08))
ATTACK_S, DECAY_S, RELEASE_S = 0.008, 0.32, 0.05


def chime() -> bytes:
    """A WAV file: one second, one channel, 16 bits."""
    wished = [_sample(index / RATE) for index in range(round(RATE * SECONDS))]
    loudest = max(map(abs, wished))
    samples = [round(32_767 * LEVEL * value / loudest) for value in wished]
    return wav(struct.pack(f"<{len(samples)}h", *samples), rate=RATE)


def wav(frames: bytes, *, rate: int) -> bytes:
    """16-bit samples of one channel as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(frames)
    return file.getvalue()


def _sample(at: float) -> float:
    struck = (_tone(at - start, pitch) for start, pitch in TONES if at >= start)
    return sum(struck) * min(1.0, (SECONDS - at) / RELEASE_S)


def _tone(at: float, pitch: float) -> float:
    """A struck bar: quickly there, dying away, with two overtones."""
    swing = sum(part * math.sin(2 * math.pi * order * pitch * at) for order, part in OVERTONES)
    return swing * min(1.0, at / ATTACK_S) * math.exp(-at / DECAY_S)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(chime())
