"""The live page of a running service, used as a person would: by keyboard, on any screen, in both schemes."""

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser
from tests.browser.conftest import asked

PLOTS = ("timeline", "lanes", "scatter", "sizes", "boxes", "logons", "scores", "kdistance")


def test_anomalies_are_listed_by_episode_newest_first(browser: Browser, page: str) -> None:
    """What was published is on the page, in the order of the API, and the console stays silent."""
    browser.open(page)
    browser.one("details.anomaly")
    listed = [each.get_attribute("data-id") for each in browser.all("article.episode")]
    browser.shoot("page-light")

    assert [each["id"] for each in asked(page + "api/episodes?limit=20")["items"]] == listed
    assert "live" == browser.text("#state")
    assert [] == browser.complaints()


def test_an_anomaly_opens_to_its_explanation(browser: Browser, page: str) -> None:
    """Sentence, features actual and typical, nearest exemplar, raw event: by keyboard."""
    browser.open(page)
    browser.one("details.anomaly > summary").send_keys(Keys.ENTER)
    browser.one(".explained .sentence")
    first = browser.one("details.anomaly").get_attribute("data-id")
    record = asked(page + f"api/anomalies/{first}")
    features = browser.texts(".explained table.features tbody th")
    browser.one(".explained details > summary").click()
    browser.shoot("page-explanation")

    assert record["message"] == browser.text(".explained .sentence")
    assert [each["name"] for each in record["anomaly"]["features"]] == features
    assert "EventID" in browser.text("pre.raw") or "event_id" in browser.text("pre.raw")
    assert [] == browser.complaints()


def test_filters_narrow_the_list_to_what_the_api_gives(browser: Browser, page: str) -> None:
    """Search, kind, host and score, typed and chosen as a person would."""
    browser.open(page)
    browser.one("details.anomaly")
    total = len(browser.all("details.anomaly"))
    browser.run("document.querySelector('#filters [name=kind]').focus()")
    browser.one("#filters [name=kind]").send_keys("process")
    browser.one("#filters [name=min_score]").send_keys(*[Keys.ARROW_RIGHT] * 15)
    browser.one("#filters [name=q]").send_keys("exe")
    narrowed = asked(page + "api/episodes?kind=process&min_score=75&q=exe&limit=500")["anomalies"]
    browser.until(lambda: len(browser.all("details.anomaly")) == narrowed, f"{narrowed} anomalies")
    browser.one("#filters [name=q]").send_keys("no such thing")
    hint = browser.one(".missing").text

    assert 0 < narrowed < total
    assert "No anomaly passes this filter." == hint
    assert [] == browser.complaints()


def test_clusters_are_searched_and_sorted(browser: Browser, page: str) -> None:
    """The table is the notebook's view of a cluster: by process name, by size."""
    browser.open(page + "#clusters")
    browser.one("#clusters tbody tr")
    browser.one("#cluster-filters [name=q]").send_keys("conhost.exe")
    wanted = asked(page + "api/clusters?q=conhost.exe&limit=1")["total"]
    until_matching(browser, wanted)
    programs = browser.texts("#clusters tbody td:nth-child(4)")
    browser.one("#clusters th[data-name=size] button").send_keys(Keys.ENTER)
    browser.until(
        lambda: browser.all("#clusters th[data-name=size][aria-sort=ascending]"), "the smallest first"
    )
    smallest = asked(page + "api/clusters?q=conhost.exe&order=asc&limit=1")["items"][0]["size"]
    browser.until(lambda: browser.text("#clusters tbody td") == f"{smallest:,}", "the smallest on top")
    browser.shoot("page-clusters")

    assert {"conhost.exe"} == set(programs)
    assert [] == browser.complaints()


FOCUSED = """
const first = document.querySelector("#clusters td.text summary");
first?.focus();
return first !== null && document.activeElement === first;
"""


