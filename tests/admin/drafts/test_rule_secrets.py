import logging

import msgspec
import pytest

from edge.admin.drafts.rule_secrets import mark
from edge.admin.errors import Conflict, Invalid
from edge.admin.views import ReleaseBody, RuleBody
from edge.model import application_key, document
from edge.model.actions import BasicAuth, BasicUser, JwtAuth, Respond
from edge.rules.passwords import hash_password, parse_hash
from edge.sealing import ApplicationCipher
from edge.store.tables import ApplicationKeyRow, ApplicationRow, DocumentRow
from tests.admin.house import ADMIN, EDITOR, RELEASER, VIEWER, house, in_virtual_time, settle

READY = hash_password("ready", b"0123456789abcdef", cost=10, lanes=1)


def body(*users, **more):
    named = tuple(BasicUser(*user.split(":", 1)) if isinstance(user, str) else user for user in users)
    return RuleBody(name="private", actions=[BasicAuth(named, **more), Respond(200, "inside")])


async def stored(h, application):
    """The draft's basic-auth users with their hashes."""
    draft = await h.admin.rules._draft(application)
    return {user.name: user.password for user in draft.rules[0].actions[0].users}


@in_virtual_time
async def test_a_password_is_kept_as_its_hash_and_shown_nowhere(tmp_path, caplog):
    async with house(tmp_path) as h:
        caplog.set_level(logging.DEBUG)
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        made = await h.admin.rules.create(EDITOR, shop, body("alice:wonderland", BasicUser("bob", READY)))
        hashes = await stored(h, shop)
        assert parse_hash(hashes["alice"]).matches(b"wonderland")
        assert hashes["bob"] == READY
        seen = [
            made,
            await h.admin.rules.list(VIEWER, shop),
            await h.admin.changes.list(VIEWER, shop),
            await h.admin.releases.create(RELEASER, shop, ReleaseBody()),
        ]
        await h.admin.rules.replace(EDITOR, shop, made.id, body("alice", "bob:other"))
        seen += [await h.admin.changes.list(VIEWER, shop), await h.admin.audit.list(ADMIN), repr(hashes.keys())]
        text = b"".join(map(msgspec.json.encode, seen)).decode() + repr(seen) + caplog.text
        assert '"name":"alice"' in text
        for secret in ("wonderland", "other", "scrypt", '"password"', READY):
            assert secret not in text
        await settle()
        [entry] = gateway.content.manifest.applications
        [given] = document.decode(gateway.content.documents[entry.hash]).rules
        assert {user.name: user.password for user in given.actions[0].users} == hashes
        assert repr(given).count("scrypt") == 0


