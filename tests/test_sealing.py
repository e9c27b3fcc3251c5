import pytest

from edge.sealing import SEALED, ApplicationCipher, SealError

KEY = bytes(range(32))


def test_a_secret_of_an_application_opens_with_its_key_and_nowhere_else():
    sealed = ApplicationCipher("a", KEY).seal("geheim")
    assert sealed.startswith(SEALED)
    assert "geheim" not in sealed
    assert ApplicationCipher("a", KEY).open(sealed) == "geheim"
    for other in (ApplicationCipher("b", KEY), ApplicationCipher("a", bytes(32))):
        with pytest.raises(SealError):
            other.open(sealed)


@pytest.mark.parametrize("text", ["", "sealed:", "sealed:é", "sealed:AAAA", "in clear"])
def test_what_was_never_sealed_does_not_open(text):
    with pytest.raises(SealError):
        ApplicationCipher("a", KEY).open(text)


def test_ciphers_show_no_key():
    assert repr(ApplicationCipher("a", KEY)) == "<ApplicationCipher applications/a/rules>"
