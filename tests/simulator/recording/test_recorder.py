"""One simulator recorded, another one playing the recording back; also what is never stored."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.loops import run_virtual
from simulator.recording.format import REMOVED, RecordingError, read
from simulator.recording.recorder import Recorder
from simulator.settings import Settings, SettingsError
from simulator.simulator import Simulator
from tests.simulator.in_memory import MAPS, PODS
from tests.simulator.world import FILES

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmVkLWJ5LXNvbWVib2R5"
WATCHED = {"watch": "1", "timeoutSeconds": "20"}


async def happen(simulator: Simulator, api: httpx.AsyncClient) -> None:
    """Twelve seconds in the life of a cluster."""
    simulator.load(FILES / "hello.yaml")
    await asyncio.sleep(4)
    scale = {"spec": {"replicas": 3}}
    path = "/apis/apps/v1/namespaces/default/deployments/test-hello/scale"
    done = await api.patch(path, json=scale, headers={"Content-Type": "application/merge-patch+json"})
    assert done.status_code == 200
    await asyncio.sleep(4)
    await api.delete("/apis/apps/v1/namespaces/default/deployments/test-hello")
    await asyncio.sleep(4)


async def record(path: Path, expire: bool = False) -> list[tuple[float, str]]:
    """Record into `path`; answers the lines of the pods' watch that somebody else had, with their times."""
    loop = asyncio.get_running_loop()
    seen: list[tuple[float, str]] = []
    async with Simulator(Settings(sockets=False, seed=3)) as simulator, simulator.connect(timeout=60) as api:
        secret = {"metadata": {"name": "s"}, "stringData": {"password": "hidden-in-a-secret"}}
        await api.post("/api/v1/namespaces/default/secrets", json=secret)
        await api.post(MAPS, json={"metadata": {"name": "careless"}, "data": {"token": TOKEN}})
        with path.open("wb") as file:
            recorder = Recorder(api, file.write)
            await recorder.start()
            began = loop.time()

            async def follow() -> None:
                since = (await api.get(PODS)).json()["metadata"]["resourceVersion"]
                async with api.stream("GET", PODS, params={**WATCHED, "resourceVersion": since}) as watch:
                    seen.extend([(round(loop.time() - began, 1), line) async for line in watch.aiter_lines()])

            task = loop.create_task(follow())
            await asyncio.sleep(1)
            if expire:
                simulator.faults.add({"fault": {"type": "drop-event"}, "match": {"resource": "pods", "verb": "watch"}})
                await asyncio.sleep(0)
            await happen(simulator, api)
            if expire:
                simulator.faults.clear()
                simulator.faults.add({"fault": {"type": "expired"}, "match": {"verb": "watch"}, "times": 40})
                await asyncio.sleep(3)
            await task
            await recorder.stop()
    return seen


def test_a_replay_shows_the_same_objects_events_and_versions_at_their_times(tmp_path: Path) -> None:
    file = tmp_path / "incident.jsonl"
    lived = run_virtual(record(file))
    assert len(lived) > 10

    async def replay(speed: float) -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        settings = Settings(sockets=False, replay=file, speed=speed)
        async with Simulator(settings) as simulator, simulator.connect(timeout=60) as api:
            began = loop.time()
            listed = (await api.get(PODS)).json()
            query = {**WATCHED, "resourceVersion": listed["metadata"]["resourceVersion"]}
            async with api.stream("GET", PODS, params=query) as watch:
                seen = [(round((loop.time() - began) * speed, 1), line) async for line in watch.aiter_lines()]
            assert simulator.state()["replay"]["events"] == simulator.state()["replay"]["of"]
        return seen

    assert run_virtual(replay(1.0)) == lived
    assert run_virtual(replay(4.0)) == lived


def test_nothing_secret_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "incident.jsonl"
    run_virtual(record(file))
    content = file.read_bytes()
    assert b"hidden-in-a-secret" not in content
    assert b"aGlkZGVuLWluLWEtc2VjcmV0" not in content
    assert TOKEN.encode() not in content
    assert REMOVED in content
    secrets = [json.loads(line) for line in content.splitlines() if b'"list":"v1/secrets"' in line]
    assert [item["metadata"]["name"] for item in secrets[0]["items"]] == ["s"]


def test_what_was_missed_while_a_history_was_forgotten_is_made_up_for(tmp_path: Path) -> None:
    file = tmp_path / "incident.jsonl"
    run_virtual(record(file, expire=True))
    pods = [event for event in read(file).events if event.of == "v1/services"]
    assert pods  # the service came while all events but the pods' were delivered
    names: dict[str, Any] = {}
    for event in read(file).events:
        if event.of == "v1/pods":
            names[event.object["metadata"]["name"]] = event.type
    assert set(names.values()) <= {"DELETED"}


def test_a_replay_can_be_read_and_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "incident.jsonl"
    run_virtual(record(file))

    async def main() -> None:
        async with Simulator(Settings(sockets=False, replay=file)) as simulator, simulator.connect(timeout=60) as api:
            refused = await api.post(MAPS, json={"metadata": {"name": "new"}})
            assert (refused.status_code, refused.json()["reason"]) == (405, "MethodNotAllowed")
            assert "is a recording" in refused.json()["message"]
            assert (await api.get(f"{MAPS}/careless")).status_code == 200
            before = (await api.get(PODS)).content
            await asyncio.sleep(30)
            await simulator.reset()
            assert (await api.get(PODS)).content == before

    run_virtual(main())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "found an empty file"),
        ("not json", "line 1"),
        ('{"recording": 99, "at": 1, "version": {}}', "this is format 99"),
        (
            '{"recording": 1, "at": 1, "version": {}}\n{"event": "ADDED", "of": "v1/pods", "at": 1, "object": {}}',
            "line 2",
        ),
        ('{"recording": 1, "at": 1, "version": {}}\n[]', "line 2"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_by_its_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(content)
    with pytest.raises(RecordingError, match=said):
        read(file)

    async def main() -> None:
        with pytest.raises(SettingsError, match=said):
            await Simulator(Settings(sockets=False, replay=file)).start()

    run_virtual(main())
