import httpx

from tests.admin.console.visitor import text, visiting
from tests.admin.house import in_virtual_time
from tests.kube.support import TOKEN, status

FORM = {
    "name": "test",
    "host": "kubernetes.test",
    "port": "6443",
    "ssl_verify": "on",
    "connect_timeout": "5",
    "read_timeout": "10",
}


@in_virtual_time
async def test_registering_shows_the_state_at_once_and_the_services_of_a_namespace(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.done("/kubernetes/new", FORM | {"token": TOKEN})
        assert "connected" in text(page)
        assert "test-hello" in text(await visitor.get(f"{page.url.path}?namespace=default"))
        assert TOKEN not in page.text


@in_virtual_time
async def test_checking_stores_nothing_and_forgets_the_token(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.post("/kubernetes/new", FORM | {"token": TOKEN, "do": "check"})
        assert page.status_code == 200
        assert "connected" in text(page)
        assert "Nothing was stored" in text(page)
        assert TOKEN not in page.text
        assert "No Kubernetes cluster yet" in text(await visitor.get("/kubernetes"))


@in_virtual_time
async def test_a_refused_token_is_stored_all_the_same_and_its_state_shown(tmp_path):
    async with visiting(tmp_path) as visitor:
        visitor.house.kubernetes.breaks = lambda asked: httpx.Response(
            401, json=status(401, "Unauthorized", "Unauthorized")
        )
        page = await visitor.done("/kubernetes/new", FORM | {"token": "wrong"})
        assert "unauthorized" in text(page)


@in_virtual_time
async def test_a_bad_port_is_told_at_its_field_and_what_was_typed_is_kept(tmp_path):
    async with visiting(tmp_path) as visitor:
        answer = await visitor.post("/kubernetes/new", FORM | {"port": "99999", "token": TOKEN})
        assert answer.status_code == 422
        assert 'aria-describedby="e-port"' in answer.text
        assert 'value="kubernetes.test"' in answer.text
        assert TOKEN not in answer.text


@in_virtual_time
async def test_another_host_asks_for_the_token_again(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = await visitor.done("/kubernetes/new", FORM | {"token": TOKEN})
        answer = await visitor.post(page.url.path, FORM | {"host": "elsewhere.test"})
        assert answer.status_code == 422
        assert 'aria-describedby="e-token"' in answer.text
        renamed = await visitor.done(page.url.path, FORM | {"name": "renamed"})
        assert "renamed" in text(renamed)


@in_virtual_time
async def test_the_help_shows_the_manifest_with_every_right_that_edge_uses(tmp_path):
    async with visiting(tmp_path) as visitor:
        page = text(await visitor.get("/kubernetes/new"))
        for words in ("kubectl apply -f token.yml", "endpointslices", '"namespaces", "services"', "describe secret"):
            assert words in page
