"""What stands on the tiles of a kiosk: services, or groups of them where there are too many for one screen.

Decides the order and the pages: six tiles at most, so that each is large enough to be read and hit from a wheelchair
and by a shaking hand. Leaves what a service's queue looks like to `services.board.kiosk_menu`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from queue_app.domain.office import Office, label_in

PER_PAGE = 6
Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: a service to take a number for, or a group to open. `refused` is a reason instead of a press."""

    code: str
    label: str
    is_group: bool
    waiting: int
    estimate: dict[str, int] | None
    refused: str | None
    counters_open: int


@dataclass(frozen=True, slots=True)
class Page:
    """One screen of tiles; `group` is the label of the group it shows, if any."""

    tiles: tuple[Tile, ...]
    number: int
    count: int
    group: str | None = None


def page_of(office: Office, menu: Snapshot, language: str, *, group: str = "", page: int = 1) -> Page:
    """The screen asked for; an unknown group is the first screen, a page too far the last one."""
    services = [_service_tile(service) for service in _in_order(office, menu["services"])]
    groups = _groups(office, services)
    if len(services) <= PER_PAGE or len(groups) < 2:
        return _cut(services, page)
    if group in groups:
        return _cut(groups[group], page, label=_group_label(office, groups[group], language))
    return _cut([_first_screen_tile(office, name, inside, language) for name, inside in groups.items()], page)


def _in_order(office: Office, services: Sequence[Snapshot]) -> list[Snapshot]:
    """As set up; inside a group by the place its tile was given."""

    def place(service: Snapshot) -> int:
        tile = office.services[service["service"]].extra.get("tile", 999)
        return tile if isinstance(tile, int) else 999

    return sorted(services, key=place)


def _groups(office: Office, tiles: Sequence[Tile]) -> dict[str, list[Tile]]:
    """Services by the name of their group, groups in the order of the set-up; a service without one stands alone."""
    groups: dict[str, list[Tile]] = {}
    for code, service in office.services.items():
        inside = next((tile for tile in tiles if tile.code == code), None)
        if inside is not None:
            groups.setdefault(label_in(service.group, "ja") if service.group else code, []).append(inside)
    return {name: sorted(inside, key=tiles.index) for name, inside in groups.items()}


def _group_label(office: Office, inside: Sequence[Tile], language: str) -> str:
    return label_in(office.services[inside[0].code].group, language)


def _service_tile(service: Snapshot) -> Tile:
    return Tile(
        code=service["service"],
        label=service["label"],
        is_group=False,
        waiting=service["waiting"],
        estimate=service["estimate"],
        refused=service["refused"],
        counters_open=service["counters_open"],
    )


def _first_screen_tile(office: Office, name: str, inside: Sequence[Tile], language: str) -> Tile:
    """A group of one is its service: no touch without a choice."""
    return inside[0] if len(inside) == 1 else _group_tile(name, _group_label(office, inside, language), inside)


def _group_tile(name: str, label: str, inside: Sequence[Tile]) -> Tile:
    """A group is refused only when everything in it is, for the reason of its first service."""
    is_refused = all(tile.refused for tile in inside)
    return Tile(
        code=name,
        label=label,
        is_group=True,
        waiting=sum(tile.waiting for tile in inside),
        estimate=None,
        refused=inside[0].refused if is_refused else None,
        counters_open=sum(tile.counters_open for tile in inside),
    )


def _cut(tiles: Sequence[Tile], page: int, *, label: str | None = None) -> Page:
    count = max(1, -(-len(tiles) // PER_PAGE))
    number = min(max(1, page), count)
    return Page(tuple(tiles[(number - 1) * PER_PAGE : number * PER_PAGE]), number, count, label)
