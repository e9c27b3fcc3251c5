"""What a built package holds besides its Python sources. `make test-compiled` builds a wheel and tests it."""

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def patterns() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return settings["tool"]["hatch"]["build"]["hooks"]["custom"]["compiled-modules"]


def test_a_requests_way_is_compiled(build: ModuleType, patterns: list[str]) -> None:
    modules = build.modules_of(ROOT, patterns)
    assert {"edge/gateway/http/protocol.py", "edge/gateway/http/exchange.py", "edge/rules/finders.py"} <= set(modules)


def test_no_compiled_module_defines_a_struct(build: ModuleType, patterns: list[str]) -> None:
    modules = build.modules_of(ROOT, patterns)
    assert [name for name in modules if "msgspec.Struct" in (ROOT / name).read_text()] == []


def test_a_pattern_that_matches_nothing_is_said(build: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"no file matches edge/gone\.py"):
        build.modules_of(ROOT, ["edge/gone.py"])


def test_without_a_compiler_it_says_what_to_install(
    build: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="apt-get install gcc"):
        build.compile_modules(ROOT, ["edge/gateway/hosts.py"])


def test_what_was_compiled_is_of_no_use_once_a_source_has_changed(build: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "edge" / "one.py"
    source.parent.mkdir()
    source.write_text("A = 1\n")
    before = build._digest(tmp_path, ["edge/one.py"])
    assert build._digest(tmp_path, ["edge/one.py"]) == before
    source.write_text("A = 2\n")
    assert build._digest(tmp_path, ["edge/one.py"]) != before
