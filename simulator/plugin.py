"""The pytest plugin: Kubernetes as fixtures.

- `kubernetes_simulator`: a simulator on ports of its own, for any client in any thread or process (`RunningSimulator`).
- `kubernetes_in_memory`: plays a coroutine function with a simulator in virtual time, without sockets and threads.

    @pytest.mark.kubernetes_simulator(seed=7, manifests=["app.yaml"], pods="none")
    def test_it(kubernetes_simulator): ...

Both take their settings from the marker, which may stand on a test, a class or a module; `--kubernetes-seed` and
`--kubernetes-manifests` are the defaults. Nothing of the simulator is loaded before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulator.running import RunningSimulator
    from simulator.settings import Settings
    from simulator.simulator import Simulator

MARKER = "kubernetes_simulator"
TAKES = ("manifests", "nodes", "pod_network", "pods", "replay", "seed", "speed", "time_factor")
SEED = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kubernetes simulator")
    group.addoption(
        "--kubernetes-seed",
        type=int,
        default=SEED,
        metavar="N",
        help="Fixes names and UIDs in simulated clusters (default: 0).",
    )
    group.addoption(
        "--kubernetes-manifests",
        action="append",
        default=[],
        metavar="PATH",
        help="Manifests that every simulated cluster begins with; may be repeated.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}({', '.join(f'{name}=…' for name in TAKES)}): how the simulated cluster of a test is made",
    )


@pytest.fixture
def kubernetes_simulator(request: pytest.FixtureRequest) -> Iterator[RunningSimulator]:
    """A Kubernetes cluster of this test alone: url, kubeconfig, token, ca, clients, faults, clock."""
    from simulator.running import RunningSimulator

    with RunningSimulator(_settings(request)) as running:
        yield running


@pytest.fixture
def kubernetes_in_memory(
    request: pytest.FixtureRequest,
) -> Callable[[Callable[[Simulator], Awaitable[Any]]], Any]:
    """Plays `async def story(simulator)` in virtual time and answers what it returns; nothing listens or waits."""
    from simulator.loops import run_virtual
    from simulator.simulator import Simulator

    settings = _settings(request, sockets=False)

    def play(story: Callable[[Simulator], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with Simulator(settings) as simulator:
                return await story(simulator)

        return run_virtual(main())

    return play


def _settings(request: pytest.FixtureRequest, **fixed: Any) -> Settings:
    from simulator.settings import Settings

    wanted: dict[str, Any] = {"seed": request.config.getoption("--kubernetes-seed")}
    manifests = [Path(path) for path in request.config.getoption("--kubernetes-manifests")]
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        unknown = [name for name in marker.kwargs if name not in TAKES]
        if unknown or marker.args:
            said = ", ".join(unknown) or "values without a name"
            raise pytest.UsageError(f"@pytest.mark.{MARKER} takes {', '.join(TAKES)}, not {said}")
        given = {name: _checked(name, value) for name, value in marker.kwargs.items()}
        manifests += [request.path.parent / path for path in given.pop("manifests", ())]
        if "replay" in given:
            given["replay"] = request.path.parent / given["replay"]
        wanted.update(given)
    free = {"listen": "127.0.0.1:0", "control_listen": "127.0.0.1:0"}
    return Settings(**{**free, **wanted, **fixed, "load": tuple(manifests)})


def _checked(name: str, value: Any) -> Any:
    """A value of the marker as the settings take it. Raises ``pytest.UsageError``."""
    import msgspec

    from simulator.settings import Settings

    if name in ("manifests", "replay"):
        return value
    if name == "nodes" and isinstance(value, int | list | tuple):
        pairs = [(f"node-{n}", f"z{(n - 1) % 3 + 1}") for n in range(1, value + 1)] if isinstance(value, int) else value
        value = [
            dict(zip(("name", "zone"), one, strict=False)) if isinstance(one, list | tuple) else one for one in pairs
        ]
    field = next(field for field in msgspec.structs.fields(Settings) if field.name == name)
    try:
        return msgspec.convert(value, field.type, from_attributes=True)
    except msgspec.ValidationError as error:
        raise pytest.UsageError(f"@pytest.mark.{MARKER}({name}=…): {error}") from None
