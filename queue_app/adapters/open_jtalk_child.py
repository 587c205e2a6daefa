"""Speaks for the server in a process of its own: a line of JSON in, the length and the bytes of a WAV file out.

Runs under the Python that has the optional voice (`make voice`), so it imports nothing of Matazu: a dictionary of
200 MB and a second of loading stay out of the processes that serve. Decides how a phrase is cut and how loud it is;
leaves which phrases to `services.speech_room`. The voice "Mei" is by the MMDAgent project, CC BY 3.0.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import struct
import sys
import wave
from typing import Any

LOUDEST = 10 ** (-3 / 20)
"""Three decibels below full scale, as the chime."""
SILENT = 0.01
HEAD_S, TAIL_S, FADE_S = 0.02, 0.12, 0.005
"""What is left of the silence before and after: phrases are played one behind the other."""


def main() -> None:
    os.nice(10)  # calls and consoles come first
    engine = importlib.import_module("pyopenjtalk")
    out = sys.stdout.buffer
    for line in sys.stdin:
        samples, rate = engine.tts(json.loads(line))
        sound = wav(*tidy(samples, rate))
        out.write(struct.pack(">I", len(sound)) + sound)
        out.flush()


def tidy(samples: Any, rate: int) -> tuple[Any, int]:
    """Half the rate, silence cut away, as loud as the chime."""
    import numpy

    samples = samples[: len(samples) // 2 * 2].reshape(-1, 2).mean(axis=1)
    rate //= 2
    loudest = float(numpy.abs(samples).max()) or 1.0
    heard = numpy.flatnonzero(numpy.abs(samples) > SILENT * loudest)
    if heard.size:
        samples = samples[max(0, heard[0] - int(HEAD_S * rate)) : heard[-1] + int(TAIL_S * rate)]
    fade = min(int(FADE_S * rate), len(samples))
    samples = samples.copy()
    samples[:fade] *= numpy.linspace(0, 1, fade)
    samples[len(samples) - fade :] *= numpy.linspace(1, 0, fade)
    return (samples / loudest * LOUDEST * 32_767).astype("<i2"), rate


def wav(samples: Any, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


if __name__ == "__main__":
    main()
