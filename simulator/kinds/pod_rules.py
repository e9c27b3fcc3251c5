"""What a pod spec must satisfy beside its containers' names and images (pkg/apis/core/validation)."""

from __future__ import annotations

import re

from simulator.errors import Cause
from simulator.objects.resource import Object
from simulator.objects.validation import (
    LABEL,
    SAYS_LABEL,
    SAYS_SUBDOMAIN,
    SUBDOMAIN,
    bad,
    duplicate,
    quoted,
    required,
    unsupported,
)

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
PORT_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
RANGE = "must be between 1 and 65535, inclusive"
NEGATIVE = "must be greater than or equal to 0"
SUFFIXES = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
QUANTITY = re.compile(r"^([-+]?[\d.]+(?:[eE][-+]?\d+)?)([numkMGTPE]i?|Ki)?\Z")


def amount(text: str) -> float:
    """A quantity as a number; 0 for what is none."""
    found = QUANTITY.match(str(text))
    if found is None:
        return 0.0
    try:
        return float(found[1]) * SUFFIXES.get(found[2] or "", 1.0)
    except ValueError:
        return 0.0


def pod_level_problems(spec: Object, path: str) -> list[Cause]:
    causes, names = _volume_problems(spec.get("volumes") or [], path)
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            causes += container_problems(container, f"{path}.{group}[{index}]", names)
    if spec.get("dnsPolicy") not in (None, *DNS_POLICIES):
        causes.append(unsupported(f"{path}.dnsPolicy", spec["dnsPolicy"], DNS_POLICIES))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and deadline < 1:
        causes.append(bad(f"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive"))
    account = spec.get("serviceAccountName")
    if account and not SUBDOMAIN.match(account):
        causes.append(bad(f"{path}.serviceAccountName", account, SAYS_SUBDOMAIN))
    return causes


def _volume_problems(volumes: list[Object], path: str) -> tuple[list[Cause], list[str]]:
    causes: list[Cause] = []
    names: list[str] = []
    for index, volume in enumerate(volumes):
        name, field = volume.get("name") or "", f"{path}.volumes[{index}]"
        if not name:
            causes.append(required(f"{field}.name"))
        elif not LABEL.match(name):
            causes.append(bad(f"{field}.name", name, SAYS_LABEL))
        elif name in names:
            causes.append(duplicate(f"{field}.name", name))
        names.append(name)
        if len([key for key in volume if key != "name"]) > 1:
            kinds = [key for key in volume if key != "name"]
            causes += [
                Cause("FieldValueForbidden", "Forbidden: may not specify more than 1 volume type", f"{field}.{kind}")
                for kind in kinds[1:]
            ]
    return causes, names


def container_problems(container: Object, path: str, volumes: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    image = container.get("image") or ""
    if image != image.strip():
        causes.append(bad(f"{path}.image", image, "must not have leading or trailing whitespace"))
    if container.get("imagePullPolicy") not in (None, *PULL_POLICIES):
        causes.append(unsupported(f"{path}.imagePullPolicy", container["imagePullPolicy"], PULL_POLICIES))
    causes += _port_problems(container.get("ports") or [], f"{path}.ports")
    causes += _env_problems(container.get("env") or [], f"{path}.env")
    causes += _mount_problems(container.get("volumeMounts") or [], f"{path}.volumeMounts", volumes)
    causes += _resource_problems(container.get("resources") or {}, f"{path}.resources")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe) is not None:
            causes += _probe_problems(container[probe], f"{path}.{probe}", probe == "readinessProbe")
    return causes


def _port_problems(ports: list[Object], field: str) -> list[Cause]:
    causes: list[Cause] = []
    names: list[str] = []
    for index, port in enumerate(ports):
        name = port.get("name") or ""
        if name and (len(name) > 15 or not PORT_NAME.match(name) or not re.search("[a-z]", name) or "--" in name):
            if len(name) > 15:
                why = "must be no more than 15 characters"
            elif not re.search("[a-z]", name):
                why = "must contain at least one letter (a-z)"
            elif "--" in name:
                why = "must not contain consecutive hyphens"
            else:
                why = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
            causes.append(bad(f"{field}[{index}].name", name, why))
        elif name and name in names:
            causes.append(duplicate(f"{field}[{index}].name", name))
        names.append(name)
        host = port.get("hostPort") or 0
        if host and not 0 < host < 65536:
            causes.append(bad(f"{field}[{index}].hostPort", host, RANGE))
    return causes


def _env_problems(variables: list[Object], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, variable in enumerate(variables):
        name, source = variable.get("name") or "", variable.get("valueFrom")
        if not name:
            causes.append(required(f"{field}[{index}].name"))
        elif "=" in name or not name.isprintable() or not name.isascii():
            why = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            causes.append(bad(f"{field}[{index}].name", name, why))
        if source is None:
            continue
        if variable.get("value"):
            causes.append(bad(f"{field}[{index}].valueFrom", "", "may not be specified when `value` is not empty"))
        count = sum(part is not None for part in source.values())
        if count != 1:
            why = "may not have more than one field specified at a time" if count else (
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            )  # fmt: skip
            causes.append(bad(f"{field}[{index}].valueFrom", "", why))
    return causes


def _mount_problems(mounts: list[Object], field: str, volumes: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    paths: list[str] = []
    for index, mount in enumerate(mounts):
        name, place = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            causes.append(required(f"{field}[{index}].name"))
        elif name not in volumes:
            causes.append(Cause("FieldValueNotFound", f"Not found: {quoted(name)}", f"{field}[{index}].name"))
        if not place:
            causes.append(required(f"{field}[{index}].mountPath"))
        elif place in paths:
            causes.append(bad(f"{field}[{index}].mountPath", place, "must be unique"))
        paths.append(place)
    return causes


def _resource_problems(resources: Object, field: str) -> list[Cause]:
    causes = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for part, values in (("limits", limits), ("requests", requests)):
        for name, value in values.items():
            if amount(value) < 0:
                causes.append(bad(f"{field}.{part}[{name}]", value, NEGATIVE))
    for name, value in requests.items():
        if name in limits and amount(value) > amount(limits[name]):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            causes.append(bad(f"{field}.requests", value, why))
    return causes


def _probe_problems(probe: Object, field: str, readiness: bool) -> list[Cause]:
    causes: list[Cause] = []
    given = [handler for handler in HANDLERS if probe.get(handler) is not None]
    if not given:
        causes.append(required(field, "must specify a handler type"))
    for handler in given[1:]:
        why = "may not specify more than 1 handler type"
        causes.append(Cause("FieldValueForbidden", f"Forbidden: {why}", f"{field}.{handler}"))
    for handler in given[:1]:
        port = (probe[handler] or {}).get("port")
        if isinstance(port, int) and handler != "exec" and not 0 < port < 65536:
            causes.append(bad(f"{field}.{handler}.port", port, RANGE))
    counts = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
    causes += [bad(f"{field}.{key}", probe[key], NEGATIVE) for key in counts if (probe.get(key) or 0) < 0]
    if not readiness and (probe.get("successThreshold") or 1) != 1:
        causes.append(bad(f"{field}.successThreshold", probe["successThreshold"], "must be 1"))
    return causes
