"""What an agent tells of endpoints that are passed over."""

import asyncio

from edge import clock, virtual_time
from edge.gateway.agent.findings_report import MOST, REASON, FindingsReport
from edge.gateway.telemetry.tally import OTHER
from edge.wire.messages import Finding, Findings

CHECKED = Finding("shop", "u1", "10.0.0.1:80", 5.0, "it answered 500")


def test_it_is_told_at_first_and_when_it_changes():
    async def main():
        checked, told = [], []
        report = FindingsReport(lambda: checked, told.append)
        report.tell({})
        report.tell({})
        assert told == [Findings()], "that there is nothing is told, too, once"
        checked.append(CHECKED)
        began = clock.unix()
        report.tell({"10.0.0.2:80": 1, OTHER: 3})
        ejected = Finding("", "", "10.0.0.2:80", began, REASON)
        assert told[1:] == [Findings((CHECKED, ejected))]
        await asyncio.sleep(5)
        report.tell({"10.0.0.2:80": 2})
        assert len(told) == 2, "since when does not change while it lasts"
        report.tell({})
        assert told[2:] == [Findings((CHECKED,))]

    virtual_time.run(main())


def test_so_many_are_named_at_most():
    told = []
    FindingsReport(lambda: [CHECKED], told.append).tell(dict.fromkeys(map(str, range(MOST)), 1))
    assert len(told[0].endpoints) == MOST
    assert told[0].endpoints[0] == CHECKED
