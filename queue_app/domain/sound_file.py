"""Whether a file that somebody brings is a sound that every browser plays: WAV, OGG or MP3, short and small.

Decides by what is in the file, never by its name or what the browser said about it. Keeps the sound alone where that
can be done simply: a WAV is written anew from its samples, an MP3 loses its tags. Source: RFC 3533 (Ogg), ISO 11172-3.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass

from queue_app.domain.errors import Invalid

LARGEST = 600_000
"""Bytes: ten seconds of uncompressed speech at 24 kHz, with room."""
LONGEST_S = 12.0
SHORTEST_S = 0.05


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A sound as it is kept."""

    kind: str
    seconds: float
    content: bytes


def check_sound(content: bytes, field: str = "files") -> SoundFile:
    """The sound in these bytes; refuses by field `too_large`, `not_a_sound`, `too_long`."""
    if len(content) > LARGEST:
        raise Invalid.field(field, "sound_too_large", longest=LARGEST // 1000)
    try:
        sound = _opened(content)
    except (ValueError, EOFError, IndexError, wave.Error):
        raise Invalid.field(field, "not_a_sound") from None
    if not SHORTEST_S <= sound.seconds <= LONGEST_S:
        raise Invalid.field(field, "sound_too_long", longest=int(LONGEST_S))
    return sound


def _opened(content: bytes) -> SoundFile:
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return _wav(content)
    if content[:4] == b"OggS":
        return SoundFile("ogg", _ogg_seconds(content), content)
    frames = _without_tags(content)
    return SoundFile("mp3", _mp3_seconds(frames), frames)


def _wav(content: bytes) -> SoundFile:
    with wave.open(io.BytesIO(content)) as sound:
        channels, width, rate, count, *_ = sound.getparams()
        samples = sound.readframes(count)
    if width not in (1, 2, 3) or channels not in (1, 2) or not 8_000 <= rate <= 96_000:
        raise ValueError
    file = io.BytesIO()
    with wave.open(file, "wb") as kept:
        kept.setnchannels(channels)
        kept.setsampwidth(width)
        kept.setframerate(rate)
        kept.writeframes(samples)
    return SoundFile("wav", len(samples) / (channels * width * rate), file.getvalue())


def _ogg_seconds(content: bytes) -> float:
    """From the last page's position and the rate that the first packet names."""
    rate, last, at = 0, 0, 0
    while at < len(content):
        if content[at : at + 4] != b"OggS" or content[at + 4] != 0:
            raise ValueError
        sizes = content[at + 27 : at + 27 + content[at + 26]]
        begin = at + 27 + len(sizes)
        rate = rate or _ogg_rate(content[begin : begin + 19])
        position = int.from_bytes(content[at + 6 : at + 14], "little", signed=True)
        last = max(last, position)
        at = begin + sum(sizes)
    if at != len(content):
        raise ValueError
    return last / rate


def _ogg_rate(packet: bytes) -> int:
    if packet[:8] == b"OpusHead":
        return 48_000
    if packet[:7] == b"\x01vorbis":
        rate = int.from_bytes(packet[12:16], "little")
        if 8_000 <= rate <= 96_000:
            return rate
    raise ValueError


def _without_tags(content: bytes) -> bytes:
    """Pictures, names and dates of ID3 are nobody's business."""
    while content[:3] == b"ID3":
        size = 0
        for byte in content[6:10]:
            size = size << 7 | byte & 0x7F
        content = content[10 + size :]
    return content[:-128] if content[-128:-125] == b"TAG" else content


_BITRATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def _mp3_seconds(content: bytes) -> float:
    seconds = sum(_mp3_frames(content))
    if seconds <= 0:
        raise ValueError
    return seconds


def _mp3_frames(content: bytes) -> Iterator[float]:
    """The length of each frame of layer III; everything between two frames is refused."""
    at = 0
    while at + 4 <= len(content):
        first, second, third = content[at], content[at + 1], content[at + 2]
        version = second >> 3 & 3
        if first != 0xFF or second & 0xE6 != 0xE2 or version == 1:
            raise ValueError
        rate = _RATES[version][third >> 2 & 3]
        bitrate = _BITRATES[3 if version == 3 else 2][third >> 4] * 1000
        samples = 1152 if version == 3 else 576
        if bitrate == 0:
            raise ValueError
        yield samples / rate
        at += samples // 8 * bitrate // rate + (third >> 1 & 1)
