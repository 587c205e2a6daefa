"""`<int:…>` in an address is the number of a row: more than a database can count to is no address at all."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**63 - 1


class RowNumber(IntegerConverter):
    """Found by no route, and so 404, before a database is asked that could only break at it."""

    def __init__(self, url_map: Map, **limits: int) -> None:
        super().__init__(url_map, **{"max": LARGEST, **limits})  # type: ignore[arg-type]
