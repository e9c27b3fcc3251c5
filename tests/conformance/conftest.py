"""What conformance is tested against: a simulator, or with `--kubeconfig FILE` a live cluster."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="test a live cluster instead of the simulator; what only a simulator can be told is skipped",
    )


@pytest.fixture(scope="session")
def live_kubeconfig(request: pytest.FixtureRequest) -> Path | None:
    """The live cluster's kubeconfig, None for the simulator. Unregistered when pytest began above this folder."""
    return request.config.getoption("--kubeconfig", default=None)


@pytest.fixture
def played_on_a_simulator(live_kubeconfig: Path | None) -> None:
    """For sittings that begin with an empty cluster whose history and clock they command."""
    if live_kubeconfig is not None:
        pytest.skip("the recorded sitting needs an empty cluster whose history it may compact: a simulator of its own")
