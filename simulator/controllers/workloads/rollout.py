"""A Deployment's rollout decision: how many replicas each of its ReplicaSets should have now.

Sources: pkg/controller/deployment/{rolling,recreate,sync}.go and util/deployment_util.go. *New* is the ReplicaSet with
the deployment's pod template, *old* are all others. Everything here is arithmetic on `Set`s; nothing is written.

Rules.
- RollingUpdate never has more than replicas + maxSurge pods, never fewer available than replicas - maxUnavailable;
  unhealthy old pods go first, because ending them costs no availability.
- Recreate ends all old pods, waits until none is left, then starts the new ones.
- When `replicas` changes during a rollout, or a rollout is paused, all active sets are scaled in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.objects.rounding import scaled


class Set(msgspec.Struct, frozen=True):
    """A ReplicaSet: `desired` and `maximum` are the deployment's replicas and limit when it was last scaled."""

    name: str
    created: str
    replicas: int
    available: int
    desired: int | None
    maximum: int | None


class Strategy(msgspec.Struct, frozen=True):
    """Pods above and below `replicas` that a rollout may have."""

    replicas: int
    surge: int
    unavailable: int
    recreate: bool = False

    @property
    def limit(self) -> int:
        """Most pods at once; a scaled-down deployment has none above."""
        return self.replicas + self.surge if self.replicas else 0

    @property
    def minimum(self) -> int:
        """Fewest available pods."""
        return self.replicas - min(self.unavailable, self.replicas)


Scales = dict[str, int]  # set name → replicas


def strategy(spec: Mapping[str, Any]) -> Strategy:
    """The numbers behind `spec.strategy`: percentages of replicas, surge rounded up, unavailable rounded down."""
    replicas = spec.get("replicas", 1)
    asked = spec.get("strategy") or {}
    if asked.get("type") == "Recreate":
        return Strategy(replicas, 0, 0, recreate=True)
    rolling = asked.get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # deployment_util.go ResolveFenceposts: a rollout must be able to go on
    return Strategy(replicas, surge, unavailable)


def new_replicas(want: Strategy, new: int, everything: int) -> int:
    """Replicas of the new set, which has `new` of `everything` replicas of all sets."""
    if want.recreate:
        return want.replicas
    room = want.replicas + want.surge - everything
    return new if room <= 0 else new + min(room, want.replicas - new)


def is_scaling(want: Strategy, sets: Sequence[Set]) -> bool:
    """Whether `replicas` has changed since an active set was last scaled."""
    return any(s.replicas > 0 and s.desired is not None and s.desired != want.replicas for s in sets)


def roll(want: Strategy, new: Set, old: Sequence[Set]) -> Scales:
    """One step of a rolling update: either the new set grows (or shrinks), or old ones shrink, or nothing is to do."""
    everything = new.replicas + sum(s.replicas for s in old)
    if new.replicas != want.replicas:
        grown = want.replicas if new.replicas > want.replicas else new_replicas(want, new.replicas, everything)
        if grown != new.replicas:
            return {new.name: grown}
    if not sum(s.replicas for s in old):
        return {}
    most = everything - want.minimum - (new.replicas - new.available)
    if most <= 0:
        return {}
    return _shrink(want, new, _by_age(old), most)


def _shrink(want: Strategy, new: Set, old: Sequence[Set], most: int) -> Scales:
    """First what is unhealthy (up to `most`), then what availability allows."""
    replicas = {s.name: s.replicas for s in old}
    for found in old:
        step = min(most, max(found.replicas - found.available, 0))
        replicas[found.name] -= step
        most -= step
    spare = new.available + sum(s.available for s in old) - want.minimum
    for found in old:
        step = min(max(spare, 0), replicas[found.name])
        replicas[found.name] -= step
        spare -= step
    return {s.name: replicas[s.name] for s in old if replicas[s.name] != s.replicas}


def recreate(want: Strategy, new: Set | None, old: Sequence[Set], old_pods_left: bool) -> Scales | None:
    """One step of Recreate: scales, or None when the new set has to be made first."""
    ending = {s.name: 0 for s in old if s.replicas > 0}
    if ending:
        return ending
    if old_pods_left:
        return {}
    if new is None:
        return None
    return {new.name: want.replicas} if new.replicas != want.replicas else {}


def scale(want: Strategy, new: Set | None, old: Sequence[Set], status_replicas: int) -> Scales:
    """Scale what there is to `replicas`, keeping the proportions of a rollout in progress."""
    active = [s for s in (*old, *([new] if new else [])) if s.replicas > 0]
    if len(active) <= 1:
        only = active[0] if active else (new or (_by_age(old)[-1] if old else None))
        return {only.name: want.replicas} if only is not None and only.replicas != want.replicas else {}
    if new is not None and _saturated(new, want):
        return {s.name: 0 for s in old if s.replicas > 0}
    return {} if want.recreate else _proportional(want, active, status_replicas)


def _proportional(want: Strategy, active: Sequence[Set], status_replicas: int) -> Scales:
    to_add = want.limit - sum(s.replicas for s in active)
    ordered = sorted(active, key=lambda s: s.created, reverse=to_add > 0)
    ordered.sort(key=lambda s: -s.replicas)
    sizes: Scales = {}
    added = 0
    for found in ordered:
        share = 0
        if to_add and found.replicas and to_add != added:
            fraction = _fraction(want, found, status_replicas)
            share = min(fraction, to_add - added) if to_add > 0 else max(fraction, to_add - added)
        sizes[found.name] = found.replicas + share
        added += share
    if ordered and to_add != added:
        first = ordered[0].name
        sizes[first] = max(sizes[first] + to_add - added, 0)
    return {s.name: sizes[s.name] for s in ordered if sizes[s.name] != s.replicas}


def _fraction(want: Strategy, found: Set, status_replicas: int) -> int:
    if want.replicas == 0:
        return -found.replicas
    before = found.maximum or status_replicas or want.replicas
    return math.floor(found.replicas * (want.replicas + want.surge) / before + 0.5) - found.replicas


def _saturated(new: Set, want: Strategy) -> bool:
    return new.desired == want.replicas and new.replicas == want.replicas and new.available == want.replicas


def _by_age(sets: Sequence[Set]) -> list[Set]:
    return sorted(sets, key=lambda s: (s.created, s.name))
