import msgspec
import pytest

from edge.model import CertificateEntry, KeyEntry, Manifest, ManifestEntry
from edge.model.document import hash_of
from edge.wire.content import Content
from edge.wire.messages import Offer, ProtocolError
from edge.wire.shelf import Shelf
from tests.wire.house import document, release, revision, source, state


def offer(number, *bodies, **options):
    fallback = options.pop("fallback", ())
    manifest, documents = release(number, *bodies, **options)
    keys = [key for body in bodies for key in Shelf(content_of(manifest, documents)).wanted()]
    return Offer(manifest, tuple(dict.fromkeys(keys)), fallback), documents


def content_of(manifest, documents):
    return Content(manifest, documents, {})


def serve(shelf, given, documents, *states):
    assert shelf.offer(given) == "taken"
    for name, body in documents.items():
        shelf.take_document(name, body)
    for one in states:
        shelf.take_source(one)
    content = shelf.swap()
    shelf.settle({})
    return content


def test_a_manifest_without_applications_is_complete_at_once():
    shelf = Shelf()
    given, _ = offer(1)
    assert shelf.offer(given) == "taken"
    assert shelf.complete


def test_a_target_is_complete_only_with_every_document_and_every_source():
    shelf = Shelf()
    body = document("shop", "cart")
    given, documents = offer(1, body)
    shelf.offer(given)
    assert shelf.missing == (*documents, source("cart").key)
    shelf.take_document(*next(iter(documents.items())))
    assert not shelf.complete
    assert shelf.missing == (source("cart").key,)
    shelf.take_source(state(1, service="cart"))
    assert shelf.complete, "an explicitly empty source is there"


def test_a_source_that_only_the_document_names_is_waited_for_too():
    shelf = Shelf()
    manifest, documents = release(1, document("shop", "cart"))
    shelf.offer(Offer(manifest))
    assert not shelf.unasked
    shelf.take_document(*next(iter(documents.items())))
    assert shelf.unasked
    assert shelf.missing == (source("cart").key,)


def test_an_application_whose_sources_are_unheard_of_keeps_its_older_version_and_no_other_waits_for_it():
    shelf = Shelf()
    serve(shelf, *offer(1, document("shop"), document("blog")))
    cold, documents = offer(2, document("shop", "far"), document("blog"))
    shelf.offer(Offer(cold.manifest, cold.sources))
    for name, body in documents.items():
        shelf.take_document(name, body)
    assert [entry.application for entry in cold.manifest.applications] == ["shop", "blog"]
    assert shelf.complete, "blog's entry has another version"
    given, documents = offer(3, document("shop", "far"), document("blog", text="new"))
    shelf.offer(given)
    for name, body in documents.items():
        assert not shelf.complete, "documents are always waited for"
        shelf.take_document(name, body)
    assert shelf.complete
    shelf.swap()
    shelf.settle({"shop": "waits for it"})
    assert {entry.application: entry.version for entry in shelf.applications()} == {"shop": 1, "blog": 3}
    assert shelf.missing == (source("far").key,)
    assert shelf.refused == {}

    again = Shelf(shelf.content())
    for one in (shelf, again):
        assert one.awaits(source("far").key)
        assert one.wanted() == {source("far").key: revision(0, 0)}
        assert one.take_source(state(1, "10.0.0.1", service="far"))
        assert not one.settled
        one.settle({})
        assert {entry.application: entry.version for entry in one.applications()} == {"shop": 3, "blog": 3}
        assert (one.missing, one.content().fallback) == ((), ())


def test_a_manifest_that_changes_only_what_is_cold_is_waited_for():
    shelf = Shelf()
    first, documents = release(1, document("shop"), document("blog"))
    serve(shelf, Offer(first), documents)
    far = document("shop", "far")
    second, documents = release(2, far)
    manifest = Manifest(second.revision, "p1", (*second.applications, first.applications[1]))
    shelf.offer(Offer(manifest, (source("far").key,)))
    shelf.take_document(*next(iter(documents.items())))
    assert not shelf.complete
    assert shelf.missing == (source("far").key,)
    shelf.take_source(state(1, service="far"))
    assert shelf.complete


