"""Tiles as they were drawn, kept until memory is needed for others."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from dispatch.aeds.tiles.addresses import TileAddress
from dispatch.aeds.tiles.drawing import Drawing, TileKey

_MOST_BYTES = 64 * 1024 * 1024
# What a tile takes beside its bytes: keys, the dictionary's slots, the object.
_OVERHEAD_BYTES = 700


@dataclass(slots=True)
class Kept:
    """A tile on the shelf. `drawn_s`: when, by the loop's clock. `is_outdated`: what it shows has changed since."""

    drawing: Drawing
    drawn_s: float
    is_outdated: bool = False


class Shelf:
    """The tiles drawn lately, `most_bytes` at the most; those asked for longest ago go first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[TileKey, Kept] = OrderedDict()
        self._keys_at: dict[TileAddress, set[TileKey]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: TileKey) -> Kept | None:
        """The tile, as it was last drawn."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def put(self, key: TileKey, kept: Kept) -> None:
        """Keep a tile in place of how it was before."""
        self._drop(key)
        self._kept[key] = kept
        self._keys_at.setdefault(key.address, set()).add(key)
        self._bytes += _size(kept)
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def at(self, address: TileAddress) -> Iterator[tuple[TileKey, Kept]]:
        """Every tile of that address, in whatever datum and narrowed down to whatever."""
        for key in self._keys_at.get(address, ()):
            yield key, self._kept[key]

    def everything(self) -> Iterator[tuple[TileKey, Kept]]:
        """All of them."""
        yield from self._kept.items()

    def _drop(self, key: TileKey) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self._bytes -= _size(kept)
        keys = self._keys_at[key.address]
        keys.discard(key)
        if not keys:
            del self._keys_at[key.address]


def _size(kept: Kept) -> int:
    return len(kept.drawing.body) + len(kept.drawing.packed or b"") + _OVERHEAD_BYTES
