from edge.model.endpoint import Endpoint


def test_an_authority_is_written_as_in_a_url():
    assert Endpoint("10.0.0.7", 80).authority == "10.0.0.7:80"
    assert Endpoint("fd00::7", 8080).authority == "[fd00::7]:8080"
    assert Endpoint("db.example.com", 5432).authority == "db.example.com:5432"


def test_endpoints_are_ordered_by_address_and_port():
    assert sorted([Endpoint("10.0.0.2", 80), Endpoint("10.0.0.1", 81), Endpoint("10.0.0.1", 80)]) == [
        Endpoint("10.0.0.1", 80),
        Endpoint("10.0.0.1", 81),
        Endpoint("10.0.0.2", 80),
    ]
