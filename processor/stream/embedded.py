"""librdkafka's broker in this process: Kafka's protocol without an installation, for demo and smoke tests.

It keeps 5 MiB or 100,000 records a partition in memory, has no transactions worth the name, and creates each
topic with 4 partitions as soon as somebody asks for it.
"""

from typing import Final

from confluent_kafka import Producer

from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import AT_LEAST_ONCE

PARTITIONS: Final = 4


class EmbeddedCluster:
    """A mock cluster that lives until `close`; clients, also of other processes, connect to `address`."""

    def __init__(self) -> None:
        self._host = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._host.list_topics(timeout=10).brokers.values()
        self.address = ",".join(f"{each.host}:{each.port}" for each in brokers)

    def settings(self, group_id: str, instance: str) -> KafkaSettings:
        """How to connect to it; cooperative rebalances repeat records here, those of KIP-848 do not."""
        return KafkaSettings(
            bootstrap_servers=self.address,
            group_id=group_id,
            instance=instance,
            group_protocol="consumer",
            delivery=AT_LEAST_ONCE,
            transaction_timeout=10_000,
            administers=False,
        )

    def close(self) -> None:
        """End the cluster; what it held is gone."""
        self._host.close()
