"""Compiled or not, the clusterer is one program: what one form pickled, the other goes on with."""

import os
import pickle
import random
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from processor import SlidingDBSCAN

ROOT = Path(__file__).resolve().parents[3]
CONTINUE = """
import pickle, sys
import tests.support.plain
from processor.clustering import engine
assert engine.__file__.endswith(".py")
model, events = pickle.load(sys.stdin.buffer)
answers = []
for x in events:
    model.learn_one(x)
    answers.append(model.predict_one(x))
sys.stdout.buffer.write(pickle.dumps((model, answers)))
"""


def asked(model: SlidingDBSCAN, x: dict[Hashable, Any]) -> int:
    """The cluster of an event once it is learned."""
    model.learn_one(x)
    return model.predict_one(x)


def test_a_model_of_one_form_goes_on_in_the_other_and_back() -> None:
    """Learned here, pickled, continued by the plain form, pickled, continued here: as if never moved."""
    generator = random.Random(5)  # noqa: S311 - test data
    events: list[dict[Hashable, Any]] = [
        {i: round(generator.choice((0.0, 4.0)) + generator.gauss(0, 0.4), 1) for i in range(3)}
        for _ in range(1200)
    ]
    model, same = SlidingDBSCAN(window=500), SlidingDBSCAN(window=500)
    for x in events[:600]:
        model.learn_one(x)
    told = [asked(same, x) for x in events]

    done = subprocess.run(
        [sys.executable, "-c", CONTINUE],
        input=pickle.dumps((model, events[600:900])),
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env=os.environ | {"EVENTCLUSTER_PLAIN": "1"},
    )
    moved, answers = pickle.loads(done.stdout)  # noqa: S301 - our own bytes

    assert told[600:900] == answers
    assert told[900:] == [asked(moved, x) for x in events[900:]]
    assert same.labels == moved.labels
