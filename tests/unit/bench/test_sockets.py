"""What was heard against what was written."""

from __future__ import annotations

from uuid import UUID

from tradsy.bench.sockets import Written, judge

ONE, TWO, THREE = (str(UUID(int=n)) for n in (1, 2, 3))


def written() -> Written:
    return Written({ONE: 0, TWO: 1, THREE: 2}, {ONE: 1_000_000, TWO: 2_000_000, THREE: 3_000_000})


def test_each_event_at_its_own_client_is_timed_from_its_commit() -> None:
    report = judge(written(), [f"0 {ONE} 6000000", f"1 {TWO} 4000000", "ended 0"], stalled=[2])
    assert (report["lost"], report["crossed"], report["doubled"], report["events"]) == (0, 0, 0, 2)
    assert (report["p50"], report["max"]) == (2.0, 5.0)


def test_event_that_did_not_come_is_lost() -> None:
    assert judge(written(), [f"0 {ONE} 6000000"], stalled=[2])["lost"] == 1


def test_event_at_another_users_client_is_crossed_and_not_heard() -> None:
    report = judge(written(), [f"0 {ONE} 6000000", f"0 {TWO} 6000000"], stalled=[2])
    assert (report["crossed"], report["lost"]) == (1, 1)


def test_event_that_nobody_wrote_is_crossed() -> None:
    stranger = str(UUID(int=9))
    assert judge(written(), [f"0 {ONE} 6000000", f"1 {stranger} 6000000"], stalled=[1, 2])["crossed"] == 1


def test_second_arrival_and_ended_sockets_are_counted() -> None:
    lines = [f"0 {ONE} 6000000", f"0 {ONE} 7000000", f"1 {TWO} 4000000", "ended 3"]
    report = judge(written(), lines, stalled=[2])
    assert (report["doubled"], report["ended"], report["max"]) == (1, 3, 5.0)
