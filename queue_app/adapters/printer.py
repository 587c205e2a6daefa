"""Slip printers: what is sent to the device, and what can honestly be said afterwards.

Decides the end of a job: `failed` only while surely nothing readable came out, `printed` only when the device has
confirmed it (or cannot confirm, and the city said so with `status=off`), `unsure` for all between. A time-out is never
"not printed". Leaves the words to `domain.slip`, the dots to `adapters.slip_image`, bytes on the wire to
`adapters.printer_link`. Source: ESC/POS command reference (DLE EOT n, GS r n, GS v 0).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from queue_app.adapters import escpos_bytes
from queue_app.adapters.escpos_bytes import Wire
from queue_app.adapters.printer_link import Link, NotReached, file_link, tcp_link
from queue_app.adapters.printer_url import PrinterAddress, read_printer_url
from queue_app.adapters.slip_image import PAPERS, Drawing, SlipArtist
from queue_app.domain.printing import CANNOT_PRINT, PrintEnd, PrinterState, PrintJob, PrintResult


class Printer(Protocol):
    """What the rest of the programme sees of a printer."""

    def print_slip(self, job: PrintJob) -> PrintResult:
        """Prints once and never by itself again."""

    def state(self) -> PrinterState:
        """Asks the device."""


def printer_from(url: str, *, font: Path | None = None) -> Printer:
    """The printer that `PRINTER_URL` names; `ValueError` says what a right value looks like."""
    address = read_printer_url(url)
    if address.scheme == "browser":
        return BrowserPrinter()
    artist = SlipArtist(PAPERS[address.paper_mm], font)
    if address.scheme == "dummy":
        return DummyPrinter(artist)
    return EscposPrinter(artist, link_to(address), answers=address.answers, patience_s=address.timeout_s)


def link_to(address: PrinterAddress) -> Link:
    """The way to the device; nothing is opened yet."""
    if address.scheme == "tcp":
        return tcp_link(address.host, address.port, timeout_s=address.timeout_s)
    return file_link(Path(address.path), timeout_s=address.timeout_s)


class BrowserPrinter:
    """The kiosk's page prints through its browser; there is nothing to send and nothing to ask."""

    def print_slip(self, job: PrintJob) -> PrintResult:
        return PrintResult(job.id, PrintEnd.PAGE, PrinterState.UNKNOWN)

    def state(self) -> PrinterState:
        return PrinterState.UNKNOWN


@dataclass
class DummyPrinter:
    """Keeps what would have been sent, by job: for demonstrations and tests."""

    artist: SlipArtist
    papers: dict[str, bytes] = field(default_factory=dict)

    def print_slip(self, job: PrintJob) -> PrintResult:
        drawing = self.artist.draw(job.slip)
        self.papers[job.id] = escpos_bytes.paper(drawing.image)
        return PrintResult(job.id, PrintEnd.PRINTED, PrinterState.OK, drawing.missing_glyphs)

    def state(self) -> PrinterState:
        return PrinterState.OK


class EscposPrinter:
    """One device. Jobs take turns; each brings its own bytes, made before it waits for its turn."""

    def __init__(self, artist: SlipArtist, link: Link, *, answers: bool, patience_s: float) -> None:
        self.artist, self.link, self.answers, self.patience_s = artist, link, answers, patience_s
        self._turn = Lock()
        self._owed = 0

    def print_slip(self, job: PrintJob) -> PrintResult:
        drawing = self.artist.draw(job.slip)
        if not self._turn.acquire(timeout=self.patience_s):
            return _result(job, PrintEnd.FAILED, PrinterState.UNKNOWN, drawing)
        try:
            return _result(job, *self._send(escpos_bytes.paper(drawing.image)), drawing)
        finally:
            self._turn.release()

    def state(self) -> PrinterState:
        if not self._turn.acquire(timeout=self.patience_s):
            return PrinterState.UNKNOWN
        try:
            with self.link() as wire:
                return self._asked(wire)
        except NotReached:
            return PrinterState.ERROR
        except OSError:
            return PrinterState.UNKNOWN
        finally:
            self._turn.release()

    def _send(self, paper: bytes) -> tuple[PrintEnd, PrinterState]:
        end, state = PrintEnd.FAILED, PrinterState.ERROR
        try:
            with self.link() as wire:
                state = self._asked(wire)
                if state in CANNOT_PRINT:
                    return end, state
                # From the first byte on the device may print, whatever happens to the line.
                end = PrintEnd.UNSURE
                wire.send(paper)
                return self._confirmed(wire), state
        except OSError:
            return end, state

    def _asked(self, wire: Wire) -> PrinterState:
        return escpos_bytes.ask_state(wire) if self.answers else PrinterState.UNKNOWN

    def _confirmed(self, wire: Wire) -> PrintEnd:
        """The paper query stands behind the picture in the device's queue: its answer means the picture is done.

        A device that was slow with an earlier job answers that one first, and on this line. Such owed answers are
        counted, so that none of them passes for the answer to this job.
        """
        if not self.answers:
            return PrintEnd.PRINTED
        wire.send(escpos_bytes.ASK_PAPER_IN_TURN)
        self._owed += 1
        answer = None
        for heard in range(self._owed):
            answer = wire.receive(escpos_bytes.is_paper_answer, within_s=self.patience_s)
            if answer is None:
                # Some answers and then silence: the others were lost with their line. No answer at all: still owed.
                self._owed = 0 if heard else self._owed
                return PrintEnd.UNSURE
        self._owed = 0
        return PrintEnd.UNSURE if answer is None or escpos_bytes.paper_ended(answer) else PrintEnd.PRINTED


def _result(job: PrintJob, end: PrintEnd, state: PrinterState, drawing: Drawing) -> PrintResult:
    return PrintResult(job.id, end, state, drawing.missing_glyphs)