def test_clusters_are_found_by_account_and_open_to_the_whole_exemplar(browser: Browser, page: str) -> None:
    """Processes have an account too; a long command line opens by keyboard."""
    browser.open(page + "#clusters")
    browser.one("#cluster-filters [name=kind]").send_keys("process")
    browser.one("#cluster-filters [name=q]").send_keys("birchwood\\ws-")
    wanted = asked(page + "api/clusters?kind=process&q=birchwood%5Cws-&limit=50")
    until_matching(browser, wanted["total"])
    accounts = browser.texts("#clusters tbody td:nth-child(5)")
    browser.until(lambda: browser.run(FOCUSED), "a long command line that takes the focus")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    whole = browser.one("#clusters td.text details[open] summary").text
    browser.one("#clusters th[data-name=account] button").send_keys(Keys.ENTER)
    browser.until(lambda: browser.all("#clusters th[data-name=account][aria-sort=descending]"), "sorted")
    browser.one("#cluster-filters [type=reset]").click()
    until_matching(browser, everything(page))

    assert 0 < wanted["total"] < everything(page)
    assert [each["account"] for each in wanted["items"]] == accounts
    assert whole in [each["text"] for each in wanted["items"]]
    assert [] == browser.complaints()


def until_matching(browser: Browser, rows: int) -> None:
    """Until the table shows what so many rows match: this number, not one that ends like it."""
    browser.until(lambda: browser.text("#said-clusters").endswith(f"; {rows:,} match"), f"{rows} rows")


def everything(page: str) -> int:
    """Rows of the cluster table without a filter."""
    total: int = asked(page + "api/clusters")["total"]
    return total


def test_every_plot_is_drawn_and_can_be_zoomed(browser: Browser, page: str) -> None:
    """None is empty; a drag on the timeline zooms in; the scatter takes any two features."""
    browser.open(page + "#plots")
    browser.until_drawn()
    for plot in PLOTS:
        browser.shoot(f"plot-{plot}", f"#plot-{plot}")
    marks = {
        plot: browser.run(
            "return document.querySelectorAll(arguments[0]).length", f"#plot-{plot} .main-svg path"
        )
        for plot in PLOTS
    }
    buttons = set(
        browser.run("return [...document.querySelectorAll('.modebar-btn')].map((each) => each.dataset.title)")
    )
    range_of = "return document.getElementById('plot-timeline').layout.xaxis.range.map(String)"
    before = browser.run(range_of)
    drag = browser.one("#plot-timeline .nsewdrag")
    width = drag.size["width"]
    mouse = ActionChains(browser.driver, duration=50).move_to_element(drag)
    mouse.click_and_hold().move_by_offset(int(width / 4), 0).release().perform()
    browser.until(lambda: browser.run(range_of) != before, "the timeline to zoom")
    browser.one("figure [name=x]").send_keys("entropy")
    across = "return document.getElementById('plot-scatter').layout.xaxis.title.text"
    browser.until(lambda: browser.run(across) == "entropy", "entropy across")
    browser.shoot("page-plots")

    assert [] == [plot for plot, count in marks.items() if count < 5]
    assert before[0] < browser.run(range_of)[0]
    # Nothing that would send a plot elsewhere.
    assert {"Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"} == buttons
    assert [] == browser.complaints()


def test_the_page_is_whole_on_a_narrow_screen_and_in_the_dark(browser: Browser, page: str) -> None:
    """Nothing is cut off at 360 pixels; the dark scheme is dark."""
    browser.open(page, width=360, height=740, dark=True)
    browser.one("details.anomaly > summary").click()
    browser.one(".explained .sentence")
    browser.shoot("page-narrow-dark")
    overflow = browser.run("return document.documentElement.scrollWidth - innerWidth")
    background = browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.open(page + "#plots", dark=True)
    browser.until_drawn()
    browser.shoot("page-plots-dark")

    assert 0 == overflow
    assert "rgb(15, 22, 32)" == background
    assert [] == browser.complaints()


def test_tabs_are_reached_by_keyboard_and_named_for_readers(browser: Browser, page: str) -> None:
    """Arrow keys move between tabs; each panel is labelled by its tab; slash goes to the search field."""
    browser.open(page)
    browser.one("#tab-anomalies").send_keys(Keys.ARROW_RIGHT)
    chosen = browser.driver.switch_to.active_element.get_attribute("id")
    panel = browser.one("#view-clusters")
    browser.driver.switch_to.active_element.send_keys("/")
    focused = browser.driver.switch_to.active_element

    assert ("tab-clusters", True) == (chosen, panel.is_displayed())
    assert ("Clusters", "q") == (panel.accessible_name.split()[0], focused.get_attribute("name"))
