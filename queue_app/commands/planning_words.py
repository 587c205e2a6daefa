"""What the planning commands say when a question cannot be tried: one plain sentence."""

from __future__ import annotations

from queue_app.domain.errors import Invalid, Refusal

SENTENCES = {
    "rota_unknown_clerk": "There is no clerk {clerk}: name a pool and a number, for instance M1 (pools: {pools}).",
    "rota_nobody": "Nobody would be on duty for {pools}: a rota needs at least one clerk wherever people have to go.",
    "change_outside_the_day": "The change must begin inside the opening hours, and before it ends.",
    "never_open": "The office is not open on any of the next {days} days.",
    "rota_impossible": "This rota cannot be kept: {facts}.",
    "share_impossible": "{name} must lie between 0 and 1, not {value}.",
    "forecast_impossible": "The forecast must name one number of visitors, zero or more, for every kind of visit.",
    "history_empty": "There are too few recorded days to look at ({days}). Leave --office out for the standard day.",
    "load_impossible": "A load must be zero or more and a service must take time: {facts}.",
    "services_impossible": "--services must be larger than 0, not {value}.",
    "rota_unknown_group": "There is no counter or group {group}; there are {groups}.",
    "lunch_outside_the_day": "A lunch of one hour must begin and end inside the opening hours.",
    "nobody_of_this_kind": "Nobody comes for {kind} on these days; people come for {kinds}.",
    "unknown_office": "There is no office {office}; `office load` adds one.",
}

FIELDS = {
    "not_a_time": "--{field}: write times as 10:00, several with commas.",
    "ends_before_it_begins": "--{field}: the end must lie after the beginning.",
    "not_a_date": "--{field}: write a day as 2026-12-01.",
    "out_of_range": "--{field}: choose a number from {low} to {high}.",
}


def said(refusal: Refusal) -> str:
    """The refusal in plain English; a code without a sentence is shown with its facts."""
    if isinstance(refusal, Invalid):
        return " ".join(
            FIELDS.get(each.code, "--{field}: {code}").format(field=each.field, code=each.code, **dict(each.facts))
            for each in refusal.errors
        )
    facts = {name: ", ".join(map(str, v)) if isinstance(v, list) else v for name, v in refusal.facts.items()}
    plain = ", ".join(f"{name} {value}" for name, value in facts.items())
    known = {"code": refusal.code, "facts": plain, "days": 0, **facts}
    return SENTENCES.get(refusal.code, "{code}: {facts}").format_map(known)
