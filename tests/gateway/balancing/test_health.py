from __future__ import annotations

from edge.gateway.balancing.health import HEALTHY, Health, after_choice, after_failure
from edge.gateway.settings import Settings

SETTINGS = Settings(ejection_failures=3, ejection_time=5, ejection_time_limit=15)


def test_an_endpoint_is_ejected_after_failures_in_a_row_and_longer_each_time() -> None:
    health = HEALTHY
    for _ in range(2):
        health = after_failure(health, 100.0, SETTINGS)
        assert health.until == 0
    health = after_failure(health, 100.0, SETTINGS)
    assert health == Health(3, 1, 105.0)
    assert after_failure(health, 104.0, SETTINGS).until == 105.0
    untils = []
    for _ in range(3):
        health = after_failure(health, health.until + 1, SETTINGS)
        untils.append(health.until)
    assert [later - earlier for earlier, later in zip([105.0, *untils], untils, strict=False)] == [11.0, 16.0, 16.0]


def test_an_ejection_that_has_run_out_is_followed_by_a_trial_of_one_request() -> None:
    assert after_choice(HEALTHY, 100.0, SETTINGS) is HEALTHY
    assert after_choice(Health(2), 100.0, SETTINGS) == Health(2)
    ejected = Health(3, 1, 105.0)
    assert after_choice(ejected, 104.0, SETTINGS) is ejected
    trial = after_choice(ejected, 105.0, SETTINGS)
    assert trial == Health(3, 1, 110.0, on_trial=True)
    assert after_choice(trial, 109.0, SETTINGS) is trial
    assert after_failure(trial, 106.0, SETTINGS) == Health(4, 2, 116.0)