@in_virtual_time
async def test_what_was_read_can_be_written_back_and_keeps_the_passwords(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        made = await h.admin.rules.create(EDITOR, shop, body(BasicUser("alice", READY)))
        before = await stored(h, shop)
        shown = await h.admin.rules.get(VIEWER, shop, made.id)
        again = RuleBody(name=shown.name, actions=shown.actions)
        assert (await h.admin.rules.replace(EDITOR, shop, made.id, again)) == shown
        assert await stored(h, shop) == before


@in_virtual_time
async def test_only_the_password_that_is_given_changes(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        made = await h.admin.rules.create(EDITOR, shop, body(BasicUser("alice", READY), BasicUser("bob", READY)))
        await h.admin.rules.replace(EDITOR, shop, made.id, body("bob", "alice:new", realm="other"))
        hashes = await stored(h, shop)
        assert hashes["bob"] == READY
        assert parse_hash(hashes["alice"]).matches(b"new")


@in_virtual_time
async def test_of_two_actions_each_keeps_its_own(tmp_path):
    def two(first, second):
        actions = [BasicAuth((first,), "one"), BasicAuth((second,), "two"), Respond()]
        return RuleBody(actions=actions)

    other = hash_password("other", b"0123456789abcdef", cost=10, lanes=1)
    async with house(tmp_path) as h:
        shop = await h.application()
        made = await h.admin.rules.create(EDITOR, shop, two(BasicUser("a", READY), BasicUser("a", other)))
        without_first = RuleBody(actions=[BasicAuth((BasicUser("a"),), "two"), Respond()])
        await h.admin.rules.replace(EDITOR, shop, made.id, without_first)
        assert await stored(h, shop) == {"a": other}


@in_virtual_time
async def test_what_is_missing_or_cannot_be_a_password_is_refused_with_its_field(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        made = await h.admin.rules.create(EDITOR, shop, body(BasicUser("alice", READY)))
        for users, field in (
            (["alice", "bob"], "actions[0].users[1].password"),
            (["alice:" + "a" * 257], "actions[0].users[0].password"),
            (["alice", "bob:a\nb"], "actions[0].users[1].password"),
            (["a:b:c", BasicUser("a:b", READY)], "actions[0].users[1].name"),
            ([BasicUser(str(n), "x") for n in range(101)], "actions[0].users[100].password"),
        ):
            h.admin.hash = hashed_at_once
            with pytest.raises(Invalid) as refused:
                await h.admin.rules.replace(EDITOR, shop, made.id, body(*users))
            assert refused.value.field == field
            assert "a" * 50 not in refused.value.message
        assert await stored(h, shop) == {"alice": READY}


async def hashed_at_once(work):
    return READY


SECRET = "a secret of tokens that has enough bytes"


def signed(secret="", *algorithms, **more):
    return RuleBody(name="api", actions=[JwtAuth(algorithms or ("HS256",), secret, **more), Respond()])


def opened(gateway):
    """The secret as the gateway opens it, with the key that it was given."""
    content = gateway.content
    [entry], [key] = content.manifest.applications, content.manifest.keys
    given = application_key.decode(content.documents[key.hash])
    [rule] = document.decode(content.documents[entry.hash]).rules
    assert given.application == key.application == entry.application
    return ApplicationCipher(given.application, given.key).open(rule.actions[0].secret)


@in_virtual_time
async def test_a_secret_is_sealed_everywhere_and_opened_by_gateways(tmp_path, caplog):
    async with house(tmp_path) as h:
        caplog.set_level(logging.DEBUG)
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        made = await h.admin.rules.create(EDITOR, shop, signed(SECRET))
        seen = [made, await h.admin.changes.list(VIEWER, shop)]
        seen.append(await h.admin.releases.create(RELEASER, shop, ReleaseBody()))
        await settle()
        assert opened(gateway) == SECRET
        seen += [await h.admin.rules.list(VIEWER, shop), await h.admin.audit.list(ADMIN)]
        rows = await h.admin.work(
            lambda session: [
                value
                for column in (ApplicationRow.draft, DocumentRow.body, ApplicationKeyRow.key)
                for (value,) in session.query(column)
            ]
        )
        key = application_key.decode(gateway.content.documents[gateway.content.manifest.keys[0].hash])
        text = b"".join(map(msgspec.json.encode, seen)).decode() + repr(seen) + caplog.text + repr(rows) + repr(key)
        assert text.count("sealed:") == 2  # in the draft and in the release, as they stand in the database
        assert SECRET not in text
        assert repr(key.key) not in text
        await h.admin.applications.delete(RELEASER, shop)
        await settle()
        assert gateway.content.manifest.keys == ()


@in_virtual_time
async def test_a_secret_that_is_left_out_stays_and_goes_back_with_its_release(tmp_path):
    async with house(tmp_path) as h:
        eu = await h.partition()
        gateway = await h.gateway(eu)
        shop = await h.application(partitions=[eu])
        made = await h.admin.rules.create(EDITOR, shop, signed(SECRET))
        first = await h.admin.releases.create(RELEASER, shop, ReleaseBody())
        await h.admin.rules.replace(EDITOR, shop, made.id, signed(leeway=5))
        await h.admin.releases.create(RELEASER, shop, ReleaseBody())
        await settle()
        assert opened(gateway) == SECRET
        await h.admin.rules.replace(EDITOR, shop, made.id, signed(SECRET[::-1]))
        await h.admin.releases.create(RELEASER, shop, ReleaseBody())
        await settle()
        assert opened(gateway) == SECRET[::-1]
        await h.admin.releases.rollback(RELEASER, shop, first.version, ReleaseBody())
        await settle()
        assert opened(gateway) == SECRET


@in_virtual_time
async def test_a_secret_that_is_too_short_or_none_is_refused(tmp_path):
    async with house(tmp_path) as h:
        shop = await h.application()
        made = await h.admin.rules.create(EDITOR, shop, signed(SECRET))
        for body in (
            signed("short"),
            signed(SECRET, "HS256", "HS512"),
            signed("", "HS512"),
            signed("-----BEGIN PUBLIC KEY-----" + "A" * 64),
            signed("sealed:AAAA"),
        ):
            with pytest.raises(Invalid) as refused:
                await h.admin.rules.replace(EDITOR, shop, made.id, body)
            assert refused.value.field == "actions[0].secret"
        other = await h.application("other")
        with pytest.raises(Invalid) as refused:
            await h.admin.rules.create(EDITOR, other, signed())
        assert refused.value.field == "actions[0].secret"


@in_virtual_time
async def test_who_read_a_rule_before_its_secret_changed_cannot_overwrite_it(tmp_path):
    jwt = JwtAuth(algorithms=("HS256",), secret="s" * 32)
    for first, second in (
        (body("alice:wonderland"), body("alice:looking-glass")),
        (RuleBody(actions=[jwt]), RuleBody(actions=[msgspec.structs.replace(jwt, secret="t" * 32)])),
    ):
        async with house(tmp_path) as h:
            shop = await h.application()
            made = await h.admin.rules.create(EDITOR, shop, first)
            tag = h.admin.rules.etag(made)
            assert h.admin.rules.etag(await h.admin.rules.get(VIEWER, shop, made.id)) == tag
            changed = await h.admin.rules.replace(EDITOR, shop, made.id, second, tag)
            assert msgspec.structs.replace(changed, secrets="") == msgspec.structs.replace(made, secrets="")
            assert h.admin.rules.etag(changed) != tag
            with pytest.raises(Conflict, match="changed since you read it"):
                await h.admin.rules.replace(EDITOR, shop, made.id, first, tag)
            kept = await h.admin.rules.replace(
                EDITOR, shop, made.id, RuleBody(name=changed.name, actions=changed.actions), h.admin.rules.etag(changed)
            )
            assert kept == changed, "what was left out stayed"


def test_the_mark_of_secrets_is_of_what_is_kept_and_tells_equal_secrets_apart():
    salted = [hash_password("same", salt, cost=10, lanes=1) for salt in (b"0123456789abcdef", b"fedcba9876543210")]
    one, other = ([BasicAuth((BasicUser("alice", hash),))] for hash in salted)
    assert mark(one) == mark(one)
    assert mark(one) != mark(other)
    two, swapped = (
        [BasicAuth((BasicUser("alice", salted[here]), BasicUser("bob", salted[1 - here])))] for here in (0, 1)
    )
    assert mark(two) != mark(swapped), "whose it is matters"
    assert mark([Respond(), JwtAuth(algorithms=("RS256",))]) == ""
