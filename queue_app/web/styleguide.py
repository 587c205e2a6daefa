"""One page with every component in every state, for those who build screens. Never mounted in production."""

from __future__ import annotations

from flask import Blueprint, render_template

from queue_app.web.surfaces import OWN

blueprint = Blueprint("styleguide", __name__)


@blueprint.get("/styleguide")
def show() -> str:
    return render_template("styleguide.html", own_sheets=OWN)


show.is_open = True  # type: ignore[attr-defined]
