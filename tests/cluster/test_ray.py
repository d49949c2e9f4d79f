"""The same on Ray: a local cluster, the command as a user gives it. `-m ray` runs these."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("ray", reason="needs Ray, an optional extra")
pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

MAIN = Path(__file__).resolve().parents[2] / "main.py"


def convert(clip, output, *extra):
    return [
        sys.executable, str(MAIN), "convert", str(clip), str(output), "--model", "motion", "--device", "cpu",
        "--segment-frames", "24", "--cluster", "local", "--cluster-workers", "2", *extra,
    ]  # fmt: skip


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def workers_of(process):
    """Actors of ours among the processes that the command has started."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if "SegmentWorker" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def wait_for_segment(process, folder):
    give_up_s = time.monotonic() + 300
    while not list(folder.glob("segment-*.mkv")):
        assert process.poll() is None
        assert time.monotonic() < give_up_s
        time.sleep(0.05)


def test_ray_gives_the_same_file(clip, one_machine, tmp_path):
    done = subprocess.run(
        convert(clip, tmp_path / "out.mp4"), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "out.mp4") == one_machine.sha256
    assert "2 workers of a cluster" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_killed_worker_is_replaced_and_a_killed_head_resumes(clip, one_machine, tmp_path):
    output, folder = tmp_path / "out.mp4", tmp_path / "out.mp4.part"
    head = subprocess.Popen(convert(clip, output), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for_segment(head, folder)
    head.send_signal(signal.SIGKILL)
    head.communicate()
    assert not output.exists()
    head = subprocess.Popen(
        convert(clip, output, "--resume"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while head.poll() is None and not workers_of(head):
        time.sleep(0.05)
    for worker in workers_of(head)[:1]:
        worker.kill()
    said = head.communicate(timeout=300)[0]
    assert head.returncode == 0, said
    assert "was lost" in said
    assert digest(output) == one_machine.sha256


def test_ctrl_c_stops_all(clip, tmp_path):
    output, folder = tmp_path / "out.mp4", tmp_path / "out.mp4.part"
    head = subprocess.Popen(convert(clip, output), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for_segment(head, folder)
    workers = workers_of(head)
    assert workers
    head.send_signal(signal.SIGINT)
    head.communicate(timeout=240)
    assert head.returncode == 130
    assert not psutil.wait_procs(workers, timeout=20)[1]
