import msgspec
import pytest

from edge.admin.console.upstreams import _server
from edge.admin.errors import Invalid
from edge.admin.views import KubernetesService, UpstreamBody
from edge.wire.messages import Finding, Findings
from tests.admin.console.visitor import text, visiting
from tests.admin.house import EDITOR, VIEWER, in_virtual_time, settle
from tests.kube.support import slice_
from tests.support.authority import authority


@in_virtual_time
async def test_the_choices_refine_each_other_without_scripts(tmp_path):
    async with visiting(tmp_path) as visitor:
        cluster = await visitor.house.cluster("test")
        application = await visitor.house.application()
        path = f"/applications/{application}/upstreams/new"
        first = await visitor.get(path)
        assert f'<option value="{cluster}" selected>test</option>' in first.text
        assert '<option value="default" selected>default</option>' in first.text
        assert "test-hello" in first.text
        second = await visitor.get(f"{path}?cluster={cluster}&namespace=default&service=test-hello&name=kept")
        assert '<option value="80" selected>' in second.text
        assert 'value="kept"' in second.text
        form = {"kind": "kubernetes", "name": "my kubernetes backend", "cluster": cluster}
        form |= {"namespace": "default", "service": "test-hello", "port": "80"}
        page = await visitor.done(path, form)
        assert "10.1.0.1:8080" in text(page)
        assert "Saved as a pending change" in text(page)


