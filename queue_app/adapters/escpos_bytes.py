"""The few ESC/POS commands that a slip needs: the picture, the cut, the questions and what the answers mean.

Decides the bytes. Leaves sending to `adapters.printer_link`. The picture goes as a raster, since the printers' own
Japanese character sets lack signs that names need. Source: ESC/POS command reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from escpos.printer import Dummy
from PIL import Image

from queue_app.domain.printing import PrinterState

ASK_OFFLINE = b"\x10\x04\x02"
ASK_ERROR = b"\x10\x04\x03"
ASK_PAPER = b"\x10\x04\x04"
ASK_PAPER_IN_TURN = b"\x1dr\x01"

FEED_AND_CUT = b"\x1bd\x04\x1dV\x42\x00"
START = b"\x1b@"

AT_ONCE_S = 0.7
"""A device that answers such questions at all answers them well within this."""

STRIP = 256
"""Rows a picture command; small devices have small buffers."""

LARGEST_WIDTH = 832
"""Dots across the widest roll (112 mm); replaces the library's guess, which refuses our 80 mm pictures."""


class Wire(Protocol):
    """An open line to a device."""

    def send(self, data: bytes) -> None:
        """Sends all of it, or raises `OSError`."""

    def receive(self, wanted: Callable[[int], bool], *, within_s: float) -> int | None:
        """The first byte that is `wanted`; `None` if the device keeps silent or hangs up."""


def paper(image: Image.Image) -> bytes:
    """One slip: picture, feed, cut."""
    device = Dummy()
    device.profile.profile_data["media"]["width"]["pixels"] = LARGEST_WIDTH
    for top in range(0, image.height, STRIP):
        device.image(image.crop((0, top, image.width, min(top + STRIP, image.height))), impl="bitImageRaster")
    return START + bytes(device.output) + FEED_AND_CUT


def ask_state(wire: Wire) -> PrinterState:
    """Asks at once, ahead of whatever the device still has to print."""
    answers = []
    for question in (ASK_PAPER, ASK_OFFLINE, ASK_ERROR):
        wire.send(question)
        answer = wire.receive(is_state_answer, within_s=AT_ONCE_S)
        if answer is None:
            return PrinterState.UNKNOWN
        answers.append(answer)
    return state_of(*answers)


def state_of(paper_answer: int, offline: int, error: int) -> PrinterState:
    """The worst of what the three answers say."""
    if paper_answer & 0x60 or offline & 0x20:
        return PrinterState.PAPER_OUT
    if error & 0x68 or offline & 0x44:
        return PrinterState.ERROR
    return PrinterState.PAPER_LOW if paper_answer & 0x0C else PrinterState.OK


def is_state_answer(byte: int) -> bool:
    """Answers to DLE EOT have bits 1 and 4 set, 0 and 7 clear."""
    return byte & 0x93 == 0x12


def is_paper_answer(byte: int) -> bool:
    """Answers to GS r have bits 4 and 7 clear."""
    return byte & 0x90 == 0


def paper_ended(answer: int) -> bool:
    """Whether the roll ran out by the time the picture was through."""
    return bool(answer & 0x0C)
