"""What a request may not cost, however fast it is otherwise."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.gateway.dialogue import Dialogue
from tests.gateway.exchanging import GET, OK
from tests.gateway.serving import PROXY, serving

FILTERED = {"type": "cors", "origins": ["https://a.example"]}


@pytest.mark.parametrize("actions", [[PROXY], [FILTERED, PROXY], [{"type": "respond", "status": 204}]])
def test_a_request_leaves_nothing_for_the_garbage_collector(actions: list[dict[str, object]], tmp_path: Path) -> None:
    dialogue = Dialogue(serving("10.0.0.1:80", rules=[{"actions": actions}]), access_log=str(tmp_path / "log"))
    client = dialogue.client()
    client.says(GET)
    upstream = dialogue.accepts() if dialogue.connecting else None

    def ask() -> None:
        client.says(GET)
        if upstream is not None:
            upstream.says(OK)
        client.hears()

    if upstream is not None:
        upstream.says(OK)
    ask()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            ask()
        found = gc.collect()
    finally:
        gc.enable()
    assert found == 0


def test_a_connection_leaves_nothing_for_the_garbage_collector() -> None:
    dialogue = Dialogue(serving("10.0.0.1:80"))

    def come_and_go() -> None:
        client = dialogue.client()
        client.says(GET)
        upstream = dialogue.accepts()
        upstream.says(OK)
        client.hears()
        upstream.ends()
        client.ends()
        for side in (client, upstream):
            side.transport.protocol = None

    come_and_go()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            come_and_go()
        found = gc.collect()
    finally:
        gc.enable()
    assert found == 0
