import html
import re
from typing import get_args

from edge import __version__
from edge.admin.console import action_fields
from edge.admin.console.action_fields import ACTIONS
from edge.model.actions import (
    Cache,
    Compress,
    Cors,
    ErrorPage,
    IpAccess,
    LimitBody,
    LimitConcurrency,
    LimitRate,
    Mirror,
    Proxy,
    RequestId,
    Respond,
    RewritePath,
    SetRequestHeader,
)
from edge.model.rule import Operator, Variable
from tests.admin.console.visitor import text, visiting
from tests.admin.house import VIEWER, in_virtual_time


@in_virtual_time
async def test_a_rule_is_made_in_the_editor_without_scripts(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        upstream = await visitor.house.upstream(application)
        path = f"/applications/{application}/rules/new"
        first = {"name": "api", "enabled": "on", "a-0-type": "proxy", "a-0-upstream": upstream}
        page = await visitor.post(path, first | {"do": "add-condition"})
        assert 'name="c-0-variable"' in page.text
        condition = {"c-0-variable": "path", "c-0-operator": "prefix", "c-0-values": "/api"}
        page = await visitor.post(path, first | condition | {"do": "add-group"})
        assert 'name="c-1-m-0-variable"' in page.text
        group = {"c-1-group": "any", "c-1-m-0-variable": "header", "c-1-m-0-argument": "", "c-1-m-0-operator": "exists"}
        kept = {"c-2-kept": '{"not":{"variable":"scheme","operator":"is-empty"}}'}
        page = await visitor.post(path, first | condition | group | kept | {"do": "save"})
        assert page.status_code == 422
        assert "needs an argument" in page.text
        assert "not (scheme is-empty)" in text(page)
        group["c-1-m-0-argument"] = "x-a"
        page = await visitor.done(path, first | condition | group | kept | {"do": "save"})
        assert "path prefix /api any of (header x-a exists) not (scheme is-empty)" in text(page)
        assert "proxy to by hand" in text(page)


@in_virtual_time
async def test_a_refused_rule_keeps_what_was_typed_and_says_where(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        form = {"name": "x", "a-0-type": "redirect", "a-0-url": "https://x\r\nSet-Cookie: y", "a-0-status": "301"}
        answer = await visitor.post(f"/applications/{application}/rules/new", form)
        assert answer.status_code == 422
        assert "actions[0].url" in answer.text
        assert 'value="301"' in answer.text


WRONG = [
    ("redirect", "url", {"url": "//evil.example"}),
    ("redirect", "status", {"url": "/", "status": "moved"}),
    ("respond", "status", {"status": "99"}),
    ("rewrite-path", "matches", {"matches": "(", "with": "/"}),
    ("set-request-header", "name", {"name": "a b", "value": "1"}),
    ("remove-response-header", "name", {"name": ""}),
    ("request-id", "header", {"header": "a b", "format": "hex"}),
    ("ip-access", "deny", {"deny": "10.0.0.300"}),
    ("basic-auth", "users", {"users": "alice"}),
    ("jwt-auth", "leeway", {"algorithms": "RS256", "jwks_url": "https://a.example/", "leeway": "1000"}),
    ("forward-auth", "path", {"path": "verify"}),
    ("cors", "origins", {"origins": "www.example.com"}),
    ("error-page", "statuses", {"statuses": "200"}),
    ("mirror", "share", {"share": "2"}),
    ("cache", "ttl", {"ttl": "-1"}),
    ("limit-rate", "rate", {"rate": "0", "per": "hour"}),
    ("limit-concurrency", "queue", {"limit": "1", "queue": "many"}),
    ("limit-body", "size", {"size": "1k"}),
    ("compress", "encodings", {"encodings": "deflate"}),
    ("proxy", "retries.attempts", {"retries.attempts": "99"}),
]


@in_virtual_time
async def test_each_action_says_at_the_field_what_is_wrong_with_it_and_keeps_what_was_typed(tmp_path):
    assert {kind for kind, _, _ in WRONG} >= ACTIONS.keys() - {"remove-request-header", "set-response-header"}
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        upstream = await visitor.house.upstream(application)
        for kind, field, typed in WRONG:
            form = {"a-0-type": kind, "a-0-upstream": upstream} | {f"a-0-{key}": text for key, text in typed.items()}
            answer = await visitor.post(f"/applications/{application}/rules/new", form)
            assert answer.status_code == 422, kind
            assert f'name="a-0-shown" value="{kind}"' in answer.text
            control = re.search(
                rf'<(?:input|textarea|select)[^>]*name="a-0-{re.escape(field)}"[^>]*>[^<]*', answer.text
            )
            assert control is not None
            assert f'aria-invalid="true" aria-describedby="e-actions[0].{field}"' in control[0], kind
            assert html.escape(typed.get(field, "")) in control[0], kind
            assert answer.text.count('class="error"') == 1, kind
            assert f'id="e-actions[0].{field}"' in answer.text


@in_virtual_time
async def test_line_ends_are_those_that_were_shown_whatever_browsers_send(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        upstream = await visitor.house.upstream(application)
        form = {
            "a-0-type": "error-page",
            "a-0-statuses": "502\r\n503",
            "a-0-body": "a\r\nb",
            "a-1-type": "proxy",
            "a-1-upstream": upstream,
            "a-1-retries.conditions": "connect-failure\r\nreset",
        }
        await visitor.done(f"/applications/{application}/rules/new", form)
        rules = (await visitor.house.admin.rules.list(VIEWER, application)).items
        assert rules[-1].actions == [ErrorPage((502, 503), "a\nb"), Proxy(upstream)]


@in_virtual_time
async def test_every_page_asks_for_the_same_style_sheet(tmp_path):
    async with visiting(tmp_path) as visitor:
        rules = f"/applications/{await visitor.house.application()}/rules"
        for page in (rules, f"{rules}/new"):
            assert f"console.css?v={__version__}" in (await visitor.get(page)).text


@in_virtual_time
async def test_what_is_wrong_with_a_condition_inside_a_group_stands_at_it(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        for group, name in (("any", "any"), ("none", "not.any")):
            form = {"c-0-group": group, "a-0-type": "respond"}
            for member, value in enumerate(("/", "x")):
                form |= {
                    f"c-0-m-{member}-variable": "path",
                    f"c-0-m-{member}-operator": "equals",
                    f"c-0-m-{member}-values": value,
                }
            page = await visitor.post(f"/applications/{application}/rules/new", form)
            control = re.search(r'<textarea name="c-0-m-1-values"[^>]*>x', page.text)
            assert control is not None
            assert f'aria-describedby="e-conditions[0].{name}[1]"' in control[0]
            assert page.text.count('class="error"') == 1


@in_virtual_time
async def test_rules_are_moved_switched_off_and_deleted(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        first = await visitor.house.rule(application, name="first")
        second = await visitor.house.rule(application, name="second")
        base = f"/applications/{application}/rules"
        page = await visitor.done(f"{base}/{second}/move", {"to": "up"})
        assert page.text.index(f"rule-{second}") < page.text.index(f"rule-{first}")
        assert "disabled" in text(await visitor.done(f"{base}/{first}/toggle"))
        page = await visitor.done(f"{base}/{second}/delete")
        assert f"rule-{second}" not in page.text


FIELDS = ("variable", "operator", "argument", "values")
VALUES = {
    "in-network": "10.0.0.0/8",
    "greater": "1",
    "less": "1",
    "at-least": "1",
    "at-most": "1",
    "equals-number": "1",
    "exists": "",
    "is-empty": "",
}


@in_virtual_time
async def test_every_variable_and_every_operator_can_be_chosen(tmp_path):
    chosen = [("header", operator, "X-A", VALUES.get(operator, "a")) for operator in get_args(Operator)]
    for variable in get_args(Variable):
        argument = "a" if variable in ("query", "header", "cookie") else ""
        chosen.append((variable, "matches", argument, "^a"))
    form = {"name": "all of them", "enabled": "on", "a-0-type": "respond"}
    for place, row in enumerate(chosen):
        form |= {f"c-{place}-{name}": value for name, value in zip(FIELDS, row, strict=True)}
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        await visitor.done(f"/applications/{application}/rules/new", form | {"do": "save"})
        (rule,) = (await visitor.admin.rules.list(VIEWER, application)).items
        assert [(c.variable, c.operator, c.argument or "", "\n".join(c.values)) for c in rule.conditions] == chosen
        page = await visitor.get(f"/applications/{application}/rules/{rule.id}")
        for place, (variable, operator, _, _) in enumerate(chosen):
            assert selected(page, f"c-{place}-variable") == variable
            assert selected(page, f"c-{place}-operator") == operator


def selected(page, name):
    """What a list of choices has chosen."""
    choices = re.search(rf'<select name="{name}".*?</select>', page.text, re.DOTALL).group()
    return re.search(r"<option[^>]* selected>([^<]*)<", choices).group(1)


@in_virtual_time
async def test_every_action_can_be_made_in_the_editor_and_is_shown_there_again(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        upstream = await visitor.house.upstream(application)
        actions = [
            SetRequestHeader("X-A", "${host}"),
            RequestId("X-Id", True, "uuid", True),
            LimitRate(10, "minute", 5, "${host}", True, 503),
            LimitConcurrency(3, "${host}", 5, 429),
            LimitBody(1000),
            IpAccess(("10.0.0.0/8",)),
            Cors(("https://a.example",), credentials=True),
            ErrorPage((502,), "<p>sorry"),
            Compress(("br",)),
            Cache(60),
            Mirror(upstream, 0.5),
            RewritePath("/", prefix="/a"),
            Respond(418, "short"),
        ]
        form = {"name": "all", "enabled": "on"}
        for place, action in enumerate(actions):
            row = action_fields.shown(action)
            form |= {f"a-{place}-{name}": "on" if value is True else value for name, value in row.items() if value}
        await visitor.done(f"/applications/{application}/rules/new", form | {"do": "save"})
        (rule,) = (await visitor.admin.rules.list(VIEWER, application)).items
        assert rule.actions == actions
        page = await visitor.get(f"/applications/{application}/rules/{rule.id}")
        assert [selected(page, f"a-{n}-type") for n in range(len(actions))] == [
            action.__struct_config__.tag for action in actions
        ]
        assert (selected(page, "a-1-format"), selected(page, "a-2-per")) == ("uuid", "minute")
        saved = await visitor.done(f"/applications/{application}/rules/{rule.id}", form | {"do": "save"})
        assert "delay requests beyond 10 a minute for each ${host}" in text(saved)


@in_virtual_time
async def test_a_rule_is_split_over_upstreams_by_weight_without_scripts(tmp_path):
    async with visiting(tmp_path) as visitor:
        application = await visitor.house.application()
        first, second = [await visitor.house.upstream(application, name) for name in ("stable", "canary")]
        path = f"/applications/{application}/rules"
        several = {"name": "split", "enabled": "on", "a-0-type": "proxy", "a-0-upstream": ""}
        page = await visitor.post(f"{path}/new", several | {"do": "refresh"})
        assert f'name="a-0-upstreams-{first}"' in page.text
        weights = {f"a-0-upstreams-{first}": "9", f"a-0-upstreams-{second}": "1", "a-0-backup": second}
        refused = await visitor.post(f"{path}/new", several | weights | {"a-0-timeout": "soon"})
        assert 'value="9"' in refused.text
        assert '<details class="more" open>' in refused.text
        saved = await visitor.done(f"{path}/new", several | weights)
        assert "proxy to stable (9) and canary (1), else to canary" in text(saved)
        (rule,) = (await visitor.house.admin.rules.list(VIEWER, application)).items
        shown = await visitor.get(f"{path}/{rule.id}")
        assert 'value="9"' in shown.text
        assert '<option value="" selected>several, by weight</option>' in shown.text
