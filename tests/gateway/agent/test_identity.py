import pytest

from edge.gateway.agent.identity import DataFolder, write_private
from edge.gateway.errors import GatewayError


def test_a_credential_is_made_once_and_readable_by_its_owner_only(tmp_path):
    folder = DataFolder(tmp_path / "new" / "data")
    credential = folder.credential()
    file = folder.path / "credential"
    assert len(credential) == 43
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    assert folder.credential() == credential
    assert file.stat().st_mode & 0o777 == 0o600
    folder.close()


def test_two_folders_have_two_credentials(tmp_path):
    one, other = DataFolder(tmp_path / "1"), DataFolder(tmp_path / "2")
    assert one.credential() != other.credential()
    one.close()
    other.close()


def test_a_damaged_credential_is_not_replaced_silently_nor_shown(tmp_path):
    folder = DataFolder(tmp_path)
    (tmp_path / "credential").write_text("half-a-secret")
    with pytest.raises(GatewayError, match="holds no credential: remove it to join again") as caught:
        folder.credential()
    assert "half-a-secret" not in str(caught.value)
    folder.close()


def test_a_folder_belongs_to_one_gateway_at_a_time(tmp_path):
    folder = DataFolder(tmp_path)
    with pytest.raises(GatewayError, match="another gateway runs with the data folder"):
        DataFolder(tmp_path)
    folder.close()
    DataFolder(tmp_path).close()


def test_a_folder_that_cannot_be_made_names_the_option(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(GatewayError, match=r"cannot be used: .* \(--data-dir\)"):
        DataFolder(tmp_path / "file")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "kept"
    write_private(file, b"old")
    with pytest.raises(TypeError):
        write_private(file, "text")  # type: ignore[arg-type]
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
