"""Deinterlacing by libav's bwdif: one full frame for each interlaced one, at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.error import EOFError as AvEOFError
from av.filter import Graph

from flavr_core.media.layouts import layout_of, pixel_format_name

LEAD_IN = 2
"""Frames before a wanted one that must be fed for it to come out as in one run from the start."""


class Deinterlacer:
    """Feeds pictures through bwdif and hands them back with their numbers.

    Pictures that carry no interlaced flag pass untouched.
    """

    def __init__(self, picture: av.VideoFrame) -> None:
        name = picture.format.name
        graph = Graph()
        source = graph.add(
            "buffer",
            f"video_size={picture.width}x{picture.height}:pix_fmt={name}:time_base=1/1000000:pixel_aspect=1/1"
            f":colorspace={int(picture.colorspace)}:range={int(picture.color_range)}",
        )
        chain = [source]
        if not _is_planar(name):
            chain.append(graph.add("format", pix_fmts=pixel_format_name(layout_of(name).format)))
        chain.append(graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"))
        chain.append(graph.add("buffersink"))
        graph.link_nodes(*chain).configure()
        self._graph = graph
        self._numbers: deque[int | None] = deque()
        self._clock = 0

    def push(self, number: int | None, picture: av.VideoFrame) -> list[tuple[int | None, av.VideoFrame]]:
        """Feed one picture; returns those that are finished."""
        self._numbers.append(number)
        picture.pts, picture.time_base = self._clock, Fraction(1, 1_000_000)
        self._clock += 1000
        self._graph.vpush(picture)
        return self._pull()

    def flush(self) -> list[tuple[int | None, av.VideoFrame]]:
        """The pictures that waited for a successor."""
        self._graph.vpush(None)
        return self._pull()

    def _pull(self) -> list[tuple[int | None, av.VideoFrame]]:
        finished = []
        while self._numbers:
            try:
                picture = self._graph.vpull()
            except (BlockingIOError, AvEOFError):
                break
            finished.append((self._numbers.popleft(), picture))
        return finished


def _is_planar(name: str) -> bool:
    layout = layout_of(name)
    return name.startswith("yuvj") or name == pixel_format_name(layout.format)


def deinterlace(
    pictures: Iterable[tuple[int | None, av.VideoFrame]],
) -> Iterator[tuple[int | None, av.VideoFrame]]:
    """All pictures of a run, deinterlaced, with their numbers."""
    filter_: Deinterlacer | None = None
    for number, picture in pictures:
        if filter_ is None:
            filter_ = Deinterlacer(picture)
        yield from filter_.push(number, picture)
    if filter_ is not None:
        yield from filter_.flush()
