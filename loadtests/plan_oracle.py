"""The best plan found the slow way, from the definition: what the planner is measured against.

It shares nothing with the planner but the arrays that both are given.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise, product

from dispatch.rescue.offer_arrays import Offers, Terms

# What somebody may do: stay, come without being able to take the device, come with it.
_STAYS, _COMES, _BRINGS = 0, 1, 2


def benefit(offers: Offers, terms: Terms, chosen: tuple[int, ...]) -> float:
    """The expected benefit of these rows, by the probabilities at every moment between two arrivals."""
    works, pair_worth, until_s, hands_per_s, shock_per_s = terms
    arrivals = sorted({0.0, until_s, *(min(max(float(offers[0][row]), 0.0), until_s) for row in chosen)})
    total = 0.0
    for begin, end in pairwise(arrivals):
        there = [row for row in chosen if max(float(offers[0][row]), 0.0) <= begin]
        counts = _how_many([float(offers[1][row]) for row in there])
        hands = sum(
            float(worth) * sum(counts[nth + 1 :]) for nth, worth in enumerate(pair_worth) if nth + 1 < len(counts)
        )
        nothing = 1.0
        for aed in {int(offers[3][row]) for row in there} - {-1}:
            nobody = 1.0
            for row in there:
                if offers[3][row] == aed:
                    nobody *= 1.0 - float(offers[2][row])
            nothing *= 1.0 - float(works[aed]) * (1.0 - nobody)
        total += (hands_per_s * hands + shock_per_s * (1.0 - nothing)) * (end - begin)
    return total


def benefit_over_outcomes(offers: Offers, terms: Terms, chosen: tuple[int, ...]) -> float:
    """The same, outcome by outcome: every way in which people may answer and devices may work. Exponential."""
    works, pair_worth, until_s, hands_per_s, shock_per_s = terms
    total = 0.0
    for answers in product((_STAYS, _COMES, _BRINGS), repeat=len(chosen)):
        for working in product((False, True), repeat=len(works)):
            likely = 1.0
            for row, answer in zip(chosen, answers, strict=True):
                comes, brings = float(offers[1][row]), float(offers[2][row])
                likely *= (1.0 - comes, comes - brings, brings)[answer]
            for aed, does in enumerate(working):
                likely *= float(works[aed]) if does else 1.0 - float(works[aed])
            arrivals = [
                (min(max(float(offers[0][row]), 0.0), until_s), answer, int(offers[3][row]))
                for row, answer in zip(chosen, answers, strict=True)
                if answer
            ]
            pairs = sorted(at for at, _, _ in arrivals)
            shocks = [at for at, answer, aed in arrivals if answer == _BRINGS and aed >= 0 and working[aed]]
            hands = sum(float(worth) * (until_s - at) for worth, at in zip(pair_worth, pairs, strict=False))
            total += likely * (hands_per_s * hands + shock_per_s * (until_s - min([until_s, *shocks])))
    return total


def best(offers: Offers, terms: Terms, cap: int) -> float:
    """The greatest benefit, less prices, of at most `cap` rows with different responders."""
    return max(
        benefit(offers, terms, chosen) - sum(float(offers[5][row]) for row in chosen) for chosen in choices(offers, cap)
    )


def choices(offers: Offers, cap: int) -> Iterator[tuple[int, ...]]:
    """Every choice of at most `cap` rows, one for each responder."""
    rows = range(len(offers[0]))
    for size in range(cap + 1):
        for chosen in combinations(rows, size):
            if len({int(offers[4][row]) for row in chosen}) == size:
                yield chosen


def _how_many(comes: list[float]) -> list[float]:
    """The probability that 0, 1, 2, ... of these come."""
    counts = [1.0]
    for each in comes:
        counts = [
            (counts[n] * (1.0 - each) if n < len(counts) else 0.0) + (counts[n - 1] * each if n else 0.0)
            for n in range(len(counts) + 1)
        ]
    return counts
