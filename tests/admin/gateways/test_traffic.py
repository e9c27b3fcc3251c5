"""Traffic from a gateway's word to the API."""

import asyncio

import pytest

from edge.admin.errors import NotFound
from edge.admin.gateways.traffic import selected
from edge.admin.gateways.traffic_ring import Numbers
from edge.model.latency import BUCKETS
from edge.wire.messages import Series, Traffic
from tests.admin.house import VIEWER, house, in_virtual_time


@in_virtual_time
async def test_what_a_gateway_tells_of_what_it_serves_is_shown(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.shop(partitions=[eu])
        [server] = (await h.admin.gateway_servers.list(VIEWER)).items
        latency = (0, 0, 0, 20, *[0] * 12)
        told = Traffic(5.0, BUCKETS, (Series(shop, "u9", "10.0.0.1:80", (0, 15, 0, 0, 5), latency, 0.1),))
        assert gateway.subscription.tell(told)
        await asyncio.sleep(10)
        view = await h.admin.traffic.get(VIEWER, shop)
        assert (view.step, len(view.points), view.more) == (5, 180, 0)
        assert sum(point.rate for point in view.points) * 5 == pytest.approx(20, abs=0.1)
        [endpoint] = view.endpoints
        assert (endpoint.upstream, endpoint.name, endpoint.endpoint) == ("u9", "", "10.0.0.1:80")
        assert endpoint.classes[4] == pytest.approx(5 / 900, abs=0.001)
        assert endpoint.p50 == pytest.approx(0.0075)
        h.admin.traffic.told("nobody", told)
        h.admin.traffic.told(server.id, told)
        with pytest.raises(NotFound):
            await h.admin.traffic.get(VIEWER, "nothing")


def test_the_odd_ones_of_hundreds_are_shown_though_others_are_asked_more():
    def numbers(rate, failed=0.0, p99=0.01):
        return Numbers(rate, (0.0, rate - failed, 0.0, 0.0, failed), p99 / 2, p99)

    whole = {("u", str(place)): numbers(1000.0 - place) for place in range(300)}
    whole["u", "298"] = numbers(2.0, failed=2.0)
    whole["u", "299"] = numbers(1.0, p99=9.0)
    shown = selected(whole, list(whole))
    assert shown == [("u", str(place)) for place in [*range(48), 298, 299]]
    assert selected(whole, list(whole)[:20]) == list(whole)[:20]
