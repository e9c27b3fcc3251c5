"""Programs that are not there."""

import pytest

from loadtests.peers.programs import WHEELS, MissingError, package_folder


def test_a_package_that_is_missing_says_what_to_install() -> None:
    with pytest.raises(MissingError, match="peers"):
        package_folder("no_such_package_of_a_peer", WHEELS)


def test_a_package_that_is_there_is_found() -> None:
    assert (package_folder("loadtests", WHEELS) / "peers").is_dir()
