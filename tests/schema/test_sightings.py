"""What came once is marked, in a bounded number of marks; what comes again is told, once."""

from gateway.schema.sightings import Sightings


def test_the_second_time_is_told() -> None:
    """Once: whoever was told keeps it, and the mark is free."""
    sightings = Sightings()
    assert [sightings.again("a"), sightings.again("b"), sightings.again("a"), sightings.again("a")] == [
        False,
        False,
        True,
        False,
    ]


def test_the_marks_are_bounded() -> None:
    """The oldest goes."""
    sightings = Sightings(2)
    assert not any(map(sightings.again, "abc"))
    assert [sightings.again("c"), sightings.again("a")] == [True, False]
