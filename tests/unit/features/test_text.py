"""Counting text byte-wise and by its definition gives the same integers."""

import math
import random
import re
from collections import Counter
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.features.histogram import LONGEST, counted
from processor.features.text import (
    KINDS,
    case_flips,
    delimiter_count,
    delimiters,
    delimiters_crc32,
    entropy_thousandths,
    mask_path,
    ordinal_sum,
    special_count,
    text_crc32,
)

# msticpy/analysis/eventcluster.py, delim_count.
MSTICPY_DELIMITERS = r'[\s\-\\/\.,"\'|&:;%$()]'
TEXTS = st.one_of(st.text(), st.text(st.characters(max_codepoint=127)))


@given(TEXTS)
def test_delimiters_are_what_the_regular_expression_finds(text: str) -> None:
    """For any text, ASCII or not, Unicode white space included."""
    found = re.findall(MSTICPY_DELIMITERS, text)

    assert len(found) == delimiter_count(text)
    assert "".join(found).encode() == delimiters(text)
    assert crc32("".join(found).encode()) == delimiters_crc32(text)


@given(TEXTS)
def test_scores_are_sums_of_code_points(text: str) -> None:
    """ordinal_sum and text_crc32 by their definitions."""
    assert sum(ord(character) for character in text) == ordinal_sum(text)
    assert crc32(text.encode()) == text_crc32(text)


@given(TEXTS, st.randoms(use_true_random=False))
def test_entropy_depends_on_the_histogram_alone(text: str, order: random.Random) -> None:
    """Any order of the same characters has bit-equal entropy, within [0, log2(length)]."""
    shuffled = list(text)
    order.shuffle(shuffled)

    assert entropy_thousandths(text) == entropy_thousandths("".join(shuffled))
    assert 0 <= entropy_thousandths(text) <= 1000 * max(1, len(text)).bit_length()


@given(TEXTS)
def test_special_characters_are_what_is_neither_ordinary_nor_a_usual_mark(text: str) -> None:
    """The byte-wise count equals the definition for any text."""
    expected = sum(
        not (character.isalnum() or character.isspace() or character in '\\/.:-"') for character in text
    )

    assert expected == special_count(text)


@given(TEXTS)
def test_case_flips_are_adjacent_letters_of_different_case(text: str) -> None:
    """The byte-wise count equals the definition for any text."""
    expected = sum(
        (left.isupper() and right.islower()) or (left.islower() and right.isupper())
        for left, right in pairwise(text)
    )

    assert expected == case_flips(text)


@given(st.text(st.characters(max_codepoint=127), max_size=LONGEST))
def test_one_pass_counts_what_the_definitions_count(text: str) -> None:
    """As Python and compiled: the sum of entropy bit for bit, and the three counts."""
    weighted = 0.0
    for count in sorted(Counter(text).values()):
        weighted += count * math.log2(count)
    specials = sum(not (mark.isalnum() or mark.isspace() or mark in '\\/.:-"') for mark in text)
    flips = sum(
        left.isalpha() and right.isalpha() and left.isupper() != right.isupper()
        for left, right in pairwise(text)
    )

    found = counted(text.encode(), KINDS)

    assert found == (weighted, len(re.findall(MSTICPY_DELIMITERS, text)), specials, flips)


def test_known_entropies() -> None:
    """0 for nothing and for one character repeated, 1 bit for two in equal shares, 2 for four."""
    assert [0, 0, 1000, 2000] == [entropy_thousandths(text) for text in ("", "aaaa", "abab", "abcd")]


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("C:\\Windows\\System32\\svchost.exe", "c:\\windows\\system#\\svchost.exe"),
        ("C:\\Users\\pbeesly\\Desktop\\x.exe", "c:\\users\\<user>\\desktop\\x.exe"),
        ("/home/alice/bin/run", "/home/<user>/bin/run"),
        ("/Users/alice/bin/run", "/users/<user>/bin/run"),
        ("C:\\T\\{0F0F0F0F-1111-2222-3333-444444444444}\\s.exe", "c:\\t\\<guid>\\s.exe"),
        ("\\\\10.0.0.4\\share\\a.exe", "\\\\<ip>\\share\\a.exe"),
        ("C:\\T\\deadbeef01\\a.exe", "c:\\t\\<hex>\\a.exe"),
        ("C:\\T\\0xFF\\a.exe", "c:\\t\\<hex>\\a.exe"),
        ("/opt/facade/a", "/opt/facade/a"),
        ("/opt/" + "QUJD" * 12 + "==/a", "/opt/<base64>/a"),
        ("", ""),
    ],
)
def test_paths_are_masked(path: str, masked: str) -> None:
    """What differs between equal programs is replaced, the rest is the path in lower case."""
    assert masked == mask_path(path)


@given(st.text(st.characters(max_codepoint=127), max_size=2000))
def test_masking_does_not_depend_on_letter_case(path: str) -> None:
    """Windows gives one program's path in several cases."""
    assert mask_path(path.upper()) == mask_path(path.lower())
    assert len(mask_path(path)) <= 8 * len(path) + 8