def test_an_older_manifest_is_ignored_and_the_same_one_confirmed():
    shelf = Shelf()
    new, documents = offer(5, document(text="new"))
    serve(shelf, new, documents)
    assert shelf.offer(offer(4, document(text="old"))[0]) == "ignored"
    assert shelf.target is None
    assert shelf.offer(offer(9, document(), generation=0)[0]) == "ignored"
    assert shelf.offer(offer(1, document(), generation=2)[0]) == "taken"


def test_an_older_manifest_does_not_replace_a_target_either():
    shelf = Shelf()
    shelf.offer(offer(5, document(text="new"))[0])
    assert shelf.offer(offer(4, document(text="old"))[0]) == "ignored"
    assert shelf.newest.revision == revision(5)


def test_another_partitions_manifest_is_taken_whatever_its_revision():
    shelf = Shelf()
    serve(shelf, *offer(5, document(text="here")))
    assert shelf.offer(offer(3, document(text="there"), partition="p2")[0]) == "taken"


def test_an_older_state_of_a_source_is_ignored():
    shelf = Shelf()
    serve(shelf, *offer(1, document("shop", "cart")), state(5, "10.0.0.5", service="cart"))
    for number, generation in ((5, 1), (4, 1), (9, 0)):
        assert not shelf.take_source(state(number, "10.0.0.4", service="cart", generation=generation))
    assert shelf.take_source(state(1, "10.0.0.6", service="cart", generation=2))


def test_a_source_that_nothing_needs_is_not_kept():
    shelf = Shelf()
    serve(shelf, *offer(1, document("shop", "cart")), state(1, service="cart"))
    assert not shelf.take_source(state(1, service="other"))
    assert list(shelf.sources) == [source("cart").key]


def test_bytes_that_do_not_have_the_hash_are_a_protocol_error():
    shelf = Shelf()
    given, documents = offer(1, document())
    shelf.offer(given)
    with pytest.raises(ProtocolError, match=r"expected the document \w{64}, got 3 bytes with the hash"):
        shelf.take_document(next(iter(documents)), b"odd")
    assert not shelf.take_document("f" * 64, b"nobody asked")


def test_what_is_no_longer_named_is_dropped():
    shelf = Shelf()
    serve(shelf, *offer(1, document("shop", "cart")), state(1, service="cart"))
    _, documents = given = offer(2, document("shop", "pay"))
    serve(shelf, *given, state(1, service="pay"))
    assert list(shelf.sources) == [source("pay").key]
    assert list(shelf.documents) == list(documents)


def test_bytes_of_documents_that_were_taken_can_be_forgotten_and_are_not_asked_for_again():
    shelf = Shelf()
    shop, blog = document("shop"), document("blog")
    given, documents = offer(1, shop, blog)
    serve(shelf, given, documents)
    shelf.settle({"blog": "a rule cannot be compiled"})
    shelf.lighten()
    assert shelf.content().documents == {hash_of(shop): b"", hash_of(blog): blog}, "who refused one may look again"
    shelf.offer(offer(2, shop, document("news"))[0])
    assert shelf.missing == (hash_of(document("news")),)


def test_a_refused_application_keeps_its_older_version_with_what_that_names():
    shelf = Shelf()
    first, documents = offer(1, document("shop", "cart"), document("blog"))
    serve(shelf, first, documents, state(1, service="cart"))
    second, more = offer(2, document("shop", "pay", text="refuse"), document("blog", text="new"))
    shelf.offer(second)
    for name, body in more.items():
        shelf.take_document(name, body)
    shelf.take_source(state(1, service="pay"))
    shelf.swap()
    shelf.settle({"shop": "no"})
    assert [(e.application, e.version) for e in shelf.applications()] == [("shop", 1), ("blog", 2)]
    assert shelf.serves(source("cart").key)
    content = shelf.content()
    assert [entry.version for entry in content.fallback] == [1]
    assert set(content.sources) == {source("cart").key, source("pay").key}

    third, documents = offer(3, document("shop", text="good again"), document("blog", text="new"))
    serve(shelf, third, documents)
    assert [e.version for e in shelf.applications()] == [3, 3]
    assert shelf.content().fallback == ()
    assert shelf.sources == {}


def test_a_new_application_that_is_refused_is_served_in_no_version():
    shelf = Shelf()
    given, documents = offer(1, document("shop", text="refuse"), document("blog"))
    shelf.offer(given)
    for name, body in documents.items():
        shelf.take_document(name, body)
    shelf.swap()
    shelf.settle({"shop": "no"})
    assert [e.application for e in shelf.applications()] == ["blog"]


