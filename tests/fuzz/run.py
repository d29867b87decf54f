"""Coverage-guided fuzzing of bytes -> outcome: `python -m tests.fuzz.run CORPUS... [libFuzzer's options]`."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["processor"]):
    from processor.errors import InvalidEvent
    from processor.events.event import Event
    from tests.fuzz import target

# A pipeline is begun anew after so many records: an input shall fail by itself, not by a long history.
RECORDS = 2_000


class Run:
    """One fuzzing run: the pipeline, the decoder, and what came out so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records = list(target.golden_records())
        self.counts: Counter[str] = Counter()
        self.offset = 0
        self.decoder = target.own_decoder()
        self.pipeline = target.fresh_pipeline(folder)

    def one_input(self, data: bytes) -> None:
        """Three ways to a record: the bytes, a golden record spoiled at one place, the bytes put into one."""
        choice = atheris.FuzzedDataProvider(data)
        way = choice.ConsumeIntInRange(0, 2)
        if way == 0:
            value = choice.ConsumeBytes(len(data))
        else:
            record = self.records[choice.ConsumeIntInRange(0, len(self.records) - 1)]
            place, hostile = choice.ConsumeIntInRange(0, 255), choice.ConsumeIntInRange(0, 255)
            value = target.spoiled(record, place, hostile)
            if way == 2:
                at = choice.ConsumeIntInRange(0, len(value))
                value = (
                    value[:at] + choice.ConsumeBytes(len(data)) + value[at + choice.ConsumeIntInRange(0, 3) :]
                )
        self.check(value)

    def check(self, value: bytes) -> None:
        """The record through the decoder with an own source, and through the pipeline."""
        target.check_decoder(self.decode, value)
        if self.offset % RECORDS == 0:
            self.pipeline = target.fresh_pipeline(self.folder)
        target.check_pipeline(self.pipeline, value, self.offset, self.counts)
        self.offset += 1
        if sum(self.counts.values()) != self.offset:
            raise target.Broken(f"{self.counts} do not add up to {self.offset}")

    def decode(self, value: bytes) -> Event | None:
        """An event or None; a rejected record is as good as none here."""
        try:
            return self.decoder.decode(value)
        except InvalidEvent:
            return None


def main() -> None:
    """Never returns: libFuzzer ends the process, with 0 where nothing was found."""
    folder = tempfile.mkdtemp()
    run = Run(Path(folder))
    atheris.Setup(sys.argv, run.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
