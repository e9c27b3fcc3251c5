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
