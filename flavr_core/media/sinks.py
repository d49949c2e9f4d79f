"""Segments: stretches of consecutive output frames, each a closed file of its own.

A segment is a Matroska file whose timestamps are frame numbers, one millisecond each, because Matroska
cannot hold times exactly; the plan knows when each frame is shown, and `assemble` writes that. Every segment
has a fresh encoder that was given the exact times, counted from the segment's first frame.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream

from flavr_core.color import Siting
from flavr_core.frame import Frame
from flavr_core.media.encoding import EncodingPlan
from flavr_core.media.fitting import Fitter, range_code
from flavr_core.media.writing import discard, open_output, output_errors

SEGMENT_TICK = Fraction(1, 1000)
"""Seconds a frame number counts for in a segment file."""
_DTS_BELOW = 1 << 10
"""By how much decoding times lie below frame numbers in a segment, more than any encoder's delay."""


class FrameSink:
    """Writes one segment. Either `close` or `abort` must be called."""

    def __init__(self, encoding: EncodingPlan, path: Path) -> None:
        self._encoding = encoding
        self._path = path
        self._fitter = Fitter(encoding)
        self._container: OutputContainer | None = open_output(
            path, "matroska", {"avoid_negative_ts": "disabled"}
        )
        try:
            with output_errors(path):
                self._stream = _add_video(self._container, encoding)
        except BaseException:
            self.abort()
            raise
        self._first: int | None = None
        self._next = 0
        self._numbers: dict[int, int] = {}
        self._packets = 0

    def write(self, frame: Frame) -> None:
        """Encode the next frame; `frame.index` is its number in the output.

        Raises:
            OutputError: when the segment cannot be written.
            ValueError: when frames do not follow each other as planned.
        """
        plan = self._encoding
        if self._first is None:
            self._first = self._next = frame.index
        if frame.index != self._next:
            raise ValueError(f"output frame {frame.index} where {self._next} was expected")
        pts = plan.frame_pts(frame.index)
        if pts * plan.time_base != frame.time:
            raise ValueError(
                f"output frame {frame.index} at {frame.time} s, planned {pts * plan.time_base} s"
            )
        picture = self._fitter.fit(frame)
        picture.time_base = plan.time_base
        picture.pts = pts - plan.frame_pts(self._first)
        picture.duration = plan.frame_pts(frame.index + 1) - pts
        self._numbers[picture.pts] = frame.index - self._first
        self._next += 1
        with output_errors(self._path):
            self._mux(self._stream.encode(picture))

    def close(self) -> None:
        """Finish the file. Raises OutputError when it cannot be written whole."""
        assert self._container is not None
        with output_errors(self._path):
            self._mux(self._stream.encode(None))
            self._container.close()
        self._container = None
        if self._numbers:
            raise RuntimeError(f"{self._encoding.encoder} kept {len(self._numbers)} frames for itself")

    def abort(self) -> None:
        """Give up and remove the file; never raises."""
        discard(self._container, self._path)
        self._container = None

    def _mux(self, packets: list[av.Packet[VideoStream]]) -> None:
        assert self._container is not None
        for packet in packets:
            assert packet.pts is not None
            packet.pts = self._numbers.pop(packet.pts)
            packet.dts = self._packets - _DTS_BELOW
            packet.duration = 1
            packet.time_base = SEGMENT_TICK
            self._packets += 1
            self._container.mux_one(packet)


def alpha_tag(encoding: EncodingPlan) -> dict[str, str]:
    """What Matroska and WebM must be told where packets carry a second picture, their alpha."""
    has_alpha = encoding.codec == "vp9" and encoding.pixel_format.startswith("yuva")
    return {"alpha_mode": "1"} if has_alpha else {}


def _add_video(container: OutputContainer, encoding: EncodingPlan) -> VideoStream:
    options = dict(encoding.options)
    if encoding.color.siting is not Siting.UNSPECIFIED:
        options["chroma_sample_location"] = encoding.color.siting.value
    stream = container.add_stream(encoding.encoder, rate=encoding.average_rate.limit_denominator(1 << 30))
    assert isinstance(stream, VideoStream)
    stream.time_base = SEGMENT_TICK
    stream.metadata.update(alpha_tag(encoding))
    context = stream.codec_context
    context.width, context.height = encoding.width, encoding.height
    context.pix_fmt = encoding.pixel_format
    context.time_base = encoding.time_base
    context.sample_aspect_ratio = encoding.pixel_aspect
    context.color_range = range_code(encoding.color.range)
    context.colorspace = encoding.color.matrix_code
    context.color_primaries = encoding.color.primaries
    context.color_trc = encoding.color.transfer
    context.flags |= Flags.bitexact | Flags.closed_gop
    context.options = options
    context.open()
    if context.options:
        raise RuntimeError(f"{encoding.encoder} does not know {sorted(context.options)}")
    return stream


def open_segment(encoding: EncodingPlan, path: Path) -> FrameSink:
    """Open a segment for writing at `path`, whatever its ending.

    Raises:
        OutputError: when the file cannot be created or the encoder does not open.
    """
    return FrameSink(encoding, path)
