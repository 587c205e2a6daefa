"""Pages for staff, each in a file of its name.

`frame` is what all pages share, `presence` what counts as a sign of life, `said` how a press is answered that did
not do what was meant.
"""

from queue_app.web.staff import (  # noqa: F401 - they declare the pages
    account,
    audit,
    console,
    deeds,
    disclosure,
    early,
    emergency,
    floor,
    issue,
    login,
    messages,
    plan,
    second_factor,
    shield,
    statistics,
    what_if,
)
from queue_app.web.staff.frame import blueprint

__all__ = ["blueprint"]
