import pytest

from edge.admin.console import check_fields
from edge.admin.errors import Invalid
from edge.model.health_check import HealthCheck
from tests.admin.console.visitor import text, visiting
from tests.admin.house import EDITOR, in_virtual_time


@pytest.mark.parametrize(
    "check",
    [
        None,
        HealthCheck(),
        HealthCheck("tcp", port=8443),
        HealthCheck("http", "/health?a=1", "shop.example", (200, 204), 0.5, 1.25, 1, 5, 8081),
    ],
)
def test_a_check_survives_being_shown_and_read_back(check):
    assert check_fields.read(check_fields.given(check)) == check


def test_what_is_left_empty_takes_its_default_and_what_is_no_number_is_named():
    assert check_fields.read({"check": "http", "check_path": " ", "check_interval": "3"}) == HealthCheck(interval=3)
    assert check_fields.read({"check": "http", "check_statuses": "200, 204\n301"}).statuses == (200, 204, 301)
    with pytest.raises(Invalid) as refused:
        check_fields.read({"check": "http", "check_fall": "often"})
    assert refused.value.field == "check.fall"


@in_virtual_time
async def test_the_form_takes_shows_and_refuses_a_check(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        path = f"/applications/{application}/upstreams/new"
        form = {"kind": "static", "name": "by hand", "servers": "10.0.0.7:80", "check": "http", "check_path": "/ok"}
        refused = await visitor.post(path, form | {"check_rise": "0"})
        assert "expected checks in a row" in text(refused)
        page = await visitor.done(path, form)
        assert "checked every 5 s (GET /ok)" in text(page)
        (upstream,) = (await visitor.house.admin.upstreams.list(EDITOR, application)).items
        assert upstream.check == HealthCheck(path="/ok")
        shown = await visitor.get(f"/applications/{application}/upstreams/{upstream.id}/edit")
        assert 'value="/ok"' in shown.text
