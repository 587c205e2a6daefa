"""Writes docs/ticket-lifecycle.md from the one table of transitions. `python -m scripts.lifecycle` runs it.

Decides only how the table is drawn. The table itself is `domain.ticket.TRANSITIONS`; a test fails when the page is not
what this script writes.
"""

from __future__ import annotations

from pathlib import Path

from queue_app.domain.ticket import LIVE, TRANSITIONS, UNDO_WINDOW, Action, StageKind, State, fits, ticket_state

PAGE = Path(__file__).parent.parent / "docs" / "ticket-lifecycle.md"

JAPANESE = {
    State.WAITING: "呼出し待ち",
    State.CALLED: "呼出し中",
    State.SERVING: "対応中",
    State.HELD: "保留",
    State.MISSED: "不在",
    State.DONE: "完了",
    State.CANCELLED: "取消",
}

AFTER_A_CALL = (State.CALLED, State.MISSED)

MEANINGS = {
    Action.CALL: "the counter calls; shown and spoken",
    Action.TAKE_UP: "back-office work begins; nobody is called",
    Action.RECALL: "the same call sounds again",
    Action.START: "the person came",
    Action.MISS: "the person did not come; a clerk says so, never a timer",
    Action.REQUEUE: "the absent person is back and comes next",
    Action.HOLD: "writes a form, fetches a paper; the counter is free meanwhile",
    Action.RESUME: "goes on with a held person",
    Action.FORWARD: "to another service or counter; number and place are kept",
    Action.FINISH: "this stage is over; the next one becomes ready, or the visit is done",
    Action.CANCEL: "the visit ends undone; by its holder or by staff",
}

INTRODUCTION = """\
# What can happen to a ticket

Written by `python -m scripts.lifecycle` from `queue_app/domain/ticket.py`; change the table there, not here.

A ticket is one visit and has one or more stages (reception, back office, hand-over, the next counter ...). The table is
about a **stage**. What is not in it is refused with `not_allowed` and changes nothing.
"""

ENDING = """\
## From stages to the ticket

- After `finish` and `forward` the *stage* is done. The ticket is `waiting` again while a stage is left, else `done`.
- With several stages live, a stage in person outranks one in the back office, and of equals the order is:
  {order}. So somebody who waits to be called is `waiting` although
  the papers are being worked on.
- `cancel` ends all live stages of the visit; it is refused while the ticket is called or served.
- `postpone` changes no state: whoever waits to be called stands ten minutes further back, in every line they stand in,
  at most twice; by the holder or by staff.
- `undo` takes back the last action on the ticket within {seconds} seconds, also a `finish` or a `cancel`; every row
  stands as before, the history keeps both, and a withdrawn call leaves the displays. Refused with `too_late`
  afterwards, and with `counter_busy` when the counter has somebody else by now.
- During the day no stage changes its state because time passes; a clock may remind people, and no more. When the day is
  closed, by staff or after midnight, whoever is served is finished, whoever was called was not there, and all who are
  left are cancelled: by actions of this same table (`services/day.py`).
"""


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(TRANSITIONS)} transitions")


def page() -> str:
    """The whole document."""
    ending = ENDING.format(
        order=", ".join(f"`{state}`" for state in order_of_states()), seconds=int(UNDO_WINDOW.total_seconds())
    )
    return "\n".join([INTRODUCTION, diagram(), table(), matrix(), ending])


def diagram() -> str:
    """As Mermaid, which code hosts draw; the table below says the same."""
    arrows = [f"    {before} --> {after}: {action}" for (before, action), after in TRANSITIONS.items()]
    ends = [f"    {state} --> [*]" for state in State if state not in LIVE]
    return "\n".join(
        ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.WAITING}: issue", *arrows, *ends, "```", ""]
    )


def table() -> str:
    """One row for each transition."""
    rows = [
        f"| `{before}` {JAPANESE[before]} | `{action}` | `{after}` {JAPANESE[after]} "
        f"| {MEANINGS[action]} | {where(before, action)} |"
        for (before, action), after in TRANSITIONS.items()
    ]
    head = ["## Every transition", "", "| from | action | to | meaning | at which stages |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def matrix() -> str:
    """Every pair: where it leads, or `–` for a refusal."""
    head = [
        "## Every pair",
        "",
        "| | " + " | ".join(f"`{action}`" for action in Action) + " |",
        "|---" * (len(Action) + 1) + "|",
    ]
    rows = [
        f"| **{state}** | " + " | ".join(TRANSITIONS.get((state, action), "–") for action in Action) + " |"
        for state in State
    ]
    return "\n".join([*head, *rows, ""])


def where(before: State, action: Action) -> str:
    """The kinds of stage it can happen to. Nobody is called to a back office, so nothing follows a call there."""
    able = [
        kind for kind in StageKind if fits(action, kind) and (before not in AFTER_A_CALL or fits(Action.CALL, kind))
    ]
    return "all" if len(able) == len(StageKind) else ", ".join(kind.replace("_", " ") for kind in able)


def order_of_states() -> list[State]:
    """The live states as `ticket_state` weighs them, the weightiest first: asked of the function itself."""
    left = set(LIVE)
    found: list[State] = []
    while left:
        found.append(ticket_state((StageKind.RECEPTION, state) for state in left))
        left.remove(found[-1])
    return found


if __name__ == "__main__":
    main()
