"""Numbers for a kiosk that has lost the server: which series, how many, and since when somebody has waited.

Decides that each kiosk has a series of its own for this, so that no number it gives can be anybody else's, and that a
kiosk's clock is believed only between two certain moments. Leaves keeping and merging to `services.leasing`.
Source: docs/decisions/0017-offline-kiosk.md.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import chain, product

BLOCK = 400
"""150 minutes without a server, at one number every 22 seconds."""

LOW = 100
"""With fewer left than this a kiosk may have a further block."""

_WELL_HEARD = "FHRWSYKXMNLVTUJGEPDCBA"
"""Letters by how surely they are told apart over a loudspeaker; I, O, Q and Z are taken for figures."""


def offline_series(taken: Collection[str]) -> str:
    """The first free series: a letter, or two once all are taken by services and other kiosks."""
    pairs = (first + second for first, second in product(_WELL_HEARD, repeat=2))
    return next(series for series in chain(_WELL_HEARD, pairs) if series not in taken)


def arrived_at(said: datetime, *, not_before: datetime, now: datetime) -> datetime:
    """When somebody came, by the kiosk: not before it had its numbers, nor after now."""
    return min(now, max(not_before, said))
