import pytest

from edge.admin.api.decoding import MAX_DEPTH, decide, patched, undecided, writable
from edge.admin.errors import BadRequest, Invalid
from edge.admin.views import KubernetesClusterBody, PartitionBody, PartitionView, UpstreamBody, UpstreamView
from edge.model import Server
from edge.model.upstream import RoundRobin

UPSTREAM = UpstreamView(
    id="u1",
    name="static",
    kubernetes=None,
    servers=[Server("10.0.0.1", 80)],
    balance=RoundRobin(),
    endpoints=[],
    revision=7,
    stale_since=None,
    warnings=[],
)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "got none"),
        (b"{", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b'{"a": 1} x', "not JSON"),
        (b'{"a": 1e999}', "not JSON"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "too deep"),
        (b"[" * 100_000, "too deep"),
        (b'{"a":' * 100_000, "too deep"),
    ],
)
def test_what_is_not_json_that_we_read_is_a_bad_request(body, says):
    with pytest.raises(BadRequest, match=says):
        undecided(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "a\\u0000b"}', "name"),
        (b'{"a": [{"b": "\\u0000"}]}', "a[0].b"),
        (b'{"n": 9007199254740992}', "n"),
        (b'{"n": [1, 99999999999999999999999999]}', "n[1]"),
    ],
)
def test_what_no_database_keeps_is_refused_with_its_field(body, field):
    with pytest.raises(Invalid) as raised:
        undecided(body)
    assert raised.value.field == field


def test_an_escaped_backslash_before_u0000_is_ordinary_text():
    assert undecided(b'{"name": "\\\\u0000"}') == {"name": "\\u0000"}


def test_a_body_is_decided():
    assert decide({"name": "eu"}, PartitionBody) == PartitionBody(name="eu")


def test_only_what_the_body_names_is_writable():
    assert writable(PartitionView(id="p1", name="eu"), PartitionBody) == {"name": "eu"}


def test_a_patch_changes_only_what_it_names():
    body = patched(UPSTREAM, {"name": "renamed"}, UpstreamBody)
    assert body == UpstreamBody(name="renamed", servers=[Server("10.0.0.1", 80)], balance=RoundRobin())


def test_a_patch_with_null_takes_a_value_away():
    kubernetes = {"cluster": "c", "namespace": "n", "service": "s", "port": 80}
    body = patched(UPSTREAM, {"servers": None, "kubernetes": kubernetes}, UpstreamBody)
    assert body.servers is None
    assert body.kubernetes.service == "s"


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"name": None}, "name"),
        ({"id": "other"}, "id"),
        ({"servers": [{"host": "h"}]}, "servers[0].port"),
        ([], None),
        ("text", None),
    ],
)
def test_a_patch_that_makes_no_body_is_refused_with_its_field(patch, field):
    with pytest.raises(Invalid) as raised:
        patched(UPSTREAM, patch, UpstreamBody)
    assert raised.value.field == field


def test_a_secret_that_is_not_shown_stays_out_of_a_patched_body():
    view = PartitionView(id="k", name="n")
    with pytest.raises(Invalid) as raised:
        patched(view, {"host": 5, "token": "s3cr3t"}, KubernetesClusterBody)
    assert raised.value.field == "host"
    assert "s3cr3t" not in raised.value.message
