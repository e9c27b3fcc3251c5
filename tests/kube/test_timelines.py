"""Random timelines: whatever breaks, in whatever order, what was told is the truth of some moment, in its order, and
once all is well again it is the truth of now."""

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import virtual_time
from edge.kube.follower import Follower
from edge.model.source import Source
from tests.kube.support import FakeCluster, client, line, random, service, settle, slice_, status

WEB = Source("k", "default", "web", 80)
BREAKS = {
    "well": None,
    "down": httpx.ConnectError("down"),
    "unauthorized": httpx.Response(401, json=status(401, "Unauthorized", "Unauthorized")),
    "forbidden": httpx.Response(403, json=status(403, "Forbidden", "no")),
    "failing": httpx.Response(500),
    "throttled": httpx.Response(429, headers={"retry-after": "2"}),
    "garbage": httpx.Response(200, content=b"<html>"),
}
STEPS = st.one_of(
    st.tuples(
        st.just("slice"),
        st.integers(0, 3),
        st.dictionaries(st.integers(1, 9), st.sampled_from(["ready", "waiting", "ending"]), max_size=4),
    ),
    st.tuples(st.just("drop"), st.integers(0, 3)),
    st.tuples(st.just("break"), st.sampled_from(sorted(BREAKS))),
    st.tuples(st.just("end"), st.booleans()),
    st.tuples(st.just("torn")),
    st.tuples(st.just("compact"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0.001, 0.3, 3.0, 50.0])),
)


def truth(cluster):
    slices = cluster.objects.get("endpointslices", {}).values()
    return tuple(sorted({one["addresses"][0] for found in slices for one in found["endpoints"] or ()}))


class Timeline:
    def __init__(self):
        self.cluster = FakeCluster()
        self.cluster.put("services", service("web"))
        self.cluster.put("endpointslices", slice_("web-0", "web", {"10.0.0.1": "ready"}))
        self.truths = [truth(self.cluster)]
        self.told = []

    def step(self, kind, *what):
        cluster = self.cluster
        if kind == "slice":
            number, states = what
            addresses = {f"10.0.0.{last}": state for last, state in states.items()}
            cluster.put("endpointslices", slice_(f"web-{number}", "web", addresses))
        elif kind == "drop" and ("default", f"web-{what[0]}") in cluster.objects["endpointslices"]:
            cluster.remove("endpointslices", f"web-{what[0]}")
        elif kind == "break":
            cluster.breaks = lambda asked: BREAKS[what[0]]
        elif kind == "end":
            cluster.end_watches(httpx.ReadError("reset") if what[0] else None)
        elif kind == "torn":
            for _, _, stream in cluster.watches:
                stream.send(line("ADDED", slice_("torn", "web", {"10.9.9.9": "ready"}))[:60])
            cluster.end_watches()
        elif kind == "compact":
            cluster.expires_in_the_stream = what[0]
            cluster.compact()
        self.truths.append(truth(cluster))

    async def run(self, steps):
        follower = Follower(
            client(self.cluster),
            random=random(),
            on_reading=lambda source, reading: self.told.append(tuple(one.address for one in reading.endpoints)),
            on_change=lambda: None,
        )
        follower.want([WEB])
        follower.start()
        for kind, *what in steps:
            self.step(kind, *what)
            if kind == "wait":
                await settle(what[0])
        self.cluster.breaks = lambda asked: None
        await settle(120)
        self.health = follower.health
        self.trouble = follower.trouble(WEB)
        await follower.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_what_is_told_was_true_in_that_order_and_in_the_end_is_the_truth(steps):
    timeline = Timeline()
    virtual_time.run(timeline.run(steps))
    moments = iter(timeline.truths)
    for told in dict.fromkeys(zip(timeline.told, range(len(timeline.told)), strict=True)):
        if told[1] and timeline.told[told[1] - 1] == told[0]:
            continue
        assert any(moment == told[0] for moment in moments), (told[0], timeline.truths)
    assert timeline.told[-1] == truth(timeline.cluster)
    assert timeline.health.state == "connected"
    assert timeline.trouble is None
