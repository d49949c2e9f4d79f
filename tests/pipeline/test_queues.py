"""The queue between two threads is bounded by bytes and wakes everybody when it stops."""

from __future__ import annotations

import threading
import time

import pytest

from flavr_core.errors import CancelledError, MediaError
from flavr_core.pipeline.queues import ByteQueue, QueueStoppedError
from flavr_core.pipeline.stages import StageThreads
from flavr_core.progress import CancelToken


def test_items_come_out_in_order_and_end_after_finish() -> None:
    queue: ByteQueue[int] = ByteQueue(max_bytes=1000)
    for item in range(5):
        queue.put(item, nbytes=10)
    queue.finish()
    assert list(queue) == [0, 1, 2, 3, 4]


def test_put_waits_for_room_but_one_item_always_fits() -> None:
    queue: ByteQueue[str] = ByteQueue(max_bytes=10)
    queue.put("larger than the bound", nbytes=50)
    entered = threading.Event()

    def put_second() -> None:
        queue.put("second", nbytes=5)
        entered.set()

    thread = threading.Thread(target=put_second)
    thread.start()
    assert not entered.wait(0.1)
    items = iter(queue)
    assert next(items) == "larger than the bound"
    thread.join(60)
    assert entered.is_set()
    assert queue.waiting_bytes == 5


def test_stop_wakes_a_waiting_getter_and_putter() -> None:
    empty: ByteQueue[int] = ByteQueue(max_bytes=10)
    full: ByteQueue[int] = ByteQueue(max_bytes=10)
    full.put(1, nbytes=10)
    woken = []

    def get() -> None:
        with pytest.raises(QueueStoppedError):
            list(empty)
        woken.append("getter")

    def put() -> None:
        with pytest.raises(QueueStoppedError):
            full.put(2, nbytes=10)
        woken.append("putter")

    threads = [threading.Thread(target=get), threading.Thread(target=put)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    empty.stop()
    full.stop()
    for thread in threads:
        thread.join(60)
    assert sorted(woken) == ["getter", "putter"]


def test_first_failure_stops_the_other_stages_and_is_the_one_raised() -> None:
    queue: ByteQueue[int] = ByteQueue(max_bytes=1)

    def endless() -> None:
        for item in range(10**9):
            queue.put(item, nbytes=1)

    def failing() -> None:
        raise MediaError("broken", "hint")

    with pytest.raises(MediaError, match="broken"):
        StageThreads(CancelToken()).run((("a", endless), ("b", failing)), (queue,), lambda: None)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flavr-")]


def test_cancel_stops_all_stages() -> None:
    queue: ByteQueue[int] = ByteQueue(max_bytes=1)
    token = CancelToken()

    def endless() -> None:
        for item in range(10**9):
            queue.put(item, nbytes=1)

    threading.Timer(0.1, token.cancel).start()
    with pytest.raises(CancelledError):
        StageThreads(token).run((("a", endless),), (queue,), lambda: None)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flavr-")]
