"""The page's API: what it answers, what it refuses, who may ask."""

from typing import Any

import jsonschema
import msgspec
import pytest

from processor.picture.picture import NOISE, Picture, Row
from processor.status import Board, Recent, Status
from processor.web.app import page
from processor.web.feed import Feed
from processor.web.summaries import Filter, listed
from tests.support.anomalies import published, record
from tests.support.asgi import Client

TOKEN = "a-token-of-32-visible-characters"  # noqa: S105 - of this test alone


def rows() -> tuple[Row, ...]:
    """Two clusters and a noise vector."""
    return (
        Row("a", "process", "web", "web-1", 4, 90, 3, "cmd.exe", "CORP\\svc", "cmd.exe /c dir", 1_000, 9_000),
        Row("b", "logon", "db", "db-1", 7, 12, 1, "", "CORP\\dba", "CORP\\dba from 10.0.0.9", 2_000, 8_000),
        Row("c", "process", "db", "db-1", NOISE, 1, 1, "nc.exe", "", "nc.exe -e cmd.exe", 3_000, 3_000),
    )


def client(count: int = 45, *, token: str = "", loopback: bool = True, host: str = "localhost") -> Client:
    """A client of the page over `count` anomalies."""
    recent = Recent()
    recent.add(published(number, host=f"web-{number // 20}") for number in range(count))
    board = Board()
    board.current = Status(
        state="live",
        anomalies=recent.current,
        anomalies_seen=recent.seen,
        picture=Picture(stream_time=9_000, rows=rows(), clusters=2, noise=1),
    )
    app = page(board, token, loopback=loopback)
    return Client(app, f"{host}:8080")


def test_status_tells_state_counts_and_whether_there_is_a_picture() -> None:
    """One screen of numbers, unknown ones null."""
    told = client().get("/api/status").json()

    assert ("live", 45, 9_000, None) == (
        told["state"],
        told["anomalies"]["seen"],
        told["picture"]["stream_time"],
        told["lag_records"],
    )


def test_pages_of_anomalies_hold_each_once_newest_first() -> None:
    """`next` leads to the following page until it is null."""
    asked = client()
    seen: list[int] = []
    before: int | None = None
    while before is not None or not seen:
        query = {"limit": "20"} | ({} if before is None else {"before": str(before)})
        page = asked.get("/api/anomalies", params=query).json()
        seen += [each["number"] for each in page["items"]]
        before = page["next"]

    assert list(range(44, -1, -1)) == seen


def test_episodes_hold_their_anomalies_and_the_highest_score() -> None:
    """Grouped by episode id, the one with the newest anomaly first; of a long one the newest ten."""
    page = client().get("/api/episodes").json()
    told = [
        (each["passed"], each["max_score"], each["scope"], [one["number"] for one in each["anomalies"]])
        for each in page["items"]
    ]

    assert (3, 45) == (page["total"], page["anomalies"])
    assert [
        (5, 44, "web-2", list(range(44, 39, -1))),
        (20, 39, "web-1", list(range(39, 29, -1))),
        (20, 19, "web-0", list(range(19, 9, -1))),
    ] == told


def test_a_filter_leaves_an_episodes_own_numbers_as_they_are() -> None:
    """What passed is listed; count and highest score are the whole episode's."""
    [page] = client().get("/api/episodes", params={"q": "number 3 ".strip(), "host": "web-0"}).json()["items"]

    assert (20, 19, 1, [3]) == (
        page["count"],
        page["max_score"],
        page["passed"],
        [one["number"] for one in page["anomalies"]],
    )


