import pytest

from edge.admin.console.service_fields import places, read, shown
from edge.admin.errors import Invalid
from edge.admin.views import KubernetesService

CLUSTERS = {"k1": "test", "k2": "an other one"}


def test_services_are_lines_and_lines_are_services():
    services = [
        KubernetesService(cluster="k1", namespace="default", service="shop", port=80),
        KubernetesService(cluster="k2", namespace="a", service="b", port="http"),
    ]
    text = shown(services, CLUSTERS)
    assert text == "default/shop:80 test\na/b:http an other one"
    assert read(text.splitlines(), CLUSTERS) == [
        {"cluster": "k1", "namespace": "default", "service": "shop", "port": "80"},
        {"cluster": "k2", "namespace": "a", "service": "b", "port": "http"},
    ]


@pytest.mark.parametrize(
    "line", ["default/shop:80", "shop:80 test", "default/shop test", "a/b:80 nowhere", "a/b:80 k1"]
)
def test_a_line_that_is_no_service_is_refused_at_the_text_area(line):
    with pytest.raises(Invalid) as refused:
        read([line], CLUSTERS)
    assert refused.value.field in places()


def test_what_the_api_says_of_a_further_service_belongs_there():
    assert "kubernetes[1]" in places()
    assert "kubernetes[0]" not in places()
