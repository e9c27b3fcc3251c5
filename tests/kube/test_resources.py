import pytest

from edge.kube.resources import ENDPOINTS, NAMESPACES, SERVICES, SLICES, is_name


@pytest.mark.parametrize(
    ("resource", "namespace", "path", "title"),
    [
        (NAMESPACES, "", "/api/v1/namespaces", "namespaces"),
        (SERVICES, "", "/api/v1/services", "services"),
        (SERVICES, "shop", "/api/v1/namespaces/shop/services", "services"),
        (SLICES, "", "/apis/discovery.k8s.io/v1/endpointslices", "endpointslices.discovery.k8s.io"),
        (ENDPOINTS, "a", "/api/v1/namespaces/a/endpoints", "endpoints"),
        (SERVICES, "a/../../b?c", "/api/v1/namespaces/a%2F..%2F..%2Fb%3Fc/services", "services"),
    ],
)
def test_paths_and_titles_are_the_api_servers(resource, namespace, path, title):
    assert resource.path(namespace) == path
    assert resource.title == title
    assert repr(resource) == f"<Resource {title}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default", True),
        ("kube-system", True),
        ("a", True),
        ("1.2", True),
        ("", False),
        ("..", False),
        (".", False),
        ("A", False),
        ("-a", False),
        ("a-", False),
        ("a/b", False),
        ("a" * 254, False),
    ],
)
def test_only_what_kubernetes_can_name_is_asked_for(text, expected):
    assert is_name(text) is expected
