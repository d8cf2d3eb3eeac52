"""The service's clock: durations as they are, UTC as it should be, and a clock that somebody sets breaks neither."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.clock import STEP_S, SteadyClock, SystemClock, steady_ns

NOON = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
NOON_NS = round(NOON.timestamp()) * 10**9
HOUR_S = 3600.0


@dataclass
class Machine:
    """A machine's two clocks: one that is set, one that is not."""

    wall: int = NOON_NS
    steady: int = 5 * 10**9
    is_busy: bool = True

    def passes(self, seconds: float, *, drift: float = 0.0) -> None:
        """Time goes by; the wall clock runs faster by `drift` of it."""
        passed = round(seconds * 10**9)
        self.steady += passed
        self.wall += passed + round(passed * drift)

    def is_set(self, seconds: float) -> None:
        """Somebody sets the wall clock forward, or back."""
        self.wall += round(seconds * 10**9)

    @property
    def says(self) -> datetime:
        """What the wall clock says."""
        return NOON + timedelta(microseconds=(self.wall - NOON_NS) / 1000)

    def clock(self) -> SteadyClock:
        """The service's clock on this machine."""
        return SteadyClock(is_busy=lambda: self.is_busy, wall_ns=lambda: self.wall, steady_ns=lambda: self.steady)


@pytest.fixture
def machine() -> Machine:
    """A machine on which an emergency is open."""
    return Machine()


def test_it_starts_at_the_machine_s_time_and_goes_on_with_it(machine: Machine) -> None:
    clock = machine.clock()
    assert clock.now() == NOON
    machine.passes(20)
    assert clock.now() == NOON + timedelta(seconds=20)
    assert (clock.steps, clock.from_wall(machine.says)) == (0, clock.now())


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 5 * 365 * 86400, -30])
def test_a_step_is_not_followed_while_an_emergency_is_open(machine: Machine, step_s: float) -> None:
    clock = machine.clock()
    machine.passes(10)
    machine.is_set(step_s)
    assert clock.now() == NOON + timedelta(seconds=10)
    for second in range(11, 600):
        machine.passes(1)
        assert clock.now() == NOON + timedelta(seconds=second)
    assert clock.steps == 1, "one step, seen once"
    # Who goes by the machine's time means what is said here.
    assert clock.from_wall(machine.says) == clock.now() == machine.says - timedelta(seconds=step_s)


@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S])
def test_a_step_is_taken_over_when_nothing_is_open_any_more_and_told(machine: Machine, step_s: float) -> None:
    clock = machine.clock()
    told: list[float] = []
    clock.on_jump(told.append)
    machine.is_set(step_s)
    machine.passes(10)
    assert clock.now() == NOON + timedelta(seconds=10)
    assert told == []
    machine.is_busy = False
    assert clock.now() == machine.says
    assert told == [step_s]
    machine.passes(10)
    assert clock.now() == machine.says
    assert (clock.steps, told, clock.from_wall(machine.says)) == (1, [step_s], machine.says)


def test_a_step_that_is_put_right_while_an_emergency_is_open_leaves_nothing_behind(machine: Machine) -> None:
    clock = machine.clock()
    for step_s in (HOUR_S, -HOUR_S):
        machine.is_set(step_s)
        machine.passes(30)
        clock.now()
    assert clock.now() == NOON + timedelta(seconds=60) == machine.says
    assert clock.steps == 2


@pytest.mark.parametrize("off_s", [3.0, -3.0])
def test_a_small_difference_is_worked_off_slowly(machine: Machine, off_s: float) -> None:
    clock = machine.clock()
    machine.is_set(off_s)
    assert clock.now() == NOON
    machine.passes(100)
    assert (clock.now() - NOON).total_seconds() == pytest.approx(100 + off_s / 3, abs=1e-5)
    machine.passes(200)
    assert (clock.now() - machine.says).total_seconds() == pytest.approx(0, abs=1e-5)
    assert clock.steps == 0


@pytest.mark.parametrize("drift", [500e-6, -500e-6])
def test_a_clock_that_ntp_pulls_is_followed(machine: Machine, drift: float) -> None:
    # 500 parts in a million: the most that the kernel lets NTP do.
    clock = machine.clock()
    for _ in range(1000):
        machine.passes(1, drift=drift)
        assert abs((clock.now() - machine.says).total_seconds()) < 1e-5
    assert clock.steps == 0


