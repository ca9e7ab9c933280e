"""The parser holds its figures on both generators; the same seed gives the same messages."""

from __future__ import annotations

import pytest

from tests.unit.signals.text.generators import noisy, reworded
from tests.unit.signals.text.measure import SEED, score, worst

COUNT = 1200


def test_generators_are_deterministic() -> None:
    assert list(noisy(7, 50)) == list(noisy(7, 50))
    assert list(reworded(7, 50)) != list(reworded(8, 50))


def test_reworded_messages_are_read() -> None:
    result = score(reworded(SEED + 100, COUNT))

    assert result.share("exact") >= 0.98
    assert result.outcomes["chatter opened"] == 0


def test_noisy_messages_are_read() -> None:
    result = score(noisy(SEED + 100, COUNT))

    assert result.share("exact") >= 0.93
    assert result.share("wrong") <= 0.04
    assert result.outcomes["chatter opened"] == 0


def test_answers_above_the_bar_are_more_often_exact_than_those_below() -> None:
    above, below = [0, 0], [0, 0]
    for band, counts in score(noisy(SEED + 200, 3 * COUNT)).by_confidence.items():
        side = above if band >= "0.8" else below
        side[0] += counts["exact"]
        side[1] += counts["exact"] + counts["wrong"]

    assert above[0] / above[1] > 0.98
    assert below[1]
    assert above[0] / above[1] > below[0] / below[1]


def test_worst_misses_are_ranked_without_repeating_a_kind_first() -> None:
    found = worst([score(noisy(SEED, COUNT))], 5)

    assert len({(miss.sample.kind, miss.fault.split(":")[0].split(" ")[0]) for miss in found}) == len(found)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_seed_opens_from_chatter(seed: int) -> None:
    opened = [miss.sample.text for miss in score(noisy(seed, 600)).misses if miss.sample.expected is None]

    assert opened == []
