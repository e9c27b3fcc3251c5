from collections import Counter

from edge.admin.api.operation import Call
from edge.admin.api.resources import RESOURCES, operations

# docs and outside programs rely on every one of these (contracts of the JSON API)
PROMISED = {
    "partitions": "GET POST",
    "partitions/{id}": "GET PUT PATCH DELETE",
    "gateway-clusters": "GET POST",
    "gateway-clusters/{id}": "GET PUT PATCH DELETE",
    "gateway-clusters/{id}/join-tokens": "POST",
    "gateway-servers": "GET",
    "gateway-servers/{id}": "GET DELETE",
    "kubernetes-clusters": "GET POST",
    "kubernetes-clusters/check": "POST",
    "kubernetes-clusters/{id}": "GET PUT PATCH DELETE",
    "kubernetes-clusters/{id}/namespaces": "GET",
    "kubernetes-clusters/{id}/namespaces/{namespace}/services": "GET",
    "applications": "GET POST",
    "applications/{id}": "GET PUT PATCH DELETE",
    "applications/{application}/upstreams": "GET POST",
    "applications/{application}/upstreams/{id}": "GET PUT PATCH DELETE",
    "applications/{application}/rules": "GET POST",
    "applications/{application}/rules/{id}": "GET PUT PATCH DELETE",
    "applications/{application}/rules/order": "PUT",
    "applications/{application}/changes": "GET DELETE",
    "applications/{application}/changes/{id}": "GET DELETE",
    "applications/{application}/releases": "GET POST",
    "applications/{application}/releases/{version}": "GET",
    "applications/{application}/releases/{version}/rollback": "POST",
    "users": "GET POST",
    "users/{id}": "GET PUT PATCH DELETE",
    "tokens": "GET POST",
    "tokens/{id}": "GET DELETE",
    "audit": "GET",
}


def test_every_promised_path_has_its_methods_and_no_other():
    offered = {}
    for operation in operations():
        offered.setdefault(operation.path, set()).add(operation.method)
    assert offered == {path: set(methods.split()) for path, methods in PROMISED.items()}


def test_no_two_operations_share_a_name_or_a_method_on_a_path():
    names = Counter(operation.name for operation in operations())
    places = Counter((operation.method, operation.path) for operation in operations())
    assert {**names, **places} == dict.fromkeys({**names, **places}, 1)


def test_a_path_that_is_fixed_comes_before_one_that_ends_in_an_id():
    paths = [operation.path for operation in operations()]
    assert paths.index("applications/{application}/rules/order") < paths.index("applications/{application}/rules/{id}")
    assert paths.index("kubernetes-clusters/check") < paths.index("kubernetes-clusters/{id}")


def test_every_row_that_can_be_written_has_a_body():
    writing = {"create", "replace", "patch"}
    assert [row.path for row in RESOURCES if writing & set(row.verbs) and row.body is None] == []


def test_only_bodies_without_a_required_field_may_be_left_out():
    optional = {operation.name for operation in operations() if operation.body_optional}
    assert optional == {"create-join-token", "create-release", "roll-back"}


def test_a_release_is_named_by_a_whole_number():
    assert Call(admin=None, actor=None, ids=("a1", "12")).version() == 12
