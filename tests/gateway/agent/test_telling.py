"""When an agent tells the Admin of its workers."""

import asyncio

from edge import virtual_time
from edge.gateway.agent.findings_report import FindingsReport
from edge.gateway.agent.telling import PERIOD, Telling
from edge.gateway.agent.traffic_report import TrafficReport
from edge.gateway.telemetry.metrics import Measures
from tests.gateway.agent.test_traffic_report import sums, told


def test_traffic_and_findings_are_told_every_few_seconds_while_the_admin_is_there():
    async def main():
        state = {"traffic": sums(a=100), "ejected": {}, "connected": True}
        asked, reports, findings = [], [], []

        async def measure():
            asked.append(asyncio.get_running_loop().time())
            return Measures(traffic=state["traffic"], ejected=state["ejected"])

        def send(report):
            reports.append((report.seconds, told(report.series)))
            return True

        async def tick(**changes):
            state.update(changes)
            await asyncio.sleep(PERIOD)

        traffic, found = TrafficReport(send), FindingsReport(lambda: (), findings.append)
        running = asyncio.create_task(Telling(measure, lambda: state["connected"], traffic, found).run())
        await asyncio.sleep(0.1)
        await tick()
        await tick(traffic=sums(a=110), ejected={"10.0.0.1:80": 1})
        assert reports == [(PERIOD, {"a": 10})]
        assert [len(one.endpoints) for one in findings] == [0, 1]
        await tick(traffic=sums(a=150), connected=False)
        assert len(asked) == 2, "nobody is there to be told"
        await tick(traffic=sums(a=160), connected=True)
        await tick(traffic=sums(a=163))
        assert reports[1:] == [(PERIOD, {"a": 3})], "the time without an Admin has no chart"
        running.cancel()

    virtual_time.run(main())
