"""Every case of tests/gateway/corpus, whole and cut in pieces."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tests.gateway.corpus.case import Case, cases
from tests.gateway.corpus.playing import Play

CASES = cases()
LONG = 3000
"""Cases with more bytes than this are not played byte by byte: they are about limits, and have a cut of their own."""


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}: {case.name}" for case in CASES])
def test_a_case_of_the_corpus(case: Case) -> None:
    Play(case).run()


def test_no_case_depends_on_how_the_clients_bytes_were_cut() -> None:
    for case in CASES:
        for piece in (1, 7) if len(case.asked) < LONG else (977,):
            try:
                Play(case, piece).run()
            except AssertionError as error:
                raise AssertionError(f"{case.file}: {case.name}, in pieces of {piece} bytes: {error}") from error


def test_the_corpus_is_large_and_without_doubles() -> None:
    assert len(CASES) >= 300
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)
    played = [(case.address, case.rules, repr(case.settings), repr(case.steps)) for case in CASES]
    assert len(set(played)) == len(CASES)


def test_nothing_that_a_client_says_reaches_the_log_unescaped(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    for case in CASES:
        play = Play(msgspec.structs.replace(case, settings={**case.settings, "access_log": str(file)}))
        play.run()
        play.dialogue.path.access_log.close()
    lines = file.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert len(lines) > len(CASES) / 2
    for line in lines:
        assert all(32 <= byte < 127 for byte in line), line
        assert isinstance(json.loads(line), dict)