def test_episodes_stay_known_while_any_of_their_anomalies_is_kept() -> None:
    """The oldest go; an episode keeps its numbers until its last anomaly has gone."""
    recent = Recent(limit=30)
    feed = Feed()
    for number in range(60):
        recent.add([published(number, host=f"web-{number // 20}")])
        feed.of(Status(anomalies=recent.current, anomalies_seen=recent.seen))
    told = [group.told(50) for group in feed.book.all()]

    assert [("web-2", 20, 20), ("web-1", 20, 10)] == [(each.scope, each.count, each.passed) for each in told]
    assert list(range(59, 29, -1)) == [one.number for each in told for one in each.anomalies]
    assert list(range(59, 29, -1)) == [each.summary.number for each in feed.newest_first]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"q": "--NUMBER 4"}, 6),
        ({"host": "web-1"}, 20),
        ({"min_score": "40"}, 5),
        ({"kind": "logon"}, 0),
        ({"reason": "outside_clusters"}, 45),
        ({"q": "tool", "host": "web-2", "min_score": "43"}, 2),
    ],
)
def test_anomalies_are_filtered(query: dict[str, str], count: int) -> None:
    """By text, host, score, kind and reason, all of them together."""
    assert count == client().get("/api/anomalies", params=query).json()["total"]


def test_an_anomaly_is_given_as_it_was_published() -> None:
    """Byte for byte the record's value; an unknown id is 404."""
    asked = client()

    assert record(3, host="web-0") == asked.get(f"/api/anomalies/{3:032x}").json()
    assert 404 == asked.get("/api/anomalies/none").status_code
    assert 400 == asked.get(f"/api/anomalies/{3:032x}?limit=1").status_code
    assert asked.get(f"/api/anomalies/{3:032x}").headers["etag"]


