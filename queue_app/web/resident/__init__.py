"""Pages for residents, booking apart. No account, no script needed.

`frame` is what all pages share; `portal` is found first, `from_home` gives a number on the phone, `ticket` follows it,
`telling` says how its holder is told; `privacy` and `accessibility` are the statements.
"""

from queue_app.web.resident import accessibility, from_home, portal, privacy, telling, ticket  # noqa: F401 - they declare the pages
from queue_app.web.resident.frame import blueprint

__all__ = ["blueprint"]
