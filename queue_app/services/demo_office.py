"""The office a first start shows: the example city, made open around the clock so that everything can be tried.

Decides only what differs from `offices/aoba.yaml`; the pages say that it is a demo (`demo: true`).
"""

from __future__ import annotations

import yaml

from queue_app.services.office_navigator import OFFICES

NAME = "aoba.yaml"


def demo_office_text() -> str:
    """An office file. Load it with `folder=OFFICES`, where its navigator rules are."""
    file = yaml.safe_load((OFFICES / NAME).read_text(encoding="utf-8"))
    file |= {"hours": "always", "tickets_from_home": True, "demo": True}
    file["booking"].pop("reoffer_max_min", None)  # a place somebody gives back while trying it is free at once
    for service in file["services"]:
        service.pop("hours", None)
        if "slots" in service:
            service["slots"].pop("weekend_ok", None)  # somebody who tries it on a Sunday finds places, too
    return yaml.safe_dump(file, allow_unicode=True, sort_keys=False)