def test_a_suspended_machine_is_no_step(machine: Machine) -> None:
    # Both clocks have gone on.
    clock = machine.clock()
    machine.passes(8 * HOUR_S)
    assert clock.now() == NOON + timedelta(hours=8)
    assert clock.steps == 0


def test_a_paused_virtual_machine_s_time_is_made_up_for_afterwards(machine: Machine) -> None:
    # It stood still altogether, and its host sets its clock when it goes on.
    clock = machine.clock()
    machine.is_set(600)
    machine.passes(1)
    assert clock.now() == NOON + timedelta(seconds=1)
    machine.is_busy = False
    assert clock.now() == machine.says


def test_a_phone_s_time_is_understood_whatever_this_clock_has_not_followed(machine: Machine) -> None:
    clock = machine.clock()
    for step_s in (HOUR_S, -2 * HOUR_S):
        machine.is_set(step_s)
        # A phone that goes by the time that the machine has now.
        seconds_ago = machine.says - timedelta(seconds=4)
        assert clock.now() - clock.from_wall(seconds_ago) == timedelta(seconds=4)


def test_after_a_restart_with_a_clock_set_back_facts_stay_in_order(machine: Machine) -> None:
    newest = NOON + timedelta(hours=1)
    clock = machine.clock()
    clock.start_not_before(newest)
    assert clock.now() == newest
    machine.passes(20)
    assert clock.now() == newest + timedelta(seconds=20)
    assert clock.steps == 1
    machine.is_busy = False
    assert clock.now() == machine.says == NOON + timedelta(seconds=20)


def test_after_a_restart_a_little_behind_it_waits_for_the_machine_to_catch_up(machine: Machine) -> None:
    machine.is_busy = False
    clock = machine.clock()
    clock.start_not_before(NOON + timedelta(seconds=2))
    assert clock.now() == NOON + timedelta(seconds=2)
    machine.passes(300)
    assert clock.now() == machine.says
    assert clock.steps == 0


def test_after_a_restart_that_is_ahead_of_what_is_written_nothing_changes(machine: Machine) -> None:
    clock = machine.clock()
    clock.start_not_before(NOON - timedelta(seconds=1))
    assert clock.now() == NOON


def _within(passed_s: float, rounding_s: float) -> float:
    """A hundredth of a duration and the rounding of its ends; `pytest.approx` would take the larger of the two."""
    return 0.01001 * passed_s + rounding_s


_STEPS = st.floats(-1e5, 1e5) | st.floats(-STEP_S, STEP_S)


@given(st.lists(st.tuples(st.floats(0, 1000), _STEPS, st.floats(-500e-6, 500e-6)), max_size=30))
def test_it_never_goes_back_and_every_duration_is_right_to_a_hundredth(
    happened: list[tuple[float, float, float]],
) -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock.now()
    for passed_s, set_s, drift in happened:
        machine.passes(passed_s, drift=drift)
        machine.is_set(set_s)
        now = clock.now()
        assert now >= before
        assert abs((now - before).total_seconds() - passed_s) <= _within(passed_s, 2e-6)
        assert clock.from_wall(machine.says) == pytest.approx(now, abs=timedelta(microseconds=1000))
        before = now


@given(st.lists(st.tuples(st.floats(0, 100), _STEPS, st.booleans()), max_size=30))
def test_it_goes_back_only_where_it_takes_over_a_step_and_says_by_how_much(
    happened: list[tuple[float, float, bool]],
) -> None:
    machine = Machine()
    clock = machine.clock()
    told: list[float] = []
    clock.on_jump(told.append)
    before = clock.now()
    for passed_s, set_s, is_busy in happened:
        machine.is_busy = is_busy
        machine.passes(passed_s)
        machine.is_set(set_s)
        told.clear()
        now = clock.now()
        assert abs((now - before).total_seconds() - sum(told) - passed_s) <= _within(passed_s, 2e-5)
        assert not (told and is_busy)
        if not is_busy:
            assert abs((now - machine.says).total_seconds()) <= STEP_S + 1e-5
        before = now


def test_on_this_machine_it_says_what_the_machine_says() -> None:
    clock = SteadyClock()
    assert abs((clock.now() - SystemClock().now()).total_seconds()) < 1
    first = steady_ns()
    assert steady_ns() >= first
    assert clock.steps == 0
