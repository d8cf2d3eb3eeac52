"""The search for the best plan, compiled: what a set of offers is worth, and which set is worth most.

An *offer* is one role for one responder: they arrive at `arrive_s`, with probability `comes` that they accept, and
with probability `brings` that they accept and can take their AED out of its place (`brings` <= `comes`; 0 where the
role is CPR). `aed` is the column of that AED, or -1. `works[aed]` is the probability that the device is there and
works: one fate for all who fetch it. Whoever would come after `until_s`, with the ambulance, adds nothing. All else is
independent.

With N(s) the number of responders who are with the patient at s, the benefit of a set of offers is

    hands_per_s · ∫ Σ_m pair_worth[m] · P(N(s) > m) ds  +  shock_per_s · ∫ (1 - Π_a (1 - works[a] · P_a(s))) ds

over [0, until_s], P_a(s) the probability that somebody is there with AED a by s: seconds gained for the first, second,
... pair of hands and for the first shock. In every single outcome this is a sum of maxima over those who come (for
hands, of the largest few), with falling weights; such functions are monotone and submodular, and so is their mean.

What one more offer adds is then an integral, from its arrival on, of a step function of the set and the offer's AED.
`_steps` computes it once for a set; offers are kept in the order of arrival: one sweep says what each adds (`_gains`).

All in one file, because a kept compilation only notices changes of the file it is in.
"""

import numpy as np

from dispatch.rescue.offer_arrays import (
    APPRAISING,
    ASIDE,
    FREE,
    SEARCHING,
    UNDER_WAY,
    Floats,
    Integers,
    Offers,
    Steps,
    Terms,
)
from geo.compiled import compiled, part_of_kernel

# Gains that differ by rounding are equal: what stands stays, whatever was added up first.
_SAME = 1e-12

# A pass of swaps costs about as much as the greedy search; later passes gain next to nothing.
_PASSES = 6
# Nor is a further pass tried for many alerts where the last one gained less than this share.
_WORTH_A_PASS = 1e-3

# Few alerts leave the greedy choice the least room to be right by number: there, two are exchanged at a time as well.
_PAIRS_UP_TO = 8

# As many choices as take about as long to look at as the search does.
LOOKED_AT = 256


@part_of_kernel
def _blank_steps(size: int, aeds: int) -> Steps:
    rows = size + 2
    return np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros((rows, aeds)), np.zeros((rows, aeds))


@part_of_kernel
def _hands_slope(place: int, few: Floats, terms: Terms, steps: Steps) -> float:
    """Write what one more who comes is worth per second from this knot on; answer what the pairs gain per second.

    `few[m]` is the probability that m are there.
    """
    pair_worth, hands = terms[1], steps[1]
    hands[place] = gained = fewer = 0.0
    for m in range(len(few)):
        hands[place] += pair_worth[m] * few[m]
        fewer += few[m]
        gained += pair_worth[m] * (1.0 - fewer)
    return gained


@part_of_kernel
def _shock_slopes(place: int, nobody: Floats, terms: Terms, steps: Steps) -> float:
    """Write what a surer delivery of each AED is worth per second from this knot on; answer P(one has been brought).

    `nobody[a]` is the probability that nobody is there with AED a, working or not.
    """
    works, shock = terms[0], steps[3]
    none = 1.0
    sures = 0
    for aed in range(len(works)):
        missing = 1.0 - works[aed] * (1.0 - nobody[aed])
        if missing > 0.0:
            none *= missing
        else:
            sures += 1
    for aed in range(len(works)):
        missing = 1.0 - works[aed] * (1.0 - nobody[aed])
        # A device that is sure to be there leaves nothing for the others to add, and takes nothing from itself.
        own = missing if missing > 0.0 else 1.0
        others_sure = sures if missing > 0.0 else sures - 1
        shock[place, aed] = works[aed] * nobody[aed] * none / own if others_sure == 0 else 0.0
    return 1.0 - none if sures == 0 else 1.0


