"""The account of one recipient's numbers: what is missing is found, what comes again is not counted."""

from loadtests.seq_audit import SeqAudit


def _welcomed(*, epoch: str = "e", seq: int = 10) -> SeqAudit:
    audit = SeqAudit()
    audit.welcomed(epoch, seq, resumed=False)
    return audit


def test_numbers_without_a_gap_are_all_there() -> None:
    audit = _welcomed()
    assert all(audit.took(seq) for seq in (11, 12, 13))
    assert (audit.last, audit.lost, audit.repeated) == (13, 0, 0)


def test_a_gap_is_lost() -> None:
    audit = _welcomed()
    audit.took(11)
    audit.took(14)
    assert audit.lost == 2


def test_what_comes_again_is_left_alone() -> None:
    audit = _welcomed()
    audit.took(11)
    assert not audit.took(11)
    assert (audit.repeated, audit.lost) == (1, 0)


def test_who_resumes_goes_on_where_the_line_was_lost() -> None:
    audit = _welcomed()
    audit.took(11)
    audit.welcomed("e", 11, resumed=True)
    audit.took(12)
    assert (audit.resumed, audit.reloaded, audit.lost) == (1, 0, 0)


def test_a_session_that_begins_after_what_was_never_told_has_lost_it() -> None:
    audit = _welcomed()
    audit.took(11)
    audit.welcomed("e", 15, resumed=False)
    assert (audit.reloaded, audit.lost) == (1, 4)


def test_numbers_of_another_epoch_are_other_numbers() -> None:
    audit = _welcomed(seq=500)
    audit.welcomed("other", 3, resumed=False)
    audit.took(4)
    assert (audit.lost, audit.last, audit.reloaded) == (0, 4, 1)
