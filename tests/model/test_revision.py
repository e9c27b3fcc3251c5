import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model.revision import NOTHING, Revision

revisions = st.builds(Revision, st.integers(0, 2**33), st.integers(0, 2**20 - 1))


@given(revisions, revisions)
def test_revisions_are_ordered_by_generation_then_number(one, other):
    assert (one < other) == ((one.generation, one.number) < (other.generation, other.number))


@given(revisions, revisions)
def test_the_integer_of_a_revision_has_the_same_order(one, other):
    assert (int(one) < int(other)) == (one < other)


@given(revisions)
def test_nothing_is_newer_than_itself_and_older_than_nothing(revision):
    assert not revision < NOTHING
    assert not revision < revision


def test_a_restored_backup_with_a_lower_number_is_newer_by_its_generation():
    assert Revision(1_800_000_001, 1) > Revision(1_800_000_000, 999_999)


@pytest.mark.parametrize("year_2100", [4_102_444_800])
def test_the_integer_is_exact_in_javascript(year_2100):
    assert int(Revision(year_2100, 2**20 - 1)) < 2**53


def test_its_repr_names_both_parts():
    assert repr(Revision(7, 3)) == "7.3"
