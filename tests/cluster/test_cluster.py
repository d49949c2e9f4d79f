"""What a cluster gives is what one machine gives, whatever happens to its workers."""

from __future__ import annotations

import importlib.util
import socket
import threading
import time
from dataclasses import replace

import pytest

from flavr_core.cli import main
from flavr_core.cluster.messages import Closed, Failed, Piece, Ready
from flavr_core.cluster.ray_workers import check_address
from flavr_core.cluster.schedule import MOST_ATTEMPTS
from flavr_core.errors import CancelledError, DeviceError, MediaError, SettingsError
from flavr_core.pipeline import prepare, run_job
from flavr_core.pipeline.journal import work_folder
from flavr_core.progress import CancelToken, SilentReporter


@pytest.fixture
def far_worker(kit, tmp_path):
    """A worker that does not see the folder of the unfinished render."""

    class FarWorker(kit.NearWorker):
        def begin(self, order):
            super().begin(replace(order, folder=tmp_path / "elsewhere"))

    return FarWorker


def test_a_shared_folder_gives_the_same_file(kit, clip, one_machine, tmp_path):
    workers = kit.NearWorkers(2)
    report = kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), workers)
    assert report.sha256 == one_machine.sha256
    assert (report.made, report.held, report.frames) == (
        one_machine.made,
        one_machine.held,
        one_machine.frames,
    )
    assert all(worker.orders for worker in workers.started)
    assert "2 workers" in report.engine
    assert list(tmp_path.iterdir()) == [tmp_path / "out.mp4"]


def test_files_that_are_sent_give_the_same_file(kit, clip, one_machine, tmp_path, far_worker, monkeypatch):
    monkeypatch.setattr("flavr_core.cluster.worker.PIECE_BYTES", 5000)
    seen = []

    class Watched(far_worker):
        def poll(self):
            said = super().poll()
            seen.extend(message for message in said if isinstance(message, Piece))
            assert sum(isinstance(message, Piece) for message in said) <= 1
            return said

    report = kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), kit.NearWorkers(2, Watched))
    assert report.sha256 == one_machine.sha256
    assert len(seen) > report.frames // 24
    assert list(tmp_path.iterdir()) == [tmp_path / "out.mp4"]


def test_a_lost_worker_is_replaced(kit, clip, one_machine, tmp_path):
    class LostInItsFirstOrder(kit.NearWorker):
        def begin(self, order):
            super().begin(order)
            self.is_lost = self.name in ("worker 0", "worker 1")

    reporter, workers = SilentReporter(), kit.NearWorkers(2, LostInItsFirstOrder)
    report = kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), workers, reporter)
    assert report.sha256 == one_machine.sha256
    assert len(workers.started) == 4
    assert sum("was lost" in note for note in reporter.notes) == 2


def test_damaged_pieces_are_asked_for_again(kit, clip, one_machine, tmp_path, far_worker):
    class DamagedOnce(far_worker):
        damaged = False

        def poll(self):
            said = super().poll()
            for place, message in enumerate(said):
                if isinstance(message, Piece) and not DamagedOnce.damaged:
                    DamagedOnce.damaged = True
                    said[place] = replace(message, data=b"?" + message.data[1:])
            return said

    report = kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), kit.NearWorkers(1, DamagedOnce))
    assert DamagedOnce.damaged
    assert report.sha256 == one_machine.sha256


def test_what_always_fails_is_told_and_the_rest_kept_for_one_machine(kit, clip, one_machine, tmp_path):
    class Failing(kit.NearWorker):
        tries = 0

        def begin(self, order):
            if any(segment.index == 3 for segment in order.segments):
                Failing.tries += 1
                self.orders.append(order)
            else:
                super().begin(order)

        def poll(self):
            if self.orders and any(segment.index == 3 for segment in self.orders[-1].segments):
                self.orders.append(replace(self.orders[-1], segments=()))
                return [Failed(error=MediaError("Frame 40 is damaged."))]
            return super().poll()

    settings = kit.settings_for(clip, tmp_path / "out.mp4")
    with pytest.raises(MediaError, match="Frame 40 is damaged"):
        kit.on_cluster(settings, kit.NearWorkers(1, Failing))
    assert Failing.tries == MOST_ATTEMPTS
    folder = work_folder(settings.output)
    assert sorted(path.name for path in folder.glob("*.mkv")) == [f"segment-0000{n}.mkv" for n in range(3)]
    assert not list(folder.glob("worker-*"))
    job = prepare(replace(settings, resume=True), reporter=SilentReporter(), token=CancelToken())
    report = run_job(job, SilentReporter(), CancelToken())
    assert report.sha256 == one_machine.sha256
    assert report.resumed_frames == sum(len(segment) for segment in job.segments[:3])


