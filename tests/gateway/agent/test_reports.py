from edge.gateway.agent.reports import accepting, slowest
from edge.model import ManifestEntry
from edge.wire.messages import Report
from tests.wire.house import revision


def entry(application, version):
    return ManifestEntry(application, application, version, f"{application}{version}")


def report(number, *applications, **options):
    return Report(target=revision(number), manifest=revision(number), applications=applications, **options)


OWN = Report(target=revision(9), manifest=revision(9), missing=("own",), origin="admin")


def test_without_workers_nothing_is_served():
    assert slowest(OWN, []) == Report(target=revision(9), missing=("own",))


def test_the_slowest_worker_decides_per_application_and_per_source():
    fast = report(3, entry("blog", 3), entry("shop", 3), sources={"a": revision(7), "b": revision(1)})
    slow = report(2, entry("blog", 3), entry("shop", 2), entry("gone", 1), sources={"a": revision(5), "b": revision(2)})
    merged = slowest(OWN, [fast, slow])
    assert merged.target == revision(9)
    assert merged.manifest == revision(2)
    assert merged.applications == (entry("blog", 3), entry("shop", 2), entry("gone", 1))
    assert merged.sources == {"a": revision(5), "b": revision(1)}


def test_what_one_worker_refuses_or_misses_counts_for_the_server():
    taken = report(3, entry("blog", 3), entry("shop", 3), missing=("h1",))
    refused = report(3, entry("blog", 2), refused={"blog": "too new", "shop": "odd"}, missing=("h2",), origin="disk")
    for workers in ([taken, refused], [refused, taken]):
        merged = slowest(OWN, workers)
        assert merged.applications == (entry("blog", 2),)
        assert merged.refused == {"blog": "too new", "shop": "odd"}
        assert set(merged.missing) == {"own", "h1", "h2"}
        assert merged.origin == "disk"


def test_a_worker_that_serves_nothing_yet_does_not_count_while_others_serve():
    started = Report()
    assert accepting([started, report(2)]) == [report(2)]
    assert accepting([started, started]) == [started, started]
