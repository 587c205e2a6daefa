"""The small sum of a rush: solvable, sealed, of limited life; patience as the other way."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from queue_app.domain.proof import (
    LARGEST,
    PATIENCE_S,
    VALID_S,
    digest_of,
    is_ours,
    is_solved,
    new_challenge,
    was_waited_for,
)

SECRET = b"a secret of the tests"


def test_every_challenge_has_a_solution_within_its_bound() -> None:
    challenge = new_challenge(SECRET, 1_000)
    found = next(number for number in range(LARGEST) if digest_of(challenge.salt, number) == challenge.digest)
    assert is_solved(challenge, found)
    assert not is_solved(challenge, found + 1)


@settings(max_examples=50)
@given(st.integers(min_value=-100, max_value=2 * VALID_S))
def test_a_challenge_holds_ten_minutes(later_s: int) -> None:
    challenge = new_challenge(SECRET, 100_000)
    assert is_ours(challenge, SECRET, 100_000 + later_s) is (0 <= later_s < VALID_S)
    assert was_waited_for(challenge, 100_000 + later_s) is (later_s >= PATIENCE_S)


def test_nothing_of_a_challenge_can_be_changed() -> None:
    ours, other = new_challenge(SECRET, 1_000), new_challenge(b"another secret", 1_000)
    changed = [
        replace(ours, salt=other.salt),
        replace(ours, digest=digest_of(ours.salt, 0)),
        replace(ours, made_at=ours.made_at - PATIENCE_S),
        replace(ours, seal=other.seal),
        other,
    ]
    assert is_ours(ours, SECRET, 1_010)
    assert not any(is_ours(each, SECRET, 1_010) for each in changed)
