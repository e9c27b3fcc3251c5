"""Ingresses and IngressClasses: the default class, validation (pkg/apis/networking/validation)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from simulator.errors import Cause
from simulator.objects.resource import Object
from simulator.objects.validation import (
    LABEL,
    LABEL_1035,
    SAYS_LABEL,
    SAYS_LABEL_1035,
    SAYS_SUBDOMAIN,
    SUBDOMAIN,
    bad,
    immutable,
    required,
    unsupported,
)

if TYPE_CHECKING:
    from simulator.store.store import Store

CLASS = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
NOT_AT_END = ("/..", "/.")


def prepare_ingress(store: Store, obj: Object, old: Object | None) -> None:
    """A new Ingress without a class gets the newest default class (admission DefaultIngressClass)."""
    from simulator.kinds.table import RESOURCES  # the table is made of this module's rows

    spec = obj.setdefault("spec", {})
    if old is not None:
        return
    obj["status"] = {"loadBalancer": {}}
    if spec.get("ingressClassName") is not None or CLASS in (obj["metadata"].get("annotations") or {}):
        return
    classes = store.list(RESOURCES.of("networking.k8s.io/v1", "IngressClass"))
    wanted = [one for one in classes if (one["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"]
    if wanted:
        newest = max(wanted, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))
        spec["ingressClassName"] = newest["metadata"]["name"]


def validate_ingress(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    causes: list[Cause] = []
    annotation = (obj["metadata"].get("annotations") or {}).get(CLASS)
    if old is None and annotation and spec.get("ingressClassName") is not None:
        why = "can not be set when the class field is also set"
        causes.append(bad(f"metadata.annotations[{CLASS}]", annotation, why))
    if not rules and backend is None:
        why = "either `defaultBackend` or `rules` must be specified"
        causes.append(bad("spec", spec.get("rules"), why))
    if backend is not None:
        causes += _backend_problems(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        causes += _rule_problems(rule, f"spec.rules[{index}]")
    for index, entry in enumerate(spec.get("tls") or ()):
        for number, host in enumerate(entry.get("hosts") or ()):
            causes += _host_problems(host, f"spec.tls[{index}].hosts[{number}]")
        secret = entry.get("secretName")
        if secret and not SUBDOMAIN.match(secret):
            causes.append(bad(f"spec.tls[{index}].secretName", secret, SAYS_SUBDOMAIN))
    name = spec.get("ingressClassName")
    if name is not None and not SUBDOMAIN.match(name):
        causes.append(bad("spec.ingressClassName", name, SAYS_SUBDOMAIN))
    return causes


def _rule_problems(rule: Object, field: str) -> list[Cause]:
    causes: list[Cause] = []
    host = rule.get("host") or ""
    if host:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            causes += _host_problems(host, f"{field}.host")
        else:
            causes.append(bad(f"{field}.host", host, "must be a DNS name, not an IP address"))
    http = rule.get("http")
    if http is None:
        return causes
    if not http.get("paths"):
        causes.append(required(f"{field}.http.paths"))
    for index, path in enumerate(http.get("paths") or ()):
        causes += _path_problems(path, f"{field}.http.paths[{index}]")
    return causes


def _host_problems(host: str, field: str) -> list[Cause]:
    rest = host.removeprefix("*.")
    if SUBDOMAIN.match(rest) and len(host) <= 253:
        return []
    if "*" not in host:
        return [bad(field, host, SAYS_SUBDOMAIN)]
    why = (
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
        "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
        "regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    )
    return [bad(field, host, why)]


def _path_problems(entry: Object, field: str) -> list[Cause]:
    causes: list[Cause] = []
    kind, path = entry.get("pathType"), entry.get("path") or ""
    if not kind:
        causes.append(required(f"{field}.pathType", "pathType must be specified"))
    elif kind not in PATH_TYPES:
        causes.append(unsupported(f"{field}.pathType", kind, PATH_TYPES))
    elif kind in ("Exact", "Prefix") or path:
        if not path.startswith("/"):
            causes.append(bad(f"{field}.path", path, "must be an absolute path"))
        if kind != "ImplementationSpecific" and path:
            causes += [bad(f"{field}.path", path, f"must not contain '{bit}'") for bit in NOT_IN_PATHS if bit in path]
            causes += [
                bad(f"{field}.path", path, f"cannot end with '{bit}'") for bit in NOT_AT_END if path.endswith(bit)
            ]
    return causes + _backend_problems(entry.get("backend") or {}, f"{field}.backend")


def _backend_problems(backend: Object, field: str) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [bad(field, "", "cannot set both resource and service backends")]
    if resource is not None:
        return [required(f"{field}.resource.{key}") for key in ("kind", "name") if not resource.get(key)]
    if service is None:
        return [bad(field, "", "resource or service backend is required")]
    causes = []
    name, port = service.get("name") or "", service.get("port") or {}
    if not name:
        causes.append(required(f"{field}.service.name"))
    elif not LABEL_1035.match(name):
        causes.append(bad(f"{field}.service.name", name, SAYS_LABEL_1035))
    if port.get("name") and port.get("number"):
        causes.append(bad(field, "", "cannot set both port name & port number"))
    elif port.get("name"):
        if not LABEL.match(port["name"]):
            causes.append(bad(f"{field}.service.port.name", port["name"], SAYS_LABEL))
    elif not port.get("number"):
        causes.append(required(field, "port name or number is required"))
    elif not 0 < port["number"] < 65536:
        why = "must be between 1 and 65535, inclusive"
        causes.append(bad(f"{field}.service.port.number", port["number"], why))
    return causes


# classes


def default_ingress_class(obj: Object) -> None:
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters is not None and not parameters.get("scope"):
        parameters["scope"] = "Cluster"


def validate_ingress_class(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    controller, parameters = spec.get("controller") or "", spec.get("parameters")
    causes: list[Cause] = []
    domain, slash, path = controller.partition("/")
    if not controller:
        causes.append(required("spec.controller"))
    elif len(controller) > 250:
        causes.append(Cause("FieldValueTooLong", "Too long: may not be more than 250 bytes", "spec.controller"))
    elif not (slash and path and SUBDOMAIN.match(domain)):
        causes.append(bad("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    if old is not None and (old.get("spec") or {}).get("controller") != spec.get("controller"):
        causes.append(immutable("spec.controller", controller))
    if parameters is not None:
        causes += [required(f"spec.parameters.{key}") for key in ("kind", "name") if not parameters.get(key)]
        scope = parameters.get("scope")
        if scope not in ("Cluster", "Namespace"):
            causes.append(unsupported("spec.parameters.scope", scope, ("Cluster", "Namespace")))
        if scope == "Namespace" and not parameters.get("namespace"):
            why = '`parameters.scope` is set to "Namespace"'
            causes.append(required("spec.parameters.namespace", why))
    return causes


def validate_lease(obj: Object, old: Object | None) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if seconds is not None and seconds <= 0:
        causes.append(bad("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        causes.append(bad("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return causes
