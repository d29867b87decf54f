"""What goes wrong with topics and offsets, and what the service makes of it."""

from collections.abc import Callable, Iterable

import pytest

from processor.pipeline import Pipeline, Scored
from tests.kafka.services import Given, Service, Topics
from tests.kafka.streams import SECTIONS, stream

MakeTopics = Callable[[int], Topics]
MakeService = Callable[..., Service]


def judged(service: Service, records: Iterable[tuple[int, Given]]) -> list[bytes]:
    """What one undisturbed pipeline publishes of these (offset, record) of partition 0."""
    pipeline = Pipeline(service.settings.pipeline(), service.topics.events, 0)
    outcomes = [pipeline.process(each.value, offset, each.timestamp) for offset, each in records]
    published = [each.published for each in outcomes if isinstance(each, Scored)]
    return [each.value for each in published if each is not None]


@pytest.fixture
def stopped(make_topics: MakeTopics, make_service: MakeService) -> Service:
    """A service that judged 300 records of one partition and was stopped."""
    topics = make_topics(1)
    topics.write(0, stream(5, 300, 0))
    soon = {"properties": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}}
    service = make_service(topics, sections=SECTIONS, kafka=soon).start()
    service.wait(topics.all_committed, "everything committed")
    service.stop()
    return service


def test_offsets_that_an_operator_moved_back_are_judged_again_with_equal_ids(stopped: Service) -> None:
    """The model is the one of that position: byte for byte the same anomalies once more."""
    topics = stopped.topics
    records = list(enumerate(topics.written[0]))
    topics.reset(0, 120)
    stopped.start()
    stopped.wait(lambda: topics.committed() == {0: 300}, "judged again")

    once = judged(stopped, records)
    again = once[len(judged(stopped, records[:120])) :]
    assert once + again == topics.published()[0]
    assert "no bookmark beside the offset" in stopped.log
    assert len(again) > 3


def test_offsets_beyond_the_logs_end_are_taken_back_to_it(stopped: Service) -> None:
    """As after a broker lost data: said so, nothing is skipped, nothing judged twice."""
    topics = stopped.topics
    topics.reset(0, 1000)
    stopped.start()
    stopped.wait(stopped.is_ready, "ready")
    topics.write(0, stream(5, 400, 0)[300:])
    stopped.wait(topics.all_committed, "everything committed")

    assert judged(stopped, enumerate(topics.written[0])) == topics.published()[0]
    assert "is beyond the log's end 300: live from there" in stopped.log


def test_records_deleted_before_they_were_read_are_passed(stopped: Service) -> None:
    """Said so, and what follows is judged by the model that state kept."""
    topics = stopped.topics
    later = stream(5, 500, 0)[300:]
    topics.write(0, later)
    topics.trim(0, 380)
    stopped.start()
    stopped.wait(topics.all_committed, "everything committed")

    read = [each for each in enumerate(topics.written[0]) if not 300 <= each[0] < 380]
    assert judged(stopped, read) == topics.published()[0]
    assert "were deleted before they were read" in stopped.log


def test_a_log_that_is_shorter_than_the_window_is_told_where_there_is_no_state(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """What is retained is learned; the warning counts what is missing."""
    topics = make_topics(1)
    topics.write(0, stream(6, 200, 0))
    service = make_service(topics, kafka={"state_topic": f"{topics.state}-none"}, sections=SECTIONS).start()
    service.wait(topics.all_committed, "everything committed")
    service.kill()
    topics.trim(0, 150)
    service.start()
    service.wait(
        lambda: service.metric("eventcluster_restores_total", **{"from": "log"}) == 1, "restored from the log"
    )

    assert '"missing": 150' in service.log
    assert "the log no longer holds the whole window" in service.log


def test_a_topic_deleted_and_made_again_is_another_topic(stopped: Service) -> None:
    """A consumer goes on in it at the old offset: the service ends instead, and begins with all of it."""
    topics = stopped.topics
    stopped.start()
    topics.write(0, stream(5, 320, 0)[300:])
    stopped.wait(topics.all_committed, "everything committed")
    before = len(topics.published()[0])
    topics.recreate()
    topics.write(0, stream(7, 500, 0))
    code = stopped.ended()
    told = stopped.log
    wanted = judged(stopped, enumerate(topics.written[0]))
    stopped.start()
    stopped.wait(lambda: len(wanted) <= len(topics.published()[0]) - before, "all of the new topic judged")

    assert wanted == topics.published()[0][before:]
    assert (1, True, False) == (code, topics.events in told.splitlines()[-1], "Traceback" in told), told
    assert "it is of another topic of that name" in stopped.log
