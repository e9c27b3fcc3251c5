from __future__ import annotations

from simulator.kubelet.behaviour import Behaviour, parse


def test_annotations_become_seconds_and_a_status() -> None:
    behaviour, problems = parse(
        {
            "simulator/ready-after": "1.5s",
            "simulator/ends-after": "500ms",
            "simulator/status": "503",
            "simulator/crash-after": "1m30s",
            "other/annotation": "x",
        }
    )
    assert behaviour == Behaviour(ready_after=1.5, ends_after=0.5, status=503, crash_after=90.0)
    assert problems == ()


def test_what_cannot_be_understood_keeps_its_default_and_is_named() -> None:
    behaviour, problems = parse({"simulator/latency": "slow", "simulator/status": "42", "simulator/ready": "1s"})
    assert behaviour == Behaviour()
    assert [problem.split(":")[0] for problem in problems] == [
        "annotation simulator/latency",
        "annotation simulator/status",
        "annotation simulator/ready",
    ]
