"""Words found together are those found one by one."""

from hypothesis import given
from hypothesis import strategies as st

from processor.records.needles import Needles

_LETTERS = st.text("abc- ", max_size=40)


@given(st.lists(st.text("abc- ", min_size=1, max_size=5), min_size=1, max_size=12), _LETTERS)
def test_a_text_holds_the_words_that_it_holds_one_by_one(words: list[str], text: str) -> None:
    """Words within words, behind one another, twice the same."""
    expected = [number for number, word in enumerate(words) if word in text]

    assert expected == Needles(words).found_in(text)


def test_letters_beyond_ascii_part_words() -> None:
    """They stand in no word, and hide none beside them."""
    assert [1] == Needles(["pass", "word"]).found_in("p\u00e4ss\ud800word")
