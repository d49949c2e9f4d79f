"""Workers in processes of their own, killed as a system without memory kills; no library for clusters."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from flavr_core.progress import SilentReporter

pytestmark = pytest.mark.slow


@pytest.fixture
def process_workers(monkeypatch):
    """The module beside this one, under a name that a spawned process can import too."""
    folder = Path(__file__).parent
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.find_spec("process_workers")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "process_workers", module)
    spec.loader.exec_module(module)
    return module


def test_a_killed_process_changes_nothing(kit, clip, one_machine, tmp_path, process_workers):
    class KilledOnce(process_workers.ProcessWorkers):
        def start(self, ticket):
            worker = super().start(ticket)
            begin, poll = worker.begin, worker.poll
            busy = []

            def watched_poll():
                said = poll()
                if busy and worker is self.started[0]:
                    worker.kill()
                return said

            def watched_begin(order):
                begin(order)
                busy.append(order)

            worker.begin, worker.poll = watched_begin, watched_poll
            return worker

    reporter, workers = SilentReporter(), KilledOnce(2)
    report = kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), workers, reporter)
    assert report.sha256 == one_machine.sha256
    assert len(workers.started) == 3
    assert any("was lost" in note for note in reporter.notes)
    assert list(tmp_path.iterdir()) == [tmp_path / "out.mp4"]