@part_of_kernel
def _steps(chosen: Integers, count: int, offers: Offers, terms: Terms, steps: Steps) -> tuple[float, float]:
    """Write the steps of the first `count` of `chosen` (rising rows); answer the seconds gained for hands and shock."""
    arrive_s, comes, brings, aed_of = offers[0], offers[1], offers[2], offers[3]
    until_s = terms[2]
    knots, hands, hands_rest, shock, shock_rest = steps
    few = np.zeros(len(terms[1]))
    few[0] = 1.0
    nobody = np.ones(len(terms[0]))
    hands_gained_s = shock_gained_s = 0.0
    knots[0] = 0.0
    brought = _shock_slopes(0, nobody, terms, steps)
    for place in range(count + 1):
        if place > 0:
            offer = chosen[place - 1]
            for m in range(len(few) - 1, 0, -1):
                few[m] += (few[m - 1] - few[m]) * comes[offer]
            few[0] *= 1.0 - comes[offer]
            shock[place] = shock[place - 1]
            if aed_of[offer] >= 0:
                nobody[aed_of[offer]] *= 1.0 - brings[offer]
                brought = _shock_slopes(place, nobody, terms, steps)
        knots[place + 1] = until_s if place == count else min(max(arrive_s[chosen[place]], 0.0), until_s)
        length_s = knots[place + 1] - knots[place]
        hands_gained_s += _hands_slope(place, few, terms, steps) * length_s
        shock_gained_s += brought * length_s
    hands_rest[count + 1] = 0.0
    shock_rest[count + 1] = 0.0
    for place in range(count, -1, -1):
        length_s = knots[place + 1] - knots[place]
        hands_rest[place] = hands_rest[place + 1] + hands[place] * length_s
        for aed in range(len(nobody)):
            shock_rest[place, aed] = shock_rest[place + 1, aed] + shock[place, aed] * length_s
    return hands_gained_s, shock_gained_s


@part_of_kernel
def _worth(chosen: Integers, count: int, offers: Offers, terms: Terms, steps: Steps) -> float:
    gained = _steps(chosen, count, offers, terms, steps)
    return terms[3] * gained[0] + terms[4] * gained[1]


@part_of_kernel
def _gains(count: int, offers: Offers, terms: Terms, steps: Steps, gains: Floats) -> None:
    """Write what each offer adds to the set of `count` offers that `steps` were written for."""
    arrive_s, comes, brings, aed_of = offers[0], offers[1], offers[2], offers[3]
    until_s, hands_per_s, shock_per_s = terms[2], terms[3], terms[4]
    knots, hands, hands_rest, shock, shock_rest = steps
    place = 0
    for offer in range(len(arrive_s)):
        at_s = max(arrive_s[offer], 0.0)
        if at_s >= until_s:
            gains[offer] = 0.0
            continue
        while place < count and knots[place + 1] <= at_s:
            place += 1
        ahead_s = knots[place + 1] - at_s
        gain = hands_per_s * comes[offer] * (hands_rest[place + 1] + hands[place] * ahead_s)
        aed = aed_of[offer]
        if aed >= 0:
            gain += shock_per_s * brings[offer] * (shock_rest[place + 1, aed] + shock[place, aed] * ahead_s)
        gains[offer] = gain


@part_of_kernel
def _best_offer(gains: Floats, offers: Offers, taken: Integers, least: float) -> int:
    """The offer of somebody who is not taken that gains most, net of its price, if more than `least`; else -1."""
    responder, price = offers[4], offers[5]
    best = -1
    for offer in range(len(gains)):
        if gains[offer] - price[offer] > least + _SAME and not taken[responder[offer]]:
            best, least = offer, gains[offer] - price[offer]
    return best


@part_of_kernel
def _insert(chosen: Integers, count: int, offer: int) -> int:
    """Put `offer` among the first `count` of `chosen`, which rise; answer the new count."""
    place = count
    while place > 0 and chosen[place - 1] > offer:
        chosen[place] = chosen[place - 1]
        place -= 1
    chosen[place] = offer
    return count + 1


@part_of_kernel
def _take_out(chosen: Integers, count: int, offer: int) -> int:
    """Take `offer` from the first `count` of `chosen`; answer the new count."""
    place = 0
    while chosen[place] != offer:
        place += 1
    chosen[place : count - 1] = chosen[place + 1 : count]
    return count - 1


@part_of_kernel
def _greedy(
    chosen: Integers, count: int, room: int, offers: Offers, terms: Terms, steps: Steps, taken: Integers
) -> int:
    """Add the offer that gains most as long as one gains more than its price and there is room; the new count."""
    gains = np.empty(len(offers[0]))
    for _ in range(room):
        _steps(chosen, count, offers, terms, steps)
        _gains(count, offers, terms, steps, gains)
        offer = _best_offer(gains, offers, taken, 0.0)
        if offer < 0:
            break
        count = _insert(chosen, count, offer)
        taken[offers[4][offer]] = 1
    return count


