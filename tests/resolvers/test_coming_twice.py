"""Documents that come twice: their plans are compiled then, and what is measured of it is that."""

from __future__ import annotations

from tests.resolvers.coming_twice import SIZES, costs


def test_each_size_that_is_measured_is_compiled() -> None:
    """A plan that is too large for it would look cheap."""
    (small,) = costs(SIZES[:1], turns=1)
    (large,) = costs(SIZES[-1:], turns=1)
    assert small.has_shape
    assert large.has_shape
    assert (large.fields, large.length < 1_500) == (960, True)
