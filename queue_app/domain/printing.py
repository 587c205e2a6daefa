"""How a print job can end and what a printer can say about itself.

Decides the words. Leaves to `adapters.printer` how they are found out. `UNSURE` exists because a time-out proves
nothing: the paper may be in the resident's hand. Whoever gets it asks a person; nobody may print again on their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from queue_app.domain.slip import Slip


class PrintEnd(StrEnum):
    """`FAILED` means surely no readable paper; `PAGE` means that the kiosk's page prints and nothing was sent."""

    PRINTED = "printed"
    FAILED = "failed"
    UNSURE = "unsure"
    PAGE = "page"


class PrinterState(StrEnum):
    """What the device answers; `UNKNOWN` when it does not answer or cannot."""

    OK = "ok"
    PAPER_LOW = "paper_low"
    PAPER_OUT = "paper_out"
    ERROR = "error"
    UNKNOWN = "unknown"


CANNOT_PRINT = frozenset({PrinterState.PAPER_OUT, PrinterState.ERROR})


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One paper for one ticket; carries all that it needs, so that no job can take another's number."""

    id: str
    slip: Slip


@dataclass(frozen=True, slots=True)
class PrintResult:
    """How the job with this id ended. `missing_glyphs` counts characters that were printed as 〓."""

    job_id: str
    end: PrintEnd
    state: PrinterState
    missing_glyphs: int = 0
