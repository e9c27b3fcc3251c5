"""Which IP families a Service has, and its cluster IPs in them, as on a dual-stack cluster whose first family is IPv4.

Sources: pkg/registry/core/service/storage/alloc.go, pkg/apis/core/validation (ValidateServiceClusterIPsRelatedFields).

A Service is SingleStack unless its fields say otherwise; without a cluster IP and a selector it has both families. Its
first family never changes. Another policy adds the second one, or takes it away.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from random import Random

from simulator.errors import Cause
from simulator.objects.resource import Object
from simulator.objects.validation import bad, duplicate, unsupported

NETWORKS: dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network] = {
    "IPv4": ipaddress.IPv4Network("10.96.0.0/16"),
    "IPv6": ipaddress.IPv6Network("fd00:10:96::/112"),
}
"""Where cluster IPs come from; nothing listens on them."""
OTHER = {"IPv4": "IPv6", "IPv6": "IPv4"}
POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
NONE = "None"


def family_of(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def complete(spec: Object, before: Object, taken: Collection[str], random: Random) -> list[str]:
    """Put policy, families and addresses into a Service's spec; answers the addresses that it did not have before."""
    given = list(spec.get("clusterIPs") or ())
    if spec.get("clusterIP"):
        given[:1] = [spec["clusterIP"]]
    addresses = given or list(before.get("clusterIPs") or ())
    families = list(spec.get("ipFamilies") or before.get("ipFamilies") or ())
    policy = spec.get("ipFamilyPolicy") or before.get("ipFamilyPolicy") or _policy(spec, addresses, families)
    if not families:
        families = [family_of(one) for one in addresses if one not in (NONE, "")] or ["IPv4"]
    if policy == "SingleStack" and before.get("ipFamilyPolicy") not in (None, policy) and _kept(spec, before):
        del families[1:], addresses[1:]
    elif policy in POLICIES[:2] and len(families) == 1 and families[0] in OTHER:
        families.append(OTHER[families[0]])
    if addresses[:1] != [NONE]:
        used = {*taken, *addresses}
        for family in families[len(addresses) :]:
            addresses.append(_free(family, used, random) if family in NETWORKS else "")
    spec.update(clusterIP=addresses[0], clusterIPs=addresses, ipFamilies=families, ipFamilyPolicy=policy)
    known = before.get("clusterIPs") or ()
    return [one for one in addresses if one != NONE and one not in known]


def _policy(spec: Object, addresses: list[str], families: list[str]) -> str:
    headless = addresses[:1] == [NONE] and not spec.get("selector")
    return "RequireDualStack" if headless or len(addresses) > 1 or len(families) > 1 else "SingleStack"


def _kept(spec: Object, before: Object) -> bool:
    """Whether a change of policy left the other fields alone, so that they follow it."""
    same = all(not spec.get(name) or spec[name] == before.get(name) for name in ("ipFamilies", "clusterIPs"))
    return same and spec.get("clusterIP") in (None, "", before.get("clusterIP"))


def _free(family: str, used: Collection[str], random: Random) -> str:
    network = NETWORKS[family]
    while True:
        address = str(network[random.randrange(256, network.num_addresses - 1)])
        if address not in used:
            return address


def problems(spec: Object, before: Object) -> list[Cause]:
    """What is wrong with policy and families, and how the addresses fit them."""
    families, policy = spec.get("ipFamilies") or [], spec.get("ipFamilyPolicy")
    causes: list[Cause] = []
    if policy not in POLICIES:
        causes.append(unsupported("spec.ipFamilyPolicy", policy or "", POLICIES))
    elif policy == "SingleStack" and len(families) > 1:
        why = "must be RequireDualStack or PreferDualStack when multiple 'ipFamilies' are specified"
        causes.append(bad("spec.ipFamilyPolicy", policy, why))
    for index, family in enumerate(families):
        if family not in NETWORKS:
            causes.append(unsupported(f"spec.ipFamilies[{index}]", family, tuple(NETWORKS)))
        elif family in families[:index]:
            causes.append(duplicate(f"spec.ipFamilies[{index}]", family))
    if before.get("ipFamilies") and families[:1] != before["ipFamilies"][:1]:
        causes.append(bad("spec.ipFamilies[0]", families[0] if families else "", "may not change once set"))
    for index, (address, family) in enumerate(zip(spec.get("clusterIPs") or (), families, strict=False)):
        if address not in (NONE, "") and family in NETWORKS and family_of(address) != family:
            why = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            causes.append(bad(f"spec.clusterIPs[{index}]", address, why))
    return causes
