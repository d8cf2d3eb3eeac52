"""What tells the entries of a list apart, so that a second import finds the first."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.words import bare

_LONGEST_REFERENCE = 200


def reference_of(own_id: str) -> str:
    """A list's own id as it is kept; empty when there is none."""
    return own_id.strip()[:_LONGEST_REFERENCE]


def with_references(drafts: Iterable[tuple[Draft, str]]) -> Iterator[Draft]:
    """Drafts with their references: the list's own id, else a digest of what makes the entry what it is.

    Entries alike in all of that (53 aircraft of one airline) are numbered in the order they come in.
    """
    seen: Counter[str] = Counter()
    for draft, own_id in drafts:
        reference = reference_of(own_id) or _digest(draft)
        seen[reference] += 1
        if seen[reference] == 1:
            yield replace(draft, source_ref=reference)
            continue
        numbered = f"{reference}#{seen[reference]}"
        notes = (
            (*draft.notes, f"id {own_id.strip()[:80]!r} came before; kept as {numbered!r}")
            if own_id.strip()
            else draft.notes
        )
        yield replace(draft, source_ref=numbered, notes=notes)


def _digest(draft: Draft) -> str:
    """Name, address and place where there are such; the coordinates only where there is no more to go by.

    Corrected coordinates, new hours or a new telephone number do not make another device.
    """
    words = [bare(draft.values.get(name) or "") for name in ("name", "address", "place_detail")]
    telling = words if sum(map(bool, words)) > 1 and words[0] != words[1] else [
        *words, f"{draft.place.latitude:.5f}", f"{draft.place.longitude:.5f}",
    ]  # fmt: skip
    return "sha-" + hashlib.sha256("\n".join(telling).encode("utf-8", errors="replace")).hexdigest()[:24]