@part_of_kernel
def _swap(
    chosen: Integers, count: int, offers: Offers, terms: Terms, steps: Steps, taken: Integers
) -> tuple[int, bool]:
    """Give each chosen offer's place to a better one, or to none where it is not worth its price any more."""
    responder, price, stands = offers[4], offers[5], offers[6]
    gains = np.empty(len(responder))
    changed = False
    for offer in chosen[:count].copy():
        if stands[offer] != FREE:
            continue
        count = _take_out(chosen, count, offer)
        taken[responder[offer]] = 0
        _steps(chosen, count, offers, terms, steps)
        _gains(count, offers, terms, steps, gains)
        net = gains[offer] - price[offer]
        better = _best_offer(gains, offers, taken, max(net, 0.0))
        if better < 0 and net > -_SAME:
            better = offer
        if better >= 0:
            count = _insert(chosen, count, better)
            taken[responder[better]] = 1
        changed = changed or better != offer
    return count, changed


@part_of_kernel
def _exchange(
    chosen: Integers, count: int, room: int, offers: Offers, terms: Terms, steps: Steps, taken: Integers
) -> tuple[int, bool]:
    """Take out one or two, bar the first of them, and choose anew; keep the first such choice that is worth more."""
    responder, price, stands = offers[4], offers[5], offers[6]
    net = _worth(chosen, count, offers, terms, steps) - price[chosen[:count]].sum()
    gains = np.empty(len(price))
    trial, others = np.empty_like(chosen), np.empty_like(taken)
    for barred in chosen[:count].copy():
        for other in chosen[:count].copy():
            if stands[barred] != FREE or stands[other] != FREE:
                continue
            trial[:], others[:] = chosen, taken
            fewer = _take_out(trial, count, barred)
            if other != barred:
                fewer = _take_out(trial, fewer, other)
            others[responder[barred]] = others[responder[other]] = 0
            _steps(trial, fewer, offers, terms, steps)
            _gains(fewer, offers, terms, steps, gains)
            gains[barred] = -np.inf
            instead = _best_offer(gains, offers, others, 0.0)
            if instead < 0:
                continue
            fewer = _insert(trial, fewer, instead)
            others[responder[instead]] = 1
            fewer = _greedy(trial, fewer, room - fewer, offers, terms, steps, others)
            if _worth(trial, fewer, offers, terms, steps) - price[trial[:fewer]].sum() > net + _SAME:
                chosen[:], taken[:] = trial, others
                return fewer, True
    return count, False


@part_of_kernel
def _improved(
    chosen: Integers, count: int, room: int, offers: Offers, terms: Terms, steps: Steps, taken: Integers
) -> int:
    """Swap, fill up and exchange until nothing helps; the new count. `room` counts those under way as well."""
    net = _worth(chosen, count, offers, terms, steps) - offers[5][chosen[:count]].sum()
    for _ in range(_PASSES):
        count, changed = _swap(chosen, count, offers, terms, steps, taken)
        is_small = count - (offers[6] == UNDER_WAY).sum() <= _PAIRS_UP_TO
        if not changed and is_small:
            count, changed = _exchange(chosen, count, room, offers, terms, steps, taken)
        if not changed:
            break
        count = _greedy(chosen, count, room - count, offers, terms, steps, taken)
        before, net = net, _worth(chosen, count, offers, terms, steps) - offers[5][chosen[:count]].sum()
        if net - before < _WORTH_A_PASS * net and not is_small:
            break
    return count


@part_of_kernel
def _try_all(chosen: Integers, count: int, room: int, offers: Offers, terms: Terms, steps: Steps) -> int:
    """Look at every choice; leave the best in `chosen`, of equals the one found first. The new count."""
    responder, price = offers[4], offers[5]
    rows = np.nonzero(offers[6] == FREE)[0]
    rows = rows[np.argsort(responder[rows], kind="mergesort")]
    # The p-th responder's offers are rows[first[p]:first[p + 1]]; role[p] points at theirs, or before the first: none.
    first = np.zeros(len(rows) + 1, np.int64)
    people = 0
    for each in range(len(rows)):
        if each == 0 or responder[rows[each]] != responder[rows[each - 1]]:
            first[people] = each
            people += 1
    first[people] = len(rows)
    role = first[:people] - 1
    under_way = chosen[:count].copy()
    best, best_net = under_way, _worth(chosen, count, offers, terms, steps)
    trial = np.zeros(count + people, np.int64)
    person = 0
    while person < people:
        role[person] += 1
        if role[person] == first[person + 1]:
            role[person] = first[person] - 1
            person += 1
            continue
        person = 0
        size, paid = count, 0.0
        trial[:count] = under_way
        for each in range(people):
            if role[each] >= first[each]:
                size = _insert(trial, size, rows[role[each]])
                paid += price[rows[role[each]]]
        if size <= room:
            net = _worth(trial, size, offers, terms, steps) - paid
            if net > best_net + _SAME:
                best, best_net = trial[:size].copy(), net
    chosen[: len(best)] = best
    return len(best)


