"""A person who types anything at any moment: a few sequences; `python -m bench.terminal_fuzz` has any number."""

import pytest

from tests.harness.home import Home
from tests.harness.random_typist import Restless


@pytest.mark.parametrize(("seed", "wild"), [(8, False), (23, False)])
def test_whatever_is_typed_is_sent_as_it_was_entered_or_kept_and_the_terminal_is_as_it_was(
    home: Home, seed: int, wild: bool
) -> None:
    Restless(home, seed, wild=wild, quick=False).play()
