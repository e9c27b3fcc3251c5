"""What a pod's managers own, as a recorded pod of a real 1.36 shows it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.simulator.world import World, simulate

CONDITION: dict[str, Any] = {
    ".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {},
}  # fmt: skip
CONTAINER: dict[str, Any] = {
    ".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {},
    "f:ports": {
        ".": {}, 'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}},
    },
    "f:resources": {}, "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {},
}  # fmt: skip


def test_a_running_pod_names_its_creator_s_fields_and_its_kubelet_s() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(1)
        [pod] = world.list("pods")
        uid, ip = pod["metadata"]["ownerReferences"][0]["uid"], pod["status"]["podIP"]
        found = {entry["manager"]: entry for entry in pod["metadata"]["managedFields"]}
        assert list(found) == ["kube-controller-manager", "kubelet"]
        assert found["kube-controller-manager"]["fieldsV1"] == {
            "f:metadata": {
                "f:generateName": {},
                "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}},
                "f:ownerReferences": {".": {}, f'k:{{"uid":"{uid}"}}': {}},
            },
            "f:spec": {
                "f:containers": {'k:{"name":"hello"}': CONTAINER},
                "f:dnsPolicy": {}, "f:enableServiceLinks": {}, "f:restartPolicy": {}, "f:schedulerName": {},
                "f:securityContext": {}, "f:terminationGracePeriodSeconds": {},
            },
        }  # fmt: skip
        assert found["kubelet"]["subresource"] == "status"
        assert found["kubelet"]["fieldsV1"] == {
            "f:status": {
                "f:conditions": {
                    f'k:{{"type":"{kind}"}}': CONDITION for kind in ("ContainersReady", "Initialized", "Ready")
                },
                "f:containerStatuses": {}, "f:hostIP": {}, "f:phase": {}, "f:podIP": {},
                "f:podIPs": {".": {}, f'k:{{"ip":"{ip}"}}': {".": {}, "f:ip": {}}},
                "f:startTime": {},
            }
        }  # fmt: skip

    simulate(story)


def test_a_kubelet_that_writes_the_same_fields_again_keeps_its_entry() -> None:
    async def story(world: World) -> None:
        world.apply("hello.yaml")
        await asyncio.sleep(1)
        [pod] = world.list("pods")
        before = json.dumps(pod["metadata"]["managedFields"])
        pod["metadata"]["labels"]["team"] = "blue"
        world.cluster.update("pods", pod)
        await asyncio.sleep(1)
        assert json.dumps(world.list("pods")[0]["metadata"]["managedFields"]) == before

    simulate(story)
