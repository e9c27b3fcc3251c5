"""A plan as a scenario file, which plays the same deeds against real processes, in real time.

Invariants are looked at there as users see them: no gateway shows what Kubernetes never offered, and at the end every
gateway equals Kubernetes. Two deeds have no action of their own. A restored backup is written as what a client sees of
it, a history that is gone; a cut connection to the Admin as a gateway that stands still until its ping is overdue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from scenarios.explore.cluster import FAR_NAMESPACE, deployment, key_of, namespace, service
from scenarios.explore.invariants import Violation
from scenarios.explore.plan import SETTLED_WITHIN, Deed, Plan

Step = dict[str, Any]
HOST = "www.kubernetes-edge-test.com"
CUT_AFTER = "11s"


def write(plan: Plan, violation: Violation, command: str) -> str:
    """The file's text. `command` plays the whole run again."""
    title = f"explore {plan.seed}: {violation.invariant}"
    body = {
        "title": title,
        "about": f"Found by `{command}`. In virtual time: {violation}",
        "given": _given(plan),
        "steps": _steps(plan),
        "target": {"needs": ["simulator"]},
    }
    said = yaml.safe_dump(body, sort_keys=False, width=120, allow_unicode=True)
    return f"# seed: {plan.seed}\n# again, in virtual time: {command}\n{said}"


def _given(plan: Plan) -> Step:
    manifests: list[Step] = []
    for number, count in enumerate(plan.replicas):
        if number == 2:
            manifests.append(namespace())
        manifests += [deployment(number, count), service(number)]
    upstreams = [
        {"name": f"u{number}", "kubernetes": {"service": name, "port": 80, "namespace": where}}
        for number, (where, name) in enumerate(map(key_of, range(len(plan.replicas))))
    ]
    rules = [{"actions": [{"type": "proxy", "upstream": "u0"}]}]
    application = {"name": HOST, "domains": [HOST], "upstreams": upstreams, "rules": rules}
    return {"manifests": manifests, "edge": {"gateways": plan.gateways, "applications": [application]}}


def _steps(plan: Plan) -> list[Step]:
    steps: list[Step] = []
    before = plan.deeds[0].at if plan.deeds else 0.0
    stopped = revoked = bound = False
    for deed in plan.deeds:
        if deed.at - before >= 0.05:
            steps.append({"wait": f"{int((deed.at - before) * 1000)}ms"})
        before = deed.at
        steps += _WORDS[deed.name](deed)
        stopped = deed.name == "stop-api-server" or (stopped and deed.name != "start-api-server")
        revoked = revoked or deed.name == "revoke" or not deed.args.get("keep", True)
        bound = (bound or deed.name == "remove-access") and deed.name != "restore-access"
    steps.append({"clear-fault": "all"})
    if stopped:
        steps.append({"start-api-server": None})
    if bound:
        steps.append({"restore-access": {"clusterrolebinding": "edge-reader"}})
    if revoked:
        steps.append({"rotate-token": None})
    settled = {"gateway": "every", "as_kubernetes": True}
    steps.append({"expect": settled, "within": f"{SETTLED_WITHIN:.0f}s"})
    return steps


def _where(deed: Deed) -> tuple[Step, str]:
    where, name = key_of(deed.args["service"])
    return ({} if where == "default" else {"namespace": where}), name


def _on_deployment(key: str, **more: Any) -> Callable[[Deed], list[Step]]:
    def words(deed: Deed) -> list[Step]:
        where, name = _where(deed)
        return [{key: {"deployment": name, **more, **where}}]

    return words


def _scale(deed: Deed) -> list[Step]:
    where, name = _where(deed)
    return [{"scale": {"deployment": name, "replicas": deed.args["replicas"], **where}}]


def _kill(deed: Deed) -> list[Step]:
    where, name = _where(deed)
    grace = {} if deed.args["grace"] is None else {"grace": "0s"}
    return [{"kill-pod": {"deployment": name, "count": 1, **grace, **where}}]


def _port(deed: Deed) -> list[Step]:
    where, name = _where(deed)
    patch = {"spec": {"ports": [{"port": 80, "targetPort": deed.args["port"]}]}}
    return [{"patch": {"kind": "Service", "name": name, "patch": patch, **where}}]


def _select(deed: Deed) -> list[Step]:
    where, name = _where(deed)
    app = key_of(deed.args.get("other", deed.args["service"]))[1]
    return [{"select": {"service": name, "selector": {"app": app}, **where}}]


def _delete_service(deed: Deed) -> list[Step]:
    where, name = _where(deed)
    return [{"delete": {"kind": "Service", "name": name, **where}}]


def _reuse(deed: Deed) -> list[Step]:
    where, name = _where(deed)
    other = key_of(deed.args["other"])[1]
    return [{"slice": {"name": f"{name}-by-hand", "service": name, "deployment": other, **where}}]


def _gateway(*keys: str) -> Callable[[Deed], list[Step]]:
    return lambda deed: [{key: f"gateway-{deed.args['gateway'] + 1}"} for key in keys]


def _cut(deed: Deed) -> list[Step]:
    name = f"gateway-{deed.args['gateway'] + 1}"
    return [{"pause": name}, {"wait": CUT_AFTER}, {"resume": name}]


def _fault(deed: Deed) -> list[Step]:
    return [{"fault": dict(deed.args)}]


def _release(deed: Deed) -> list[Step]:
    actions = [{"type": "set-response-header", "name": "X-At", "value": f"{deed.at}"}]
    rule = {"rule": "everything", "set": {"actions": [*actions, {"type": "proxy", "upstream": "u0"}]}}
    return [{"edit": rule}, {"release": None}]


def _plain(*steps: Step) -> Callable[[Deed], list[Step]]:
    return lambda deed: [dict(step) for step in steps]


_WORDS: dict[str, Callable[[Deed], list[Step]]] = {
    "scale": _scale,
    "restart": _on_deployment("restart"),
    "kill-pod": _kill,
    "unready": _on_deployment("unready", count=1),
    "ready": _on_deployment("ready"),
    "port": _port,
    "select": _select,
    "unselect": _select,
    "delete-service": _delete_service,
    "create-service": lambda deed: [{"apply": service(deed.args["service"])}],
    "delete-namespace": _plain({"delete": {"kind": "Namespace", "name": FAR_NAMESPACE}}),
    "create-namespace": _plain({"apply": [namespace(), deployment(2, 1), service(2)]}),
    "reuse-addresses": _reuse,
    "stop-api-server": lambda deed: [{"stop-api-server": {"keep": deed.args["keep"]}}],
    "start-api-server": _plain({"start-api-server": None}),
    "fault": _fault,
    "clear-fault": _plain({"clear-fault": "all"}),
    "compact": _plain({"compact": None}),
    "roll-back": _plain({"compact": None}, {"fault": {"fault": {"type": "expired"}, "times": 3}}),
    "revoke": _plain({"revoke": {"serviceaccount": "edge-reader"}}),
    "rotate-token": _plain({"rotate-token": None}),
    "remove-access": _plain({"remove-access": {"clusterrolebinding": "edge-reader"}}),
    "restore-access": _plain({"restore-access": {"clusterrolebinding": "edge-reader"}}),
    "cut-gateway": _cut,
    "slow-gateway": _gateway("pause", "resume"),
    "restart-gateway": _gateway("kill", "start"),
    "restart-admin": _plain({"kill": "admin"}, {"start": "admin"}),
    "release": _release,
}