@in_virtual_time
async def test_the_page_shows_pods_as_they_come(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        upstream = await visitor.house.service(application, await visitor.house.cluster())
        path = f"/applications/{application}/upstreams/{upstream}"
        assert f"watch=upstream%3A{upstream}" in (await visitor.get(path)).text
        states = {"10.1.0.1": "ready", "10.1.0.2": "ready"}
        visitor.house.kubernetes.put("endpointslices", slice_("test-hello-1", "test-hello", states))
        await settle()
        assert "10.1.0.2:8080" in text(await visitor.get(path))


@in_virtual_time
async def test_a_missing_choice_is_asked_for_at_its_select(tmp_path):
    async with visiting(tmp_path) as visitor:
        cluster = await visitor.house.cluster("test")
        path = f"/applications/{await visitor.house.application()}/upstreams/new"
        answer = await visitor.post(
            path, {"kind": "kubernetes", "name": "x", "cluster": cluster, "namespace": "default"}
        )
        assert answer.status_code == 422
        assert "choose a service" in text(answer)


@in_virtual_time
async def test_servers_written_by_hand_are_one_on_each_line(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        path = f"/applications/{application}/upstreams"
        form = {"kind": "static", "name": "by hand", "servers": "10.0.0.7:8080 2\n[2001:db8::1]:80\n\n"}
        page = await visitor.done(f"{path}/new", form)
        assert "10.0.0.7:8080 2" in text(page)
        edited = await visitor.get(f"{page.url.path}/edit")
        assert "10.0.0.7:8080 2" in edited.text
        page = await visitor.done(f"{page.url.path}/edit", form | {"servers": "10.0.0.8:80"})
        assert "10.0.0.8" in text(page)
        page = await visitor.done(f"{page.url.path}/delete")
        assert "No upstream yet" in text(page)


@in_virtual_time
async def test_https_to_the_servers_is_chosen_shown_again_and_switched_off(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        path = f"/applications/{application}/upstreams"
        pem = authority().certificate
        form = {"kind": "static", "name": "by hand", "servers": "10.0.0.7:8443"}
        secured = {"https": "on", "server_name": "backend.example", "ca_certificate": pem}
        page = await visitor.done(f"{path}/new", form | secured)
        edited = await visitor.get(f"{page.url.path}/edit")
        assert 'value="backend.example"' in edited.text
        assert pem.splitlines()[1] in edited.text
        assert "HTTPS as backend.example" in text(await visitor.get(f"/applications/{application}/changes"))
        answer = await visitor.post(f"{page.url.path}/edit", form | secured | {"ca_certificate": "nonsense"})
        assert answer.status_code == 422
        assert 'aria-describedby="e-ca_certificate"' in answer.text
        await visitor.done(f"{page.url.path}/edit", form)
        upstream = (await visitor.admin.upstreams.list(VIEWER, application)).items[0]
        assert upstream.tls is None


@in_virtual_time
async def test_how_servers_are_chosen_is_said_shown_again_and_refused_at_its_field(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        path = f"/applications/{application}/upstreams"
        form = {"kind": "static", "name": "by hand", "servers": "10.0.0.7:8443", "hash_by": "header", "cookie": "s"}
        page = await visitor.done(f"{path}/new", form | {"balance": "hash", "hash_name": "X-User"})
        assert "Servers are chosen by hash by header X-User." in text(page)
        assert "hash by header X-User" in text(await visitor.get(f"/applications/{application}/changes"))
        edited = await visitor.get(f"{page.url.path}/edit")
        assert '<option value="hash" selected>' in edited.text
        assert '<option value="header" selected>' in edited.text
        assert 'value="X-User"' in edited.text
        answer = await visitor.post(f"{page.url.path}/edit", form | {"balance": "sticky", "ttl": "soon"})
        assert answer.status_code in (400, 422)
        assert 'aria-describedby="e-ttl"' in answer.text
        page = await visitor.done(f"{page.url.path}/edit", form | {"balance": "sticky", "ttl": "60"})
        assert "sticky cookie s for 60 s" in text(page)
        assert 'value="60"' in (await visitor.get(f"{page.url.path}/edit")).text
        assert "round robin" in text(await visitor.done(f"{page.url.path}/edit", form))


@in_virtual_time
async def test_shares_limits_and_zones_are_said_shown_again_and_refused_at_their_fields(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        path = f"/applications/{application}/upstreams"
        form = {"kind": "static", "name": "by hand", "servers": "10.0.0.7:8443", "max_connections": "9"}
        page = await visitor.done(f"{path}/new", form | {"slow_start": "31", "panic_threshold": "0"})
        assert "round robin, slow start of 31 s, at most 9 requests at once for each, panic beyond 0 %" in text(page)
        edited = (await visitor.get(f"{page.url.path}/edit")).text
        assert all(f'value="{value}"' in edited for value in (31, 9, 0, 2))
        for field, value in (("slow_start", "0"), ("max_connections", "many"), ("prefer_zone", "on")):
            answer = await visitor.post(f"{page.url.path}/edit", form | {field: value})
            assert answer.status_code in (400, 422)
            assert f'="{"h" if field == "prefer_zone" else "e"}-{field}"' in answer.text
        upstream = (await visitor.admin.upstreams.list(VIEWER, application)).items[0]
        assert (upstream.slow_start, upstream.panic_threshold, upstream.prefer_zone) == (31, 0, False)


@pytest.mark.parametrize("line", ["10.0.0.7", "10.0.0.7:", "host:eighty", ":80x"])
def test_a_line_that_is_no_server_is_refused_with_what_was_expected(line):
    with pytest.raises(Invalid, match="expected one host:port"):
        _server(line)


@in_virtual_time
async def test_what_gateway_servers_find_wrong_stands_beside_the_server(tmp_path):
    async with visiting(tmp_path) as visitor:
        house = visitor.house
        eu = await house.partition()
        gateway, other = await house.gateway(eu), await house.gateway(eu, "g2")
        shop = await house.application(partitions=[eu])
        upstream = await house.service(shop, await house.cluster())
        path = f"/applications/{shop}/upstreams/{upstream}"
        assert "No connected gateway server serves this upstream yet" in text(await visitor.get(path))
        await house.rule(shop, upstream)
        await house.release(shop)
        other.subscription.find(Findings())
        gateway.subscription.find(Findings())
        await settle()
        page = await visitor.get(path)
        assert "healthy" in text(page)
        assert "Health is what 2 gateway servers find: by requests that fail" in text(page)
        assert "watch=endpoint-health" in page.text
        reason = "it answered <500>"
        gateway.subscription.find(Findings((Finding(shop, upstream, "10.1.0.1:8080", 0.0, reason),)))
        await settle()
        page = await visitor.get(path)
        assert "it answered &lt;500&gt;" in page.text
        said = "unhealthy since 1970-01-01 00:00 it answered <500> (g1) 1 of 2 gateway servers say so"
        assert said in text(page)
        assert "1 unhealthy" in text(await visitor.get(f"/applications/{shop}/upstreams"))


@in_virtual_time
async def test_servers_written_by_hand_have_a_health_unless_they_are_out_of_use(tmp_path):
    async with visiting(tmp_path) as visitor:
        house = visitor.house
        eu = await house.partition()
        gateway, shop = await house.gateway(eu), await house.application(partitions=[eu])
        path = f"/applications/{shop}/upstreams"
        form = {"kind": "static", "name": "by hand", "servers": "10.0.0.1:80 1\n[fd00::1]:80 1\n10.0.0.3:80 0"}
        await visitor.done(f"{path}/new", form)
        upstream = (await house.admin.upstreams.list(VIEWER, shop)).items[0].id
        await house.rule(shop, upstream)
        await house.release(shop)
        gateway.subscription.find(Findings((Finding("", "", "[fd00::1]:80", 0.0, "requests to it failed"),)))
        await settle()
        page = text(await visitor.get(f"{path}/{upstream}"))
        assert "10.0.0.1:80 1 healthy" in page
        assert "[fd00::1]:80 1 unhealthy since 1970-01-01 00:00 requests to it failed (g1)" in page
        assert "10.0.0.3:80 0 –" in page


@in_virtual_time
async def test_an_upstream_of_several_services_keeps_them_when_it_is_saved(tmp_path):
    async with visiting(tmp_path) as visitor:
        house = visitor.house
        test, other = await house.cluster("test"), await house.cluster("an other one")
        shop = await house.application()
        first = KubernetesService(cluster=test, namespace="default", service="test-hello", port=80)
        second = KubernetesService(cluster=other, namespace="shop", service="cart", port="http")
        made = await house.admin.upstreams.create(EDITOR, shop, UpstreamBody(name="two", kubernetes=[first, second]))
        path = f"/applications/{shop}/upstreams/{made.id}"
        page = await visitor.get(f"{path}/edit")
        assert "shop/cart:http an other one</textarea>" in page.text
        form = {"kind": "kubernetes", "name": "two", **msgspec.structs.asdict(first)}
        await visitor.done(f"{path}/edit", form | {"further": "shop/cart:http an other one\n"})
        saved = await house.admin.upstreams.get(VIEWER, shop, made.id)
        assert saved.kubernetes == [first, second]
        for line, said in (
            ("cart:80 test", "expected on each line namespace/service:port"),
            ("shop/cart:80 nowhere", "no Kubernetes cluster is named 'nowhere'"),
            ("shop/cart:http! test", "port"),
        ):
            refused = await visitor.post(f"{path}/edit", form | {"further": line})
            assert (refused.status_code, said in text(refused)) == (422, True)
            assert 'id="e-further"' in refused.text
            assert f"{line}</textarea>" in refused.text
        await visitor.done(f"{path}/edit", form | {"further": ""})
        assert (await house.admin.upstreams.get(VIEWER, shop, made.id)).kubernetes == first
