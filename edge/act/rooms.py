"""Which rooms are the same one. Pure."""

from edge.devices import same_name
from edge.ports import Inventory


def same_room(house: Inventory, one: str, other: str | None) -> bool:
    """Whether both are names of one room, as far as ``house`` knows; None is no room."""
    if same_name(other, one):
        return True
    return other is not None and any(
        all(any(same_name(known, said) for known in (area, *further)) for said in (one, other))
        for area, further in house.areas().items()
    )
