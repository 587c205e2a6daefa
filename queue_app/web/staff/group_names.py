"""What a group of counters is called on the pages of planning."""

from __future__ import annotations

from queue_app.domain.office import Office, label_in
from queue_app.web.i18n import reader_language, t

STANDARD_GROUPS = ("C", "M", "B", "H", "K")


def names_of_groups(office: Office) -> dict[str, str]:
    """What a group is called: its counters."""
    from queue_app.services.planned import pool_of_counter

    groups: dict[str, list[str]] = {}
    for code, pool in pool_of_counter(office).items():
        groups.setdefault(pool, []).append(label_in(office.counters[code].label, reader_language()))
    return {
        pool: labels[0] if len(labels) == 1 else t("plan.group", first=labels[0], count=len(labels))
        for pool, labels in groups.items()
    }


def group_options(office: Office) -> list[dict[str, str]]:
    """Every counter by its own name, with the group it works in; then the groups of the standard day."""
    from queue_app.services.planned import pool_of_counter

    names, own = names_of_groups(office), []
    for code, pool in pool_of_counter(office).items():
        label = name_of_group(office, code)
        is_alone = label == names[pool]
        own.append(
            {"value": code, "label": label if is_alone else t("plan.of_group", counter=label, group=names[pool])}
        )
    return own + [{"value": pool, "label": t(f"plan.standard.{pool}")} for pool in STANDARD_GROUPS]


def name_of_group(office: Office, group: str) -> str:
    """A counter, a group called after its first counter, or a group of the standard day."""
    if group in office.counters:
        names = names_of_groups(office)
        return names[group] if group in names else label_in(office.counters[group].label, reader_language())
    return t(f"plan.standard.{group}") if group in STANDARD_GROUPS else group