@part_of_kernel
def _bound(chosen: Integers, count: int, room: int, offers: Offers, terms: Terms, steps: Steps) -> float:
    """What no choice of at most `room` alerts beyond those that stand exceeds, net of prices.

    For a monotone submodular f and any choice O: f(O) <= f(S + O) <= f(S) + what each offer of O adds to S, summed
    (G. Nemhauser, L. Wolsey, M. Fisher, "An analysis of approximations for maximizing submodular set functions I",
    Mathematical Programming 14, 1978, proposition 2.1). O has at most `room` offers and one for each responder, so
    the greatest of the responders' best net gains bound that sum. The offers that O shares with S add nothing and
    cost their price; not counting that price only makes the bound larger.
    """
    responder, price = offers[4], offers[5]
    gains = np.empty(len(responder))
    worth = _worth(chosen, count, offers, terms, steps)
    _gains(count, offers, terms, steps, gains)
    net = np.zeros(responder.max() + 1 if len(responder) else 0)
    for offer in range(len(gains)):
        if offers[6][offer] == FREE:
            net[responder[offer]] = max(net[responder[offer]], gains[offer] - price[offer])
    net.sort()
    return float(worth + net[max(0, len(net) - room) :].sum())


@compiled(*SEARCHING)
def best_alerts(offers: Offers, terms: Terms, alerts: int, choices: int) -> tuple[Integers, float, float]:
    """Choose at most `alerts` offers, one for each responder, beyond those that are under way.

    `stands` is `FREE` for an offer that may be chosen, `UNDER_WAY` for one that stands, `ASIDE` for one that is
    neither. `choices` says how many there are: few enough are looked at one by one; else the greedy choice is improved
    by swaps until none helps (A. Krause, D. Golovin, "Submodular Function Maximization", 2014).

    Answers the rows chosen, rising; the benefit of these and of those under way, less the prices of these; and an
    upper bound of what any choice could reach: itself if all were looked at, else `_bound`.
    """
    stands = offers[6]
    under_way = np.nonzero(stands == UNDER_WAY)[0]
    count = len(under_way)
    room = count + max(0, min(alerts, len(stands) - count))
    chosen = np.zeros(room + 1, np.int64)
    chosen[:count] = under_way
    steps = _blank_steps(room, len(terms[0]))
    if choices <= LOOKED_AT:
        count = _try_all(chosen, count, room, offers, terms, steps)
    else:
        taken = np.zeros(offers[4].max() + 1 if len(stands) else 0, np.int64)
        taken[offers[4][under_way]] = 1
        # Offers that stand aside are nobody's to take.
        taken[offers[4][stands == ASIDE]] = 1
        count = _greedy(chosen, count, room - count, offers, terms, steps, taken)
        count = _improved(chosen, count, room, offers, terms, steps, taken)
    picked = chosen[:count]
    alerted = picked[stands[picked] == FREE]
    value = _worth(chosen, count, offers, terms, steps) - offers[5][alerted].sum()
    if choices <= LOOKED_AT:
        return alerted, value, value
    bound = _bound(chosen, count, room - len(under_way), offers, terms, steps)
    return alerted, value, max(bound, value)


@compiled(*APPRAISING)
def appraise(offers: Offers, terms: Terms, standing: Integers) -> tuple[float, float, Floats]:
    """What the offers of the rows `standing` (rising) gain together, and what each offer would add to them.

    Answers the weighted seconds gained for the pairs of hands, the seconds gained for the first shock, and the gain
    of each offer (n,), in the unit of the benefit and gross of any price.
    """
    steps = _blank_steps(len(standing), len(terms[0]))
    hands_gained_s, shock_gained_s = _steps(standing, len(standing), offers, terms, steps)
    gains = np.empty(len(offers[0]))
    _gains(len(standing), offers, terms, steps, gains)
    return hands_gained_s, shock_gained_s, gains
