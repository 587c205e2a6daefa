"""Setting up the office in the browser. Each page stands in a file of its name.

`overview` says what is still to do, `values` reads what was typed.
"""

from queue_app.web.admin import (  # noqa: F401 - they declare the pages
    access,
    booking,
    devices,
    file,
    hours,
    overview,
    pane,
    parts,
    people,
    previews,
    rota,
    screens,
    sounds,
)
from queue_app.web.admin.frame import blueprint

__all__ = ["blueprint"]