def test_a_long_command_line_hides_no_name() -> None:
    """The account is found beside a command line of any length; the host, whatever the scope is."""
    value = record(command_line="tool.exe " + "A" * 8_000)
    value["anomaly"]["scope"] = "CORP"
    found = listed(0, msgspec.json.encode(value))

    assert [found] == Filter(q="corp\\svc", host="WEB-1").of([found])
    assert [found] == Filter(q="s-1-5-21-1", host="corp").of([found])


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ({}, ["a", "b", "c"]),
        ({"sort": "host", "order": "asc"}, ["b", "c", "a"]),
        ({"host": "web-1"}, ["a"]),
        ({"sort": "first", "order": "desc"}, ["c", "b", "a"]),
        ({"q": "cmd"}, ["a", "c"]),
        ({"q": "DBA"}, ["b"]),
        ({"show": "noise"}, ["c"]),
        ({"show": "clusters", "kind": "process"}, ["a"]),
        ({"host": "db", "limit": "1", "offset": "1"}, ["c"]),
    ],
)
def test_clusters_are_searched_sorted_and_paged(query: dict[str, str], keys: list[str]) -> None:
    """The cluster table: by process name or account, any column, clusters or noise."""
    assert keys == [row["key"] for row in client().get("/api/clusters", params=query).json()["items"]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "kind=file",
        "min_score=-1",
        "colour=red",
        f"q={'x' * 201}",
        "before=1e9",
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_in_words(query: str) -> None:
    """400 with what would be right; a misspelt filter is no empty filter."""
    answer = client().get(f"/api/anomalies?{query}")

    assert (400, True) == (answer.status_code, len(answer.json()["error"]) > 10)


def test_an_unchanged_answer_is_not_sent_again() -> None:
    """ETag and 304; compressed where the client takes it."""
    asked = client()
    first = asked.get("/api/episodes", headers={"accept-encoding": "gzip"})
    again = asked.get("/api/episodes", headers={"if-none-match": first.headers["etag"]})

    assert ("gzip", 304, b"") == (first.headers["content-encoding"], again.status_code, again.content)


def test_every_answer_carries_the_policy_and_no_cookie() -> None:
    """No inline script or style, no frame, nothing from elsewhere, whatever the path and the outcome."""
    asked = client()
    answers = [
        asked.get(path) for path in ("/", "/static/app.js", "/api/status", "/none", "/api/anomalies?x=1")
    ]
    policies = {answer.headers["content-security-policy"] for answer in answers}

    assert 1 == len(policies)
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policies.pop()
    assert {"nosniff"} == {answer.headers["x-content-type-options"] for answer in answers}
    assert [] == [answer for answer in answers if "set-cookie" in answer.headers]
    assert "<script>" not in answers[0].text


def test_nothing_but_reading_is_answered() -> None:
    """Read-only: other methods are refused, as the document says."""
    responses = client().get("/api/openapi.json").json()["paths"]["/api/status"]["get"]["responses"]

    assert "405" in responses
    assert [405] * 3 == [
        client().request(method, "/api/status").status_code for method in ("POST", "PUT", "DELETE")
    ]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
def test_page_and_api_ask_for_the_token(header: dict[str, str], status: int) -> None:
    """401 without it; the page's own files, which hold no data, are open."""
    asked = client(token=TOKEN, loopback=False, host="siem.example.org")
    answers = [
        asked.get(path, headers=header).status_code for path in ("/", "/api/status", "/api/openapi.json")
    ]

    assert [status] * 3 == answers
    assert 200 == asked.get("/static/style.css").status_code


def test_without_a_token_other_machines_are_shown_nothing() -> None:
    """Open to the network and no token: closed, and told what to set."""
    answer = client(loopback=False, host="siem.example.org").get("/")

    assert (403, True) == (answer.status_code, "web.token" in answer.text)


def test_a_name_that_was_pointed_at_this_machine_is_not_answered() -> None:
    """DNS rebinding: on loopback only its own names are."""
    hosts = ("localhost", "127.0.0.1", "[::1]", "evil.example.org")

    assert [200, 200, 200, 403] == [client(host=host).get("/api/status").status_code for host in hosts]


def test_the_api_is_described_as_it_is() -> None:
    """Each documented path answers what is documented, with each documented parameter."""
    asked = client()
    document: dict[str, Any] = asked.get("/api/openapi.json").json()
    samples = {"kind": "process", "reason": "rare_cluster", "show": "noise", "sort": "size", "order": "asc"}
    wrong = []
    for path, methods in document["paths"].items():
        parameters = methods["get"]["parameters"]
        query = {each["name"]: samples.get(each["name"], "1") for each in parameters if each["in"] == "query"}
        for each in parameters:
            if each["in"] == "query":
                sample = query[each["name"]]
                jsonschema.validate(
                    int(sample) if each["schema"]["type"] == "integer" else sample, each["schema"]
                )
        answer = asked.get(path.replace("{id}", f"{3:032x}"), params=query)
        if answer.status_code != 200:
            wrong.append((path, answer.text))
        shape = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for told in (answer.json(), asked.get(path.replace("{id}", f"{3:032x}")).json()):
            jsonschema.validate(told, {**shape, "components": document["components"]})

    assert ("3.1.0", []) == (document["openapi"], wrong)


@pytest.mark.parametrize("path", ["anomalies", "episodes", "clusters", "status", "plots"])
@pytest.mark.parametrize(
    "query",
    [
        *(
            "limit=--5",
            "limit=-",
            "limit=+5",
            "limit=1e3",
            "limit=%C2%B2",
            "limit=٣",
            "limit=5_0",
            "limit= 5",
        ),
        *(
            "offset=-1",
            f"offset={'9' * 5_000}",
            f"offset={'0' * 25}999999999",
            "offset=1000001",
            "offset=0x1",
        ),
        *("before=-1", f"before={'9' * 30}", "min_score=101", "min_score=٣", f"host={'x' * 201}"),
        *("kind=%00", "sort=__class__", "order=DESC", "show=1", "q[]=1", "%FF=1", "=", "limit=5&limit=zwei"),
    ],
)
def test_odd_values_are_refused_and_never_fail(path: str, query: str) -> None:
    """400 and a short sentence, however odd the parameter or its value."""
    answer = client().get(f"/api/{path}?{query}")

    assert (400, True) == (answer.status_code, 10 < len(answer.json()["error"]) < 300)


@pytest.mark.parametrize(
    "query",
    [
        "q=%FF%FE",
        "q=%00",
        "q=\U0001f600",
        "host=%F0%9F%98%80",
        f"q={'%C3%A9' * 200}",
        "q=",
        "limit=",
        "q=<b>",
    ],
)
def test_odd_text_is_searched_for_as_text(query: str) -> None:
    """Any text of at most 200 characters may be searched for."""
    assert 200 == client().get(f"/api/episodes?{query}").status_code


@pytest.mark.parametrize(
    "path", ["/api/anomalies/%00", f"/api/anomalies/{'x' * 5_000}", "/static/..%2fapp.py", "/é"]
)
def test_odd_paths_are_not_found(path: str) -> None:
    """404 in words, nothing of the file system."""
    assert 404 == client().get(path).status_code
