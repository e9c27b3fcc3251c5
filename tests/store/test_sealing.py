import base64
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.store.errors import StoreError
from edge.store.sealing import KEY_FILE, Sealer, load_key

KEY = bytes(range(32))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_in_its_own_place(secret):
    assert Sealer(KEY).open(Sealer(KEY).seal(secret, "t/1/token"), "t/1/token") == secret


def test_equal_secrets_look_different_and_show_nothing():
    first, second = (Sealer(KEY).seal("geheim", "t/1/token") for _ in range(2))
    assert first != second
    assert b"geheim" not in first


@pytest.mark.parametrize(("key", "place"), [(KEY, "t/2/token"), (bytes(32), "t/1/token")])
def test_another_row_or_another_key_does_not_open_it(key, place):
    with pytest.raises(StoreError, match="cannot be opened"):
        Sealer(key).open(Sealer(KEY).seal("geheim", "t/1/token"), place)


@pytest.mark.parametrize("index", [0, 1, 13, -1])
def test_a_changed_byte_does_not_open(index):
    sealed = bytearray(Sealer(KEY).seal("geheim", "p"))
    sealed[index] ^= 1
    with pytest.raises(StoreError):
        Sealer(KEY).open(bytes(sealed), "p")


def test_the_key_file_is_made_once_and_is_private(tmp_path):
    key = load_key(tmp_path / "new", None)
    assert len(key) == 32
    assert load_key(tmp_path / "new", None) == key
    assert stat.S_IMODE((tmp_path / "new" / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "new").iterdir()] == [KEY_FILE]


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    load_key(tmp_path, None)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        load_key(tmp_path, None)


@pytest.mark.parametrize("text", [KEY.hex(), base64.b64encode(KEY).decode() + "\n"])
def test_the_environment_comes_before_the_file(tmp_path, text):
    assert load_key(tmp_path, text) == KEY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["geheim", "ä", base64.b64encode(b"short").decode()])
def test_what_is_not_a_key_is_refused_without_being_repeated(tmp_path, text):
    with pytest.raises(StoreError, match="must hold 32 bytes") as refused:
        load_key(tmp_path, text)
    assert text not in str(refused.value)
