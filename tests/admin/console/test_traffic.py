"""The page of an application's traffic."""

import asyncio
import re

from edge.model.latency import BUCKETS
from edge.wire.messages import Series, Traffic
from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time


def served(shop, upstream, endpoint, ok, failed, bucket):
    latency = [0] * 16
    latency[bucket] = ok + failed
    return Series(shop, upstream, endpoint, (0, ok, 0, 0, failed), tuple(latency), 0.1)


@in_virtual_time
async def test_charts_figures_and_tables_tell_the_same(tmp_path):
    async with visiting(tmp_path) as visitor:
        h = visitor.house
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        upstream = await h.upstream(shop)
        await h.rule(shop, upstream)
        await h.release(shop)
        for _ in range(20):
            told = (served(shop, upstream, "10.0.0.1:80", 45, 5, 6), served(shop, "", "", 0, 0, 0))
            gateway.subscription.tell(Traffic(5.0, BUCKETS, told))
            await asyncio.sleep(5)
        await asyncio.sleep(2)
        answer = await visitor.get(f"/applications/{shop}/traffic")
        said = text(answer)
        assert "Requests 10/s Failed (5xx) 10 % Half within 75 ms 99 % within 99.5 ms" in said
        assert "The highest requests a second was 10/s at" in said
        assert re.search(r"10\.0\.0\.1:80 \S+/s .* by hand", said)
        assert answer.text.count('role="img"') == 2
        assert 'class="mark c2xx"' in answer.text
        assert 'class="mark c5xx"' in answer.text
        assert 'class="mark c4xx"' not in answer.text, "there was none"
        assert "<style" not in answer.text
        assert "style=" not in answer.text
        assert "By minute, at" in said
        assert 'aria-current="page">Traffic</a>' in answer.text


@in_virtual_time
async def test_without_requests_it_says_so(tmp_path):
    async with visiting(tmp_path) as visitor:
        shop = await visitor.house.application()
        said = text(await visitor.get(f"/applications/{shop}/traffic"))
        assert "No gateway server was asked for this application. Its domains: shop.example." in said
        assert "There were no requests." in said
        assert (await visitor.get("/applications/nothing/traffic")).status_code == 404
