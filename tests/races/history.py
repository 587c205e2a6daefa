"""Judges what people saw of a queue: a list of presses with their times becomes a list of faults.

Two judges. `interval_faults` looks at pairs and is right for any length: what surely happened in one order may not show
the other. `is_linearizable` searches for one order of all presses that explains every answer; exact, for short
histories. An answer that was lost is `unknown`: it may have had its effect, once.

Source: Herlihy and Wing, Linearizability (1990), and the search of Wing and Gong (1993), for a queue with one class.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

EMPTY = "empty"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Op:
    """One press: issue or call, when it went out and came back, and the number (or empty, or unknown)."""

    kind: str
    asked: float
    answered: float
    result: str


def interval_faults(history: list[Op]) -> list[str]:
    """Faults that two presses alone can show."""
    issued = {op.result: op for op in history if op.kind == "issue" and op.result != UNKNOWN}
    called = [op for op in history if op.kind == "call" and op.result not in (EMPTY, UNKNOWN)]
    lost_issues = sum(op.kind == "issue" and op.result == UNKNOWN for op in history)
    lost_calls = sum(op.kind == "call" and op.result == UNKNOWN for op in history)
    first = {op.result: op for op in reversed(called)}
    return [
        *_repeats("issued", [op.result for op in history if op.kind == "issue" and op.result != UNKNOWN]),
        *_repeats("called", [op.result for op in called]),
        *_strangers(issued, called, lost_issues),
        *(
            f"{n} was called before it was asked for"
            for n, op in first.items()
            if n in issued and op.answered < issued[n].asked
        ),
        *_overtaken(issued, first, lost_calls),
        *_empty_lies(history, issued, first, lost_calls),
    ]


def is_linearizable(history: list[Op]) -> bool:
    """Whether one order of all presses, each within its own time, explains every answer of a first-in-first-out queue."""
    ops = tuple(sorted(history, key=lambda op: op.asked))

    @cache
    def explains(left: frozenset[int], queue: tuple[str, ...]) -> bool:
        needed = [n for n in left if ops[n].result != UNKNOWN]
        if not needed:
            return True
        soonest = min(ops[n].answered for n in needed)
        for n in left:
            if ops[n].asked <= soonest:
                after = _apply(ops[n], queue)
                if after is not None and explains(left - {n}, after):
                    return True
        return False

    return explains(frozenset(range(len(ops))), ())


def _apply(op: Op, queue: tuple[str, ...]) -> tuple[str, ...] | None:
    """The queue after this press, or None if it cannot have answered so. A lost issue puts somebody nameless in line."""
    if op.kind == "issue":
        return (*queue, op.result)
    if op.result == EMPTY:
        return queue if not queue else None
    if op.result == UNKNOWN:
        return queue[1:]
    if not queue or queue[0] not in (op.result, UNKNOWN):
        return None
    return queue[1:]


def _repeats(what: str, numbers: list[str]) -> list[str]:
    return [f"{number} was {what} {count} times" for number, count in Counter(numbers).items() if count > 1]


def _strangers(issued: dict[str, Op], called: list[Op], lost_issues: int) -> list[str]:
    """Somebody was called whom nobody gave a number; a lost answer can explain one each."""
    unknown = {op.result for op in called if op.result not in issued}
    return [f"{len(unknown)} called, never issued: {sorted(unknown)}"] if len(unknown) > lost_issues else []


def _overtaken(issued: dict[str, Op], first: dict[str, Op], lost_calls: int) -> list[str]:
    faults = []
    for early, a in issued.items():
        for late, b in issued.items():
            if a.answered < b.asked and late in first:
                mine = first.get(early)
                if mine is not None and first[late].answered < mine.asked:
                    faults.append(f"{late} was called before {early}, who came before")
                if mine is None and not lost_calls:
                    faults.append(f"{late} was called and {early}, who came before, never")
    return faults


def _empty_lies(history: list[Op], issued: dict[str, Op], first: dict[str, Op], lost_calls: int) -> list[str]:
    faults = []
    for op in history:
        if op.kind == "call" and op.result == EMPTY:
            surely = [
                n
                for n, i in issued.items()
                if i.answered < op.asked and (n not in first or first[n].asked > op.answered)
            ]
            sure_of = [n for n in surely if n in first] if lost_calls else surely
            if sure_of:
                faults.append(f"nobody waits, it said, and {sure_of[0]} waited")
    return faults
