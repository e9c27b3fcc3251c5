"""The gateway whose hottest modules are compiled."""

import sys
from pathlib import Path

import pytest

import edge
from loadtests.peers import compiled
from loadtests.peers.programs import MissingError


def test_every_module_that_is_compiled_is_there() -> None:
    root = Path(edge.__path__[0]).parent
    assert [name for name in compiled.MODULES if not (root / name).is_file()] == []


def test_without_a_compiler_it_says_what_to_install(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match="C compiler"):
        compiled.build(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(MissingError, match="installed-test"):
        compiled.build(tmp_path)
