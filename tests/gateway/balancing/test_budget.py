import pytest

from edge.gateway.balancing.budget import Budgets

NAME = ("a1", "u1")


@pytest.mark.parametrize(
    ("workers", "active", "allowed"), [(1, 1, 3), (1, 15, 3), (1, 100, 20), (2, 1, 2), (4, 1, 1), (4, 100, 20)]
)
def test_a_share_of_the_requests_may_be_repeated_and_a_few_in_any_case(workers, active, allowed):
    budgets = Budgets(workers)
    for _ in range(active):
        budget = budgets.enter(NAME)
    repeated = 0
    while budget.allows_one_more:
        budget.repeated += 1
        repeated += 1
    assert repeated == allowed


def test_what_nobody_asks_is_forgotten():
    budgets = Budgets(1)
    for _ in range(2):
        budgets.enter(NAME)
    budgets.enter(NAME).repeated += 1
    budgets.leave(NAME, repeated=True)
    assert budgets.enter(NAME).repeated == 0
    for _ in range(3):
        budgets.leave(NAME, repeated=False)
    assert len(budgets) == 0
