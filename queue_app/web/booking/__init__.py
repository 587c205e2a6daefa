"""Booking a visit, page by page: errand, questions, day, time, contact, check, done. No account, no script needed.

`draft` keeps what was said until the booking is made, `frame` what all pages share; `errand`, `questions`, `times`
(with `month` and `wished`) and `confirm` are the steps, `holder` the booking afterwards, `desk` the same for staff who
act for somebody, `no_visit` what needs no booking at all.
"""

from queue_app.web.booking import confirm, desk, errand, holder, month, no_visit, questions, times  # noqa: F401 - they declare the pages
from queue_app.web.booking.frame import blueprint

__all__ = ["blueprint"]
