import pytest

from tests.scenarios.targets.kind.docker_api import DockerApi
from tests.scenarios.targets.kind.programs import Programs


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """`kind` and `ip` are the test's own; no other program is found."""
    home = tmp_path / "programs"
    home.mkdir()
    made = Programs(home)
    monkeypatch.setenv("PATH", str(made.folder))
    return made


@pytest.fixture
async def docker(tmp_path, monkeypatch):
    """A Docker daemon with a kind cluster's three containers."""
    api = DockerApi()
    path = tmp_path / "docker.sock"
    await api.listen(path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    yield api
    await api.close()
