"""Rate limits, and lockout's surroundings."""

from __future__ import annotations


def test_a_limit_counts_for_each_address_and_begins_anew(served):
    served.call("POST", "sys/quotas/rate-limit/few", {"rate": 3, "path": "secret/"})

    def ask(address="127.0.0.1"):
        return served.call("GET", "secret/data/x", address=address).status

    assert [ask() for _ in range(5)] == [404, 404, 404, 429, 429]
    assert ask("10.0.0.1") == 404
    served.clock.advance(1)
    assert ask() == 404


def test_who_exceeded_a_limit_that_blocks_waits_for_the_block_to_end(served):
    served.call("POST", "sys/quotas/rate-limit/few", {"rate": 1, "path": "secret/", "block_interval": 60})
    statuses = [served.call("GET", "secret/data/x").status for _ in range(2)]
    served.clock.advance(30)
    statuses.append(served.call("GET", "secret/data/x").status)
    served.clock.advance(31)
    statuses.append(served.call("GET", "secret/data/x").status)
    assert statuses == [404, 429, 429, 404]


def test_the_most_specific_limit_decides(served):
    served.call("POST", "sys/quotas/rate-limit/all", {"rate": 1000})
    served.call("POST", "sys/quotas/rate-limit/few", {"rate": 1, "path": "secret/data/x"})
    assert [served.call("GET", "secret/data/x").status for _ in range(2)] == [404, 429]
    assert [served.call("GET", "secret/data/y").status for _ in range(2)] == [404, 404]


def test_a_limit_on_everything_leaves_the_exempt_paths_alone_and_can_be_lifted(served):
    served.call("POST", "sys/quotas/config", {"rate_limit_exempt_paths": ["sys/quotas/rate-limit/all"]})
    served.call("POST", "sys/quotas/rate-limit/all", {"rate": 1, "interval": "1h"})
    assert [served.call("GET", "secret/data/x").status for _ in range(3)] == [404, 429, 429]
    assert served.call("DELETE", "sys/quotas/rate-limit/all").status == 204
    assert served.call("GET", "secret/data/x").status == 404
