import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model import document as documents
from edge.model.actions import (
    Proxy,
    Redirect,
    RemoveRequestHeader,
    RemoveResponseHeader,
    Respond,
    Retries,
    RewritePath,
    SetRequestHeader,
    SetResponseHeader,
    WeightedUpstream,
)
from edge.model.document import ApplicationDocument
from edge.model.rule import Condition, Rule
from edge.model.source import Source
from edge.model.upstream import Server, Upstream

HELLO = Source("c1", "default", "hello", 80)
ACTIONS = (
    RewritePath("/", prefix="/a"),
    RewritePath("/$1", matches="^/v(.*)"),
    SetRequestHeader("X-A", "${host}"),
    RemoveRequestHeader("X-B"),
    SetResponseHeader("X-C", "1"),
    RemoveResponseHeader("X-D"),
    Respond(404, "no"),
    Redirect("/", 301),
    Proxy("u"),
)
DOCUMENT = ApplicationDocument(
    "a1",
    "shop",
    ("www.example.com", "*.example.com"),
    ("p1",),
    True,
    (Upstream("u", "k", sources=(HELLO,)), Upstream("s", "s", (Server("backend", 80, 3),))),
    (Rule("r1", "all", conditions=(Condition("header", "matches", ("^é$",), "X", True, True),), actions=ACTIONS),),
)

documents_of_any_kind = st.builds(
    ApplicationDocument,
    id=st.text(max_size=5),
    name=st.text(max_size=5),
    domains=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    default=st.booleans(),
    upstreams=st.lists(
        st.builds(Upstream, st.text(max_size=3), st.text(max_size=3), sources=st.just((HELLO,))), max_size=2
    ).map(tuple),
    rules=st.lists(
        st.builds(
            Rule,
            st.text(max_size=3),
            enabled=st.booleans(),
            conditions=st.lists(
                st.builds(
                    Condition,
                    st.sampled_from(["path", "header"]),
                    st.sampled_from(["equals", "exists"]),
                    st.lists(st.text(max_size=3), max_size=2).map(tuple),
                    st.none() | st.text(max_size=3),
                    st.booleans(),
                ),
                max_size=2,
            ).map(tuple),
            actions=st.lists(st.sampled_from(ACTIONS), max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@given(documents_of_any_kind)
def test_a_document_survives_its_encoding_and_has_one_encoding(document):
    body = documents.encode(document)
    assert documents.decode(body) == document
    assert documents.encode(documents.decode(body)) == body


@given(documents_of_any_kind, documents_of_any_kind)
def test_equal_content_and_only_equal_content_has_equal_names(one, other):
    names = [documents.hash_of(documents.encode(document)) for document in (one, other)]
    assert (names[0] == names[1]) == (one == other)


def test_the_canonical_bytes_are_fixed_so_that_names_stay_the_same_between_versions():
    small = ApplicationDocument(
        "a",
        "n",
        ("b.c",),
        rules=(Rule("r", conditions=(Condition("path", "prefix", ("/x",)),), actions=(Proxy("u"),)),),
    )
    body = documents.encode(small)
    assert body == (
        b'{"id":"a","name":"n","domains":["b.c"],"rules":[{"id":"r","conditions":[{"'
        b'variable":"path","operator":"prefix","values":["/x"]}],"actions":[{"type":"proxy","upstream":"u"}]}]}'
    )
    assert documents.hash_of(body) == "4aec8eb31bb2fd78e8e8ee3a6f18873f0e34b1ea172cc886b988fa404025a5ff"


def test_a_proxy_action_of_before_there_was_more_to_say_keeps_its_bytes_and_its_documents_name():
    stored = (
        b'{"id":"a1","name":"shop","domains":["www.example.com"],"partitions":["p1"],"upstreams":[{"id":"u","name":"web",'
        b'"sources":[{"cluster":"c1","namespace":"default","service":"hello","port":80}]}],"rules":[{"id":"r1",'
        b'"name":"all","actions":[{"type":"proxy","upstream":"u"}]}]}'
    )
    document = documents.decode(stored)
    assert document.rules[0].actions == (Proxy("u"),)
    assert documents.encode(document) == stored
    assert documents.hash_of(stored) == "fc5610bc5dc4b6a9404e8aa9ee509a7695b5561082eb4ab00fbcee08a4b5d001"


def test_a_proxy_action_survives_with_all_that_it_can_say():
    retries = Retries(2, 1.5, ("timeout",), (503,), True)
    split = (WeightedUpstream("u", 9), WeightedUpstream("s"))
    for action in (Proxy("u", backup="s", retries=retries, timeout=10), Proxy(upstreams=split, key="${path}")):
        document = msgspec.structs.replace(DOCUMENT, rules=(Rule("r", actions=(action,)),))
        assert documents.decode(documents.encode(document)) == document


def test_actions_are_written_by_their_types_and_rewrite_says_with():
    written = msgspec.json.decode(documents.encode(DOCUMENT))["rules"][0]["actions"]
    assert [action["type"] for action in written] == [
        "rewrite-path",
        "rewrite-path",
        "set-request-header",
        "remove-request-header",
        "set-response-header",
        "remove-response-header",
        "respond",
        "redirect",
        "proxy",
    ]
    assert written[0] == {"type": "rewrite-path", "prefix": "/a", "with": "/"}


def test_a_document_names_each_of_its_sources_once():
    upstreams = (
        Upstream("u", "n", sources=(HELLO,)),
        Upstream("v", "n", sources=(HELLO, msgspec.structs.replace(HELLO, port=81))),
    )
    document = msgspec.structs.replace(DOCUMENT, upstreams=upstreams)
    assert [source.key for source in document.sources()] == ["c1/default/hello:80", "c1/default/hello:81"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"id":"a"}',
        b'{"id":"a","name":"n","rules":[{"id":"r","actions":[{"type":"teleport"}]}]}',
        b'{"id":"a","name":"n","rules":[{"id":"r","actions":[{"type":"proxy","upstream":"u","mirror":"v"}]}]}',
        b'{"id":"a","name":"n","rules":[{"id":"r","conditions":[{"variable":"mood","operator":"equals"}]}]}',
    ],
)
def test_what_this_version_does_not_understand_is_refused_rather_than_ignored(body):
    with pytest.raises(msgspec.DecodeError):
        documents.decode(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":"a","name":"n","mirror":{}}',
        b'{"id":"a","name":"n","upstreams":[{"id":"u","name":"n","balancer":"hash"}]}',
        b'{"id":"a","name":"n","upstreams":[{"id":"u","name":"n","servers":[{"host":"h","port":1,"wieght":2}]}]}',
        b'{"id":"a","name":"n","rules":[{"id":"r","schedule":"night"}]}',
    ],
)
def test_what_only_a_newer_admin_knows_is_refused_and_never_ignored(body):
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        documents.decode(body)
