import pytest

from edge.gateway.balancing.target import eligible, shown
from edge.model.endpoint import Endpoint


def endpoint(name, ready=True, serving=True, terminating=False):
    return Endpoint(f"10.0.0.{name}", 80, ready=ready, serving=serving, terminating=terminating)


def addresses(targets):
    return [int(target.address[0].rpartition(".")[2]) for target in targets]


GONE = {"ready": False, "serving": False, "terminating": True}
LEAVING = {"ready": False, "serving": True, "terminating": True}
STARTING = {"ready": False, "serving": False, "terminating": False}
PUBLISHED = {"ready": True, "serving": True, "terminating": True}  # publishNotReadyAddresses says ready to the end


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([endpoint(1), endpoint(2)], [1, 2]),
        ([endpoint(1), endpoint(2, **STARTING)], [1]),
        ([endpoint(1, **LEAVING), endpoint(2)], [2]),
        ([endpoint(1, **PUBLISHED), endpoint(2)], [2]),
        ([endpoint(1, **LEAVING), endpoint(2, **GONE), endpoint(3, **STARTING)], [1]),
        ([endpoint(1, **PUBLISHED), endpoint(2, **GONE)], [1]),
        ([endpoint(1, **GONE), endpoint(2, **STARTING)], []),
        ([endpoint(1), endpoint(1)], [1]),
        ([], []),
    ],
)
def test_terminating_endpoints_get_nothing_new_unless_nothing_else_serves(endpoints, expected):
    assert addresses(eligible(endpoints)) == expected


def test_an_address_is_shown_as_a_url_holds_it():
    assert shown(("10.0.0.1", 80)) == "10.0.0.1:80"
    assert shown(("2001:db8::1", 80)) == "[2001:db8::1]:80"
