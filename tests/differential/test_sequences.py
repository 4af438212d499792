"""Generated sequences of requests: a real OpenBao and our server answer the same, but for what ``known.toml`` lists.

The same sequences in every run. ``WELLKEPT_DIFFERENTIAL=2000`` plays so many in each area, ``WELLKEPT_SEED=7`` others.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, seed, settings

from . import known
from .areas import AREAS
from .play import play
from .sequences import sequences

EXAMPLES = int(os.environ.get("WELLKEPT_DIFFERENTIAL", "15"))
SEED = int(os.environ.get("WELLKEPT_SEED", "1"))


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_the_same_requests_get_the_same_answers(area, sides, document):
    played = []

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(sequences(document, area))
    def run(steps):
        found = play(sides, area, steps)
        played.append(len(steps))
        unknown = [str(each) for each in found if not known.reason(each)]
        assert not unknown, "\n".join(unknown)

    run()
    assert sum(played) >= EXAMPLES
