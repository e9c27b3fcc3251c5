import pytest

from edge.model import CertificateDocument, certificate
from edge.model.certificate import covers


@pytest.mark.parametrize(
    ("name", "host", "covered"),
    [
        ("a.example", "a.example", True),
        ("a.example", "b.a.example", False),
        ("*.a.example", "b.a.example", True),
        ("*.a.example", "*.a.example", True),
        ("*.a.example", "c.b.a.example", False),
        ("*.a.example", "a.example", False),
        ("*.a.example", ".a.example", False),
        ("*.", "a", False),
    ],
)
def test_a_star_stands_for_exactly_one_label(name, host, covered):
    assert covers(name, host) is covered


def test_neither_repr_shows_the_key_and_it_comes_back_as_it_was():
    document = CertificateDocument("c", "shop", "chain", "s3cret", ("a.example",))
    assert certificate.decode(certificate.encode(document)) == document
    assert "s3cret" not in repr(document)
