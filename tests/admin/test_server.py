import pytest

from edge.admin.server import Listen


@pytest.mark.parametrize(
    ("text", "host", "port", "everywhere"),
    [
        ("127.0.0.1:8001", "127.0.0.1", 8001, False),
        ("localhost:0", "localhost", 0, False),
        ("[::1]:8001", "::1", 8001, False),
        ("[::]:8001", "::", 8001, True),
        ("0.0.0.0:8001", "0.0.0.0", 8001, True),
        (":8001", "0.0.0.0", 8001, True),
    ],
)
def test_an_address_to_listen_on_is_read(text, host, port, everywhere):
    listen = Listen.parse(text)
    assert (listen.host, listen.port, listen.everywhere) == (host, port, everywhere)


@pytest.mark.parametrize("text", ["", "8001", "localhost", "localhost:", "localhost:http", "h:65536", "h:-1", "::1:80"])
def test_anything_else_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="but got"):
        Listen.parse(text)
