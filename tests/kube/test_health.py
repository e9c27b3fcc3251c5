from types import SimpleNamespace

import pytest

from edge.kube.fault import Fault
from edge.kube.health import Health, assess, of_fault, of_plan
from edge.kube.plan import Plan, Target
from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES

PLAN = Plan((Target(NAMESPACES), Target(SERVICES), Target(SLICES)))
NEW = Health()
CONNECTED = Health("connected")


def feed(resource, namespace="", *, live=True, synced=True, fault=None, trouble=None, unreadable=None):
    followed = SimpleNamespace(
        live=live and fault is None, synced=synced, fault=fault, trouble=trouble, unreadable=unreadable or {}
    )
    return Target(resource, namespace), followed


def fault(reason, code=None):
    return Fault(reason, f"it is {reason}", code=code)


def test_connected_when_services_and_slices_are_live():
    assert assess(PLAN, [feed(SERVICES), feed(SLICES)], NEW) == CONNECTED


def test_connected_when_endpoints_are_followed_instead():
    assert assess(Plan((), ("older",)), [feed(SERVICES), feed(ENDPOINTS)], NEW) == Health("connected", "", ("older",))


@pytest.mark.parametrize(("before", "state"), [(NEW, "connecting"), (CONNECTED, "connected")])
def test_while_something_is_awaited_the_state_stays(before, state):
    assert assess(PLAN, [feed(SERVICES), feed(SLICES, live=False, synced=False)], before).state == state


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("unauthorized", "unauthorized"),
        ("forbidden", "forbidden"),
        ("unreachable", "unreachable"),
        ("tls", "tls_error"),
        ("failing", "failing"),
        ("throttled", "failing"),
        ("malformed", "failing"),
        ("missing", "failing"),
        ("expired", "failing"),
    ],
)
def test_every_reason_is_a_state_with_its_message(reason, state):
    assert assess(PLAN, [feed(SERVICES), feed(SLICES, fault=fault(reason))], CONNECTED) == Health(
        state, f"it is {reason}"
    )
    assert of_fault(fault(reason)) == Health(state, f"it is {reason}")


def test_of_several_faults_the_one_that_explains_the_others_is_shown():
    feeds = [feed(SERVICES, fault=fault("forbidden")), feed(SLICES, fault=fault("unauthorized", 401))]
    assert assess(PLAN, feeds, CONNECTED).state == "unauthorized"
    assert "give a token that is valid" in assess(PLAN, feeds, CONNECTED).message


def test_forbidden_says_what_the_plan_found_missing():
    plan = Plan((), (), "The token lacks watch on services.")
    found = assess(plan, [feed(SERVICES, fault=fault("forbidden")), feed(SLICES)], NEW)
    assert found == Health("forbidden", "The token lacks watch on services.")
    assert of_plan(plan) == Health("forbidden", "The token lacks watch on services.")


def test_a_namespace_that_fails_is_a_warning_while_another_is_live():
    feeds = [feed(SERVICES, "a"), feed(SERVICES, "b", fault=fault("forbidden")), feed(SLICES)]
    assert assess(PLAN, feeds, NEW) == Health(
        "connected", "", ("Reading services in namespace b fails: it is forbidden",)
    )


def test_namespaces_that_fail_are_a_warning():
    feeds = [feed(NAMESPACES, fault=fault("forbidden")), feed(SERVICES), feed(SLICES)]
    assert assess(PLAN, feeds, NEW).state == "connected"
    assert assess(PLAN, feeds, NEW).warnings == ("Reading namespaces fails: it is forbidden",)


def test_troubles_and_unreadable_objects_are_warnings():
    feeds = [
        feed(SERVICES, trouble=fault("unreachable")),
        feed(SLICES, unreadable={("default", "a"): "Expected `int`", ("default", "b"): "x"}),
    ]
    assert assess(PLAN, feeds, NEW).warnings == (
        "Watching services keeps breaking: it is unreachable",
        "2 of the endpointslices cannot be read, first default/a: Expected `int`",
    )