def test_a_version_that_was_refused_is_no_older_version_of_the_next_one():
    shelf = Shelf()
    given, documents = offer(1, document("shop", text="refuse"))
    serve(shelf, given, documents)
    shelf.settle({"shop": "it says refuse"})
    given, documents = offer(2, document("shop", text="refuse this too"))
    serve(shelf, given, documents)
    shelf.settle({"shop": "it says refuse"})
    assert shelf.applications() == ()
    assert shelf.content().fallback == ()


def test_a_fallback_is_applied_first_where_nothing_is_served_yet():
    old, _ = release(1, document("shop", text="old"))
    given, documents = offer(2, document("shop", text="refuse"), fallback=old.applications)
    shelf = Shelf()
    shelf.offer(given)
    for name, body in {**documents, old.applications[0].hash: document("shop", text="old")}.items():
        assert shelf.take_document(name, body)
    first = shelf.groundwork()
    assert [entry.version for entry in first.manifest.applications] == [1]
    shelf.swap()
    shelf.settle({"shop": "no"})
    assert [entry.version for entry in shelf.applications()] == [1]


def test_what_a_disk_knew_comes_back_with_its_fallback():
    shelf = Shelf()
    serve(shelf, *offer(1, document("shop", "cart")), state(7, "10.0.0.7", service="cart"))
    given, documents = offer(2, document("shop", text="refuse"))
    shelf.offer(given)
    shelf.take_document(*next(iter(documents.items())))
    shelf.swap()
    shelf.settle({"shop": "no"})
    again = Shelf(shelf.content())
    again.settle({"shop": "no"})
    assert again.content() == shelf.content()
    assert again.applications() == shelf.applications()
    assert again.serving() == {source("cart").key: revision(7)}


def certified(number, certificate, *bodies):
    """An offer whose manifest names a certificate, too."""
    given, documents = offer(number, *bodies)
    entry = CertificateEntry("c", "certificate", hash_of(certificate))
    manifest = Manifest(given.manifest.revision, given.manifest.partition, given.manifest.applications, (entry,))
    return Offer(manifest, given.sources), {**documents, entry.hash: certificate}


def test_certificates_are_documents_that_are_waited_for_kept_and_dropped():
    shelf = Shelf()
    given, documents = certified(1, b'{"key":"first"}', document("shop"))
    assert shelf.offer(given) == "taken"
    assert shelf.lacking() == tuple(documents)
    for name, body in documents.items():
        shelf.take_document(name, body)
    assert shelf.swap().documents == documents
    shelf.settle({})
    renewed, documents = certified(2, b'{"key":"second"}', document("shop"))
    content = serve(shelf, renewed, documents)
    assert content.documents == documents
    assert shelf.documents == documents


def test_the_keys_of_applications_are_waited_for_as_well():
    key = b'{"application":"shop","key":"AAAA"}'
    given, documents = offer(1, document("shop"))
    manifest = msgspec.structs.replace(given.manifest, keys=(KeyEntry("shop", hash_of(key)),))
    shelf = Shelf()
    shelf.offer(Offer(manifest, given.sources))
    for name, body in documents.items():
        shelf.take_document(name, body)
    assert (shelf.complete, shelf.missing) == (False, (hash_of(key),))
    shelf.take_document(hash_of(key), key)
    assert shelf.complete


def test_a_renewed_certificate_is_served_although_another_application_waits_for_its_source():
    shelf = Shelf()
    first, documents = certified(1, b'{"key":"first"}', document("shop"))
    serve(shelf, first, documents)
    _, others = offer(1, document("cold", "unheard"))
    (name,) = others
    applications = (*first.manifest.applications, ManifestEntry("cold", "cold", 1, name))
    for number, certificate, complete in ((2, b'{"key":"first"}', False), (3, b'{"key":"second"}', True)):
        entry = CertificateEntry("c", "certificate", hash_of(certificate))
        shelf.offer(Offer(Manifest(revision(number), first.manifest.partition, applications, (entry,))))
        shelf.take_document(name, others[name])
        shelf.take_document(entry.hash, certificate)
        assert shelf.complete is complete