def test_a_cancelled_render_stops_at_once_and_goes_on_later(kit, clip, one_machine, tmp_path):
    token = CancelToken()

    class CancelledInTheMiddle(kit.NearWorker):
        def poll(self):
            said = super().poll()
            if any(isinstance(message, Closed) and message.index >= 1 for message in said):
                threading.Timer(0.05, token.cancel).start()
            return said

    settings = kit.settings_for(clip, tmp_path / "out.mp4")
    with pytest.raises(CancelledError):
        kit.on_cluster(settings, kit.NearWorkers(1, CancelledInTheMiddle), token=token)
    assert not settings.output.exists()
    report = kit.on_cluster(replace(settings, resume=True), kit.NearWorkers(2))
    assert report.sha256 == one_machine.sha256
    assert report.resumed_frames > 0


def test_a_worker_without_the_clip_says_so(kit, clip, tmp_path):
    class OtherMachine(kit.NearWorker):
        def __init__(self, ticket, number):
            other = replace(ticket.info, path=tmp_path / "nowhere" / "clip.mp4")
            super().__init__(replace(ticket, info=other), number)

    with pytest.raises(MediaError, match="cannot be read on this machine of the cluster") as caught:
        kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), kit.NearWorkers(2, OtherMachine))
    assert "share" in caught.value.hint


def test_another_clip_of_the_same_name_is_noticed(kit, clip, tmp_path):
    class OtherClip(kit.NearWorker):
        def __init__(self, ticket, number):
            super().__init__(replace(ticket, source_mark="another"), number)

    with pytest.raises(MediaError, match="is another file on this machine"):
        kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), kit.NearWorkers(1, OtherClip))


def test_workers_that_draw_otherwise_are_not_used(kit, clip, one_machine, tmp_path):
    class Odd(kit.NearWorker):
        def poll(self):
            said = super().poll()
            if self.name != "worker 1":
                return said
            return [replace(m, identity="motion on an abacus") if isinstance(m, Ready) else m for m in said]

    reporter, workers = SilentReporter(), kit.NearWorkers(3, Odd)
    report = kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), workers, reporter)
    assert report.sha256 == one_machine.sha256
    assert not workers.started[1].orders
    assert any("motion on an abacus" in note for note in reporter.notes)


def test_another_version_of_the_program_is_not_used(kit, clip, tmp_path):
    class Old(kit.NearWorker):
        def poll(self):
            said = super().poll()
            return [replace(m, program="FLAVR Studio 0.0.1") if isinstance(m, Ready) else m for m in said]

    with pytest.raises(DeviceError, match=r"is another: FLAVR Studio 0\.0\.1"):
        kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), kit.NearWorkers(1, Old))


def test_workers_that_are_lost_again_and_again_end_it(kit, clip, tmp_path):
    class Hopeless(kit.NearWorker):
        def poll(self):
            raise_after = [message for message in super().poll() if isinstance(message, Ready)]
            self.is_lost = self.is_lost or bool(raise_after)
            return super().poll()

    workers = kit.NearWorkers(1, Hopeless)
    with pytest.raises(DeviceError, match="No worker of the cluster is left"):
        kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), workers)
    assert len(workers.started) == 4


def test_the_messages_of_a_worker_wait_for_their_reader(kit, clip, tmp_path, far_worker, monkeypatch):
    monkeypatch.setattr("flavr_core.cluster.worker.PIECE_BYTES", 2000)
    workers = kit.NearWorkers(1, far_worker)
    most = 0

    class Slow(far_worker):
        def poll(self):
            nonlocal most
            with self.worker._changed:
                most = max(most, sum(isinstance(message, Piece) for message in self.worker._messages))
            time.sleep(0.001)
            return super().poll()

    workers.make = Slow
    kit.on_cluster(kit.settings_for(clip, tmp_path / "out.mp4"), workers)
    assert 1 <= most <= 2


def test_without_ray_one_sentence_says_what_to_do(clip, tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else found(name, *rest)
    )
    assert main(["convert", str(clip), str(tmp_path / "out.mp4"), "--cluster", "local"]) == 2
    said = capsys.readouterr().err
    assert "Ray, which --cluster needs, is not installed." in said
    assert "pip install 'flavr-studio[cluster]'" in said


def test_addresses_are_looked_at_before_ray_is_asked():
    check_address("auto")
    check_address("local")
    with pytest.raises(SettingsError, match="'nowhere' is not where a cluster can be"):
        check_address("nowhere")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check_address(f"ray://127.0.0.1:{port}")
    with pytest.raises(DeviceError, match=f"127.0.0.1:{port}' cannot be reached"):
        check_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cluster-workers", "2"], "--cluster-workers is for a cluster."),
        (["--cluster", "local", "--cluster-workers", "0"], "A cluster needs at least one worker."),
    ],
)
def test_wrong_arguments_are_told(clip, tmp_path, capsys, arguments, words):
    assert main(["convert", str(clip), str(tmp_path / "out.mp4"), *arguments]) == 2
    assert words in capsys.readouterr().err
