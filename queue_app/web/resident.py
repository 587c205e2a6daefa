"""Pages for residents: the portal, a ticket on the phone, the crowd page. No account, no script needed."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("resident", __name__)
