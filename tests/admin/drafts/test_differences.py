import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.admin.drafts.differences import Needed, shared_names, things, undo, unreleased, users_of
from edge.model import ApplicationDocument, Proxy, Respond, Rule, Server, Upstream
from edge.model.actions import ForwardAuth, Mirror, WeightedUpstream


def upstream(id, port=80):
    return Upstream(id=id, name=f"name of {id}", servers=(Server("10.0.0.1", port),))


def rule(id, *targets):
    return Rule(id=id, name=id, actions=tuple(Proxy(target) for target in targets) or (Respond(),))


def application(*, upstreams=(), rules=(), **settings):
    return ApplicationDocument(id="a", name="shop", upstreams=tuple(upstreams), rules=tuple(rules), **settings)


RELEASED = application(
    domains=("a.example",), upstreams=[upstream("u"), upstream("v")], rules=[rule("r", "u"), rule("s", "v"), rule("t")]
)


def test_equal_documents_differ_in_nothing():
    assert things(RELEASED, RELEASED) == []


def test_everything_that_differs_is_a_thing_of_its_own():
    draft = application(
        domains=("b.example",),
        default=True,
        upstreams=[upstream("u", 81), upstream("w")],
        rules=[rule("t"), rule("r", "u"), rule("n")],
    )
    assert things(RELEASED, draft) == [
        "domains", "default", "upstream:u", "upstream:v", "upstream:w", "rule:s", "rule:n", "order",
    ]  # fmt: skip


def test_before_the_first_release_everything_but_the_name_is_new():
    draft = application(domains=("a.example",), partitions=("p",), upstreams=[upstream("u")])
    assert things(unreleased(draft), draft) == ["domains", "partitions", "upstream:u"]


def test_a_rule_that_is_added_in_the_middle_does_not_change_the_order_of_the_others():
    draft = msgspec.structs.replace(RELEASED, rules=(RELEASED.rules[0], rule("n"), *RELEASED.rules[1:]))
    assert things(RELEASED, draft) == ["rule:n"]


def test_a_deleted_rule_comes_back_behind_the_one_that_stood_before_it():
    draft = msgspec.structs.replace(RELEASED, rules=(rule("n"), rule("r", "u"), rule("t")))
    assert [r.id for r in undo(RELEASED, draft, "rule:s").rules] == ["n", "r", "s", "t"]
    draft = msgspec.structs.replace(RELEASED, rules=(rule("n"), rule("t")))
    assert [r.id for r in undo(RELEASED, draft, "rule:r").rules] == ["r", "n", "t"]


def test_an_upstream_is_needed_by_every_rule_that_could_send_to_it():
    split = Proxy(upstreams=(WeightedUpstream("u"), WeightedUpstream("v", 0)), backup="w")
    rules = [Rule("split", actions=(split,)), Rule("copy", actions=(Mirror("u"), Proxy("v", backup="x"))), rule("t")]
    rules.append(Rule("ask", actions=(ForwardAuth("x", "/verify"), Respond())))
    document = application(upstreams=map(upstream, "uvwx"), rules=rules)
    needed = {id: [found.id for found in users_of(document, id)] for id in "uvwx"}
    assert needed == {"u": ["split", "copy"], "v": ["split", "copy"], "w": ["split"], "x": ["copy", "ask"]}


def test_an_added_upstream_cannot_go_while_a_rule_needs_it():
    draft = msgspec.structs.replace(
        RELEASED, upstreams=(*RELEASED.upstreams, upstream("w")), rules=(*RELEASED.rules, rule("n", "w"))
    )
    with pytest.raises(Needed) as refused:
        undo(RELEASED, draft, "upstream:w")
    assert refused.value.by == ("rule:n",)
    without = undo(RELEASED, draft, "rule:n")
    assert undo(RELEASED, without, "upstream:w") == RELEASED


def test_a_deleted_rule_cannot_come_back_before_its_upstream():
    draft = msgspec.structs.replace(RELEASED, upstreams=(upstream("v"),), rules=RELEASED.rules[1:])
    with pytest.raises(Needed) as refused:
        undo(RELEASED, draft, "rule:r")
    assert refused.value.by == ("upstream:u",)
    assert undo(RELEASED, undo(RELEASED, draft, "upstream:u"), "rule:r") == RELEASED


def test_undoing_the_order_leaves_new_rules_where_they_are():
    draft = msgspec.structs.replace(RELEASED, rules=(rule("t"), rule("n"), rule("s", "v"), rule("r", "u")))
    undone = undo(RELEASED, draft, "order")
    assert [r.id for r in undone.rules] == ["r", "n", "s", "t"]
    assert things(RELEASED, undone) == ["rule:n"]


def test_names_that_two_upstreams_share_are_found():
    twice = [upstream("u"), msgspec.structs.replace(upstream("w"), name="name of u"), upstream("v")]
    assert shared_names(application(upstreams=twice)) == ["name of u"]
    assert shared_names(RELEASED) == []


def attempt(released, draft, thing):
    try:
        return undo(released, draft, thing), ()
    except Needed as needed:
        return None, needed.by


ids = st.lists(st.sampled_from("uvwx"), unique=True)


@st.composite
def documents(draw):
    upstreams = [upstream(id, draw(st.sampled_from([80, 81]))) for id in draw(ids)]
    targets = st.sampled_from([u.id for u in upstreams]) if upstreams else st.nothing()
    rules = [
        rule(id, *draw(st.lists(targets, max_size=2)) if upstreams else ())
        for id in draw(st.lists(st.sampled_from("rstn"), unique=True))
    ]
    domains = draw(st.lists(st.sampled_from(["a.example", "b.example"]), unique=True))
    return application(domains=tuple(domains), default=draw(st.booleans()), upstreams=upstreams, rules=rules)


@given(documents(), documents())
def test_undoing_one_by_one_in_some_order_always_ends_at_what_was_released(released, draft):
    while left := things(released, draft):
        for thing in left:
            undone, needed = attempt(released, draft, thing)
            assert all(other in left for other in needed)
            if undone is not None:
                assert thing not in things(released, undone)
                draft = undone
                break
        else:
            raise AssertionError(f"nothing of {left} can be undone")
    assert {u.id for u in draft.upstreams} == {u.id for u in released.upstreams}
    assert draft.rules == released.rules
