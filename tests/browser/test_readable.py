"""Readers of every kind: names for assistive technology, contrast of every text, an order of headings."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Browser

# WCAG 2.1: 1.4.3, level AA.
CONTRAST, CONTRAST_LARGE = 4.5, 3.0
NAMED = {
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "slider",
    "tab",
    "tabpanel",
    "table",
    "navigation",
}
NAMED |= {"DisclosureTriangle", "region", "search", "figure", "heading"}

TEXTS = Path(__file__).with_name("contrast.js").read_text()

FOCUSED = """
const { activeElement: e } = document;
return [e.className || e.id || e.name || e.type || e.tagName, getComputedStyle(e).outlineStyle !== "none"];
"""


def show(browser: Browser, page: str, view: str, *, dark: bool) -> None:
    """Open a view with everything on it that it can have."""
    browser.open(page + view, dark=dark)
    if view == "#plots":
        browser.until_drawn()
    elif view == "#clusters":
        browser.one("#clusters tbody tr")
    else:
        browser.one("details.anomaly > summary").click()
        browser.one(".explained .sentence")


def nodes(browser: Browser) -> list[tuple[str, str, dict[str, Any]]]:
    """Role, name and properties of all that a screen reader is told of."""
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [
        (
            each["role"]["value"],
            each.get("name", {}).get("value", ""),
            {one["name"]: one["value"].get("value") for one in each.get("properties", ())},
        )
        for each in tree
        if not each["ignored"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", ["", "#clusters", "#plots"], ids=["anomalies", "clusters", "plots"])
def test_every_control_has_a_name_and_every_text_contrast(
    browser: Browser, page: str, view: str, dark: bool
) -> None:
    """On each view, in each scheme; no level of headings is skipped."""
    show(browser, page, view, dark=dark)
    told = nodes(browser)
    levels = [properties["level"] for role, _, properties in told if role == "heading"]
    texts = browser.run(TEXTS)
    faint = [
        (text, round(ratio, 2))
        for text, ratio, large in texts
        if ratio < (CONTRAST_LARGE if large else CONTRAST)
    ]

    assert [] == [role for role, name, _ in told if role in NAMED and not name.strip()]
    assert levels[0] == 1
    assert [] == [each for each, before in zip(levels[1:], levels, strict=False) if each > before + 1]
    assert len(texts) > 50
    assert [] == faint


def test_the_keyboard_reaches_what_the_mouse_does(browser: Browser, page: str) -> None:
    """In the order of the page: skip link, tabs, filters, then the anomalies; what is focused can be seen."""
    browser.open(page)
    browser.one("details.anomaly")
    reached = []
    for _ in range(10):
        browser.press_tab()
        reached.append(browser.run(FOCUSED))

    assert [
        "skip",
        "tab-anomalies",
        "q",
        "kind",
        "host",
        "reason",
        "min_score",
        "reset",
        "SUMMARY",
        "SUMMARY",
    ] == [name for name, _ in reached]
    assert all(outlined for _, outlined in reached)
