"""When a booking asks for proof that somebody takes trouble over it: only while the street is being turned away.

A page asks by itself and solves it by script within a second or two; without a script the person waits a little and
presses once more. A program gets the challenge with its refusal and sends the solution in the header `Proof`. Staff and
machines of the house are never asked. Leaves the sum itself to `domain.proof`.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from flask import current_app, request

from queue_app.domain.errors import Refusal
from queue_app.domain.proof import PATIENCE_S, VALID_S, Challenge, is_ours, is_solved, new_challenge, was_waited_for
from queue_app.web.auth import identity
from queue_app.web.caller import caller_network
from queue_app.web.context import KEY, house
from queue_app.web.limits import check_place_rate, check_public_rate, take_once

HEADER: Final = "Proof"
PATIENT: Final = f"3 per {PATIENCE_S} seconds"
"""How many of one address may wait at a time: otherwise a thousand waits would cost no more than one."""


class ProofNeeded(Refusal):
    """The deed may be asked for again together with the solution of this challenge, or after some patience."""

    def __init__(self) -> None:
        challenge = new_challenge(house().ports.secret, _now_s())
        super().__init__("proof_needed", challenge=asdict(challenge), retry_after_s=1)
        self.challenge = challenge


def check_rate_and_proof() -> None:
    """What stands before every deed that takes a place."""
    check_public_rate()
    check_proof()
    check_place_rate()


def check_proof() -> None:
    """Refuses `proof_needed` for somebody without a role during a rush, unless this request brings a fresh proof."""
    if identity().role is not None or not current_app.extensions[KEY].is_rushed():
        return
    brought = _brought()
    if brought is None or not _counts(*brought):
        raise ProofNeeded()


def _counts(challenge: Challenge, number: int | None) -> bool:
    now_s = _now_s()
    if not is_ours(challenge, house().ports.secret, now_s):
        return False
    if number is None:
        is_due = was_waited_for(challenge, now_s) and _once(challenge)
        return is_due and take_once("patience", caller_network(), PATIENT)
    return is_solved(challenge, number) and _once(challenge)


def _once(challenge: Challenge) -> bool:
    """Each challenge opens one door."""
    return take_once("proof", challenge.salt, f"1 per {VALID_S} seconds")


def _brought() -> tuple[Challenge, int | None] | None:
    """The challenge and its solution, from the header or the form; None for anything that is not one."""
    told = request.headers.get(HEADER, "") or request.form.get("proof", "")
    parts = told[:300].split(".")
    if len(parts) != 5 or not all(part.isalnum() or not part for part in parts) or not parts[2].isdecimal():
        return None
    salt, digest, made_at, seal, number = parts
    return Challenge(salt, digest, int(made_at[:12]), seal), int(number[:12]) if number.isdecimal() else None


def as_text(challenge: Challenge) -> str:
    """What a form carries; the script puts the number behind the last dot."""
    return f"{challenge.salt}.{challenge.digest}.{challenge.made_at}.{challenge.seal}."


def _now_s() -> int:
    now: datetime = house().ports.clock()
    return int(now.timestamp())
