"""The page between the press and the hold while there is a rush: everything typed is kept, and sent once more."""

from __future__ import annotations

from flask import Response, request

from queue_app.domain.proof import PATIENCE_S
from queue_app.web.booking.draft import Draft
from queue_app.web.booking.frame import in_office, page
from queue_app.web.proof import ProofNeeded, as_text

OWN = ("csrf_token", "proof")


def proof_page(office: str, draft: Draft, needed: ProofNeeded) -> Response:
    """A 429 that goes on by itself where scripts run, and after some patience where they do not."""
    typed = [(name, value) for name, value in request.form.items() if name not in OWN]
    with in_office(office) as (_session, here):
        response = page(
            "proof",
            here,
            draft,
            step="time",
            challenge=needed.challenge,
            proof=as_text(needed.challenge),
            patience_s=PATIENCE_S,
            typed=typed,
        )
    response.status_code = 429
    response.headers["Retry-After"] = str(PATIENCE_S)
    return response
