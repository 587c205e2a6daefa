"""The one way in which a rule says no: a stable code and the facts, no HTTP and no sentences.

`web.errors` alone turns a refusal into a status and a sentence in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class Refusal(Exception):
    """A rule was asked for something it does not allow. Nothing has changed.

    `code` is stable and public (interface.md, errors); `facts` are plain values that the sentence and the answer may
    show. They never hold personal data.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r}, {self.facts!r})"


class NotFound(Refusal):
    """Nothing by that name, or nothing that the asker may know of: the two look the same on purpose."""

    def __init__(self, code: str = "not_found", **facts: object) -> None:
        super().__init__(code, **facts)


class Forbidden(Refusal):
    """The asker is known, and may not."""


class Conflict(Refusal):
    """The thing is in another state, or somebody else was first."""


class NotAllowed(Conflict):
    """The action is not in the table of transitions for this state."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__("not_allowed", state=state, action=action)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its path, a stable code, and facts for the sentence."""

    field: str
    code: str
    facts: tuple[tuple[str, object], ...] = ()


class Invalid(Refusal):
    """Input that cannot be used, field by field."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("invalid")
        self.errors = tuple(errors)

    @classmethod
    def field(cls, field: str, code: str, **facts: object) -> Invalid:
        return cls([FieldError(field, code, tuple(facts.items()))])
