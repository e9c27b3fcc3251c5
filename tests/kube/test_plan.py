import pytest

from edge.kube.plan import ABSENT, SINGLE_NAMESPACES, Target, make
from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES

ALL = {("services", ""): (), ("namespaces", ""): (), ("endpointslices", ""): ()}
BOTH = ("list", "watch")


def targets(plan):
    return [f"{one.resource.name}@{one.namespace}" for one in plan.targets]


def test_a_token_with_all_rights_is_followed_cluster_wide():
    plan = make(ALL, ["a"])
    assert plan.targets == (Target(NAMESPACES), Target(SERVICES), Target(SLICES))
    assert plan.complete
    assert not plan.namespaced


def test_the_tutorials_four_resource_token_follows_endpoints_with_a_warning_that_names_what_is_missing():
    plan = make({**ALL, ("endpointslices", ""): BOTH, ("endpoints", ""): ()}, [])
    assert plan.targets == (Target(NAMESPACES), Target(SERVICES), Target(ENDPOINTS))
    assert plan.missing == ""
    assert len(plan.warnings) == 1
    assert "list and watch on endpointslices (API group discovery.k8s.io)" in plan.warnings[0]
    assert "Endpoints" in plan.warnings[0]


def test_slices_that_the_server_does_not_have_are_called_absent_not_forbidden():
    plan = make({**ALL, ("endpointslices", ""): (ABSENT,), ("endpoints", ""): ()}, [])
    assert "which this API server does not have" in plan.warnings[0]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (
            {("endpointslices", ""): ("watch",), ("endpoints", ""): BOTH},
            "lacks watch on endpointslices (API group discovery.k8s.io) in the whole cluster",
        ),
        ({("services", ""): ("list",)}, "list on services in the whole cluster"),
        ({("services", ""): BOTH}, "list and watch on services in the whole cluster"),
    ],
)
def test_what_can_be_read_nowhere_is_named_by_verb_and_resource(access, expected):
    plan = make({**ALL, **access}, [])
    assert expected in plan.missing
    assert not plan.complete


def test_two_missing_things_are_both_named():
    access = {**ALL, ("services", ""): BOTH, ("endpointslices", ""): BOTH, ("endpoints", ""): BOTH}
    said = make(access, []).missing
    assert "on services" in said
    assert "on endpointslices" in said


def test_what_can_be_read_nowhere_is_followed_all_the_same():
    plan = make(
        {("services", ""): BOTH, ("namespaces", ""): BOTH, ("endpointslices", ""): BOTH, ("endpoints", ""): BOTH}, ["a"]
    )
    assert targets(plan) == ["services@", "endpointslices@"]


def test_namespaces_are_followed_one_by_one_where_the_cluster_may_not_be():
    access = {
        **ALL,
        ("services", ""): BOTH,
        ("endpointslices", ""): BOTH,
        ("endpoints", ""): BOTH,
        **{("services", one): () for one in "ab"},
        ("endpointslices", "a"): (),
        ("endpointslices", "b"): BOTH,
        ("endpoints", "b"): (),
    }
    plan = make(access, ["a", "b"])
    assert targets(plan) == ["namespaces@", "services@a", "services@b", "endpointslices@a", "endpoints@b"]
    assert plan.namespaced
    assert plan.missing == ""
    assert any("one by one" in one for one in plan.warnings)
    assert any("in namespace b, so the older Endpoints are followed" in one for one in plan.warnings)


def test_a_namespace_that_may_not_be_read_does_not_stop_the_others():
    access = {
        **ALL,
        ("services", ""): BOTH,
        ("services", "a"): (),
        ("services", "b"): BOTH,
    }
    plan = make(access, ["a", "b"])
    assert targets(plan) == ["namespaces@", "services@a", "services@b", "endpointslices@"]
    assert plan.missing == ""
    assert any("list and watch on services in namespace b" in one for one in plan.warnings)


def test_namespaces_that_may_not_be_listed_are_a_warning_only():
    plan = make({**ALL, ("namespaces", ""): BOTH}, [])
    assert targets(plan) == ["services@", "endpointslices@"]
    assert plan.missing == ""
    assert "may not list and watch namespaces" in plan.warnings[0]


def test_the_number_of_single_namespaces_is_bounded_and_said():
    names = [f"n{number}" for number in range(SINGLE_NAMESPACES + 5)]
    plan = make({**ALL, ("services", ""): BOTH, **{("services", one): () for one in names}}, names)
    assert len([one for one in plan.targets if one.resource is SERVICES]) == SINGLE_NAMESPACES
    assert any(f"Of {len(names)} namespaces {SINGLE_NAMESPACES} are followed" in one for one in plan.warnings)
