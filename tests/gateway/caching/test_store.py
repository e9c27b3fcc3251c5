from edge.gateway.caching.store import UNCACHEABLE, VARIANTS, Key, Store, Stored
from edge.model import Manifest, Revision
from edge.model.manifest import PurgeEntry


def stored(body=b"", path="/", host="www.example.com"):
    return Stored(200, (), body, 0.0, 10.0, 0.0, (host, path))


def key(text, application="a1"):
    return Key(application, "u1", text)


def asking(**fields):
    return lambda name: fields.get(name.decode())


def test_what_was_asked_for_least_recently_goes_first():
    store = Store(10_000)
    for text in "abc":
        assert store.put(key(text), (), asking(), stored(b"x" * 2000))
    store.find(key("a"), asking())
    store.put(key("d"), (), asking(), stored(b"x" * 2000))
    assert [store.find(key(text), asking()) is not None for text in "abcd"] == [True, False, True, True]
    assert 0 < store.size <= 10_000


def test_what_is_larger_than_all_room_is_not_stored():
    store = Store(1000)
    assert not store.put(key("a"), (), asking(), stored(b"x" * 1000))
    assert (store.size, store.knows(key("a"))) == (0, False)


def test_an_answer_put_again_replaces_the_old_one_and_frees_its_room():
    store = Store(10_000)
    for body in (b"x" * 5000, b"y"):
        store.put(key("a"), (), asking(), stored(body))
    assert store.find(key("a"), asking()).body == b"y"
    size = store.size
    store.drop(key("a"))
    assert store.size == 0 < size < 2000


def test_variants_are_found_by_what_the_request_says_and_are_bounded():
    store = Store(10_000_000)
    for number in range(VARIANTS + 1):
        store.put(key("a"), (b"x",), asking(x=str(number)), stored(b"%d" % number))
    assert store.find(key("a"), asking(x="0")) is None
    assert store.find(key("a"), asking(x="7")).body == b"7"
    assert store.find(key("a"), asking()) is None
    store.put(key("a"), (b"y",), asking(y="1"), stored(b"other"))
    assert store.find(key("a"), asking(x="7")) is None
    assert store.find(key("a"), asking(y="1")).body == b"other"


def test_a_purge_takes_out_what_it_names_and_nothing_else():
    def filled():
        store = Store(100_000)
        for number, (host, path) in enumerate(
            [("a", "/x"), ("a", "/x?q"), ("a", "/x/y"), ("b", "/x"), ("[::1]", "/x")]
        ):
            store.put(key(str(number)), (), asking(), stored(path=path, host=host))
        return store

    assert filled().purge("a1", url="/x") == 3
    assert filled().purge("a1", url="http://A:8080/x") == 1
    assert filled().purge("a1", url="https://a/x?q") == 1
    assert filled().purge("a1", url="http://[::1]:80/x") == 1
    assert filled().purge("a1", prefix="http://a/x") == 3
    assert filled().purge("a1", prefix="/x/") == 1
    assert filled().purge("a1", prefix="https://b") == 1
    assert filled().purge("a1", prefix="/") == 5
    assert filled().purge("a2", prefix="/") == 0


def test_only_so_many_keys_are_remembered_as_not_worth_waiting_for():
    store = Store(1000)
    for number in range(UNCACHEABLE + 1):
        store.note_uncacheable(key(str(number)))
    assert not store.is_uncacheable(key("0"))
    assert store.is_uncacheable(key(str(UNCACHEABLE)))


def test_a_manifest_s_purges_are_done_once_and_a_gap_empties_all():
    store = Store(100_000)

    def fill():
        for path in ("/x", "/y"):
            store.put(key(path), (), asking(), stored(path=path))

    def manifest(*purges, forgotten=0):
        return Manifest(Revision(1, 1), "p1", purges=purges, forgotten=forgotten)

    first, second = PurgeEntry(4, "a1", url="/x"), PurgeEntry(7, "a1", prefix="/y")
    fill()
    store.take_out(manifest(first))
    assert [store.knows(key(path)) for path in ("/x", "/y")] == [False, True]
    fill()
    store.take_out(manifest(first, second))
    assert [store.knows(key(path)) for path in ("/x", "/y")] == [True, False]
    store.take_out(manifest(second, forgotten=4))
    assert store.knows(key("/x"))
    store.take_out(manifest(forgotten=8))
    assert (store.knows(key("/x")), store.size) == (False, 0)
