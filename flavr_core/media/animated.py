"""GIF, APNG, animated WebP and numbered PNG files from lossless segments.

A GIF's palette is made over the whole clip (palettegen, then paletteuse: the segments are read twice). A size
limit is met by giving up, in this order, colours (GIF) or quality (WebP), width, and every second frame.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.codec.context import Flags
from av.container import OutputContainer
from av.filter import Graph
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from flavr_core.errors import OutputError
from flavr_core.media.encoding import AnimationPlan, EncodingPlan
from flavr_core.media.numbered import PNG_FORMATS, write_images
from flavr_core.media.segments import OnProgress, watched_pictures
from flavr_core.media.writing import discard, open_output, output_errors
from flavr_core.progress import CancelToken

_FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_FEWER_COLORS = (128, 64, 32)
_LOWER_QUALITIES = (70.0, 55.0, 40.0, 25.0)
_LEAST_WIDTH_PX = 32
_HALVE_FRAMES_BELOW = 0.4
"""Part of the planned width below which every second frame goes rather than more of the width."""
_MOST_TRIES = 24
_WEBP_DURATION_OFFSET = 12
"""Where in an ANMF chunk the frame's duration stands: 24 bits, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """One way of writing the animation, coarser than or the same as planned."""

    width: int
    """Columns."""
    height: int
    """Rows."""
    colors: int
    """Palette of a GIF."""
    quality: float
    """Quality of a WebP."""
    stride: int = 1
    """Every how manieth frame is shown."""


def assemble_animation(
    encoding: EncodingPlan,
    segments: Sequence[Path],
    output: Path,
    *,
    token: CancelToken,
    on_progress: OnProgress,
) -> tuple[str, ...]:
    """Write the finished file or folder; returns what had to be given up to meet a size limit.

    Raises:
        OutputError: when it cannot be written, or no way of writing it meets the limit.
        CancelledError: when stopped. Nothing is left at `output` either way.
    """
    if encoding.container == "png":
        write_images(encoding, segments, output, token=token, on_progress=on_progress)
        return ()
    animation = encoding.animation
    assert animation is not None
    first = _Try(
        width=encoding.width, height=encoding.height, colors=animation.colors, quality=animation.quality
    )
    writer = _Writer(
        encoding=encoding,
        animation=animation,
        segments=segments,
        output=output,
        token=token,
        on_progress=on_progress,
    )
    try:
        if animation.max_bytes is None:
            writer.write(first, limit=None)
            return ()
        return writer.write_within(first, limit=animation.max_bytes)
    except BaseException:
        discard(None, output)
        raise


class _Writer:
    """Writes one animation from segments, in as many ways as it takes."""

    def __init__(
        self,
        *,
        encoding: EncodingPlan,
        animation: AnimationPlan,
        segments: Sequence[Path],
        output: Path,
        token: CancelToken,
        on_progress: OnProgress,
    ) -> None:
        self._encoding = encoding
        self._animation = animation
        self._segments = segments
        self._output = output
        self._token = token
        self._on_progress = on_progress
        numbers = range(encoding.frames) if animation.kept is None else animation.kept
        self._ticks = dict(zip(numbers, animation.ticks, strict=False))
        self._end = animation.ticks[-1]

    def write_within(self, first: _Try, *, limit: int) -> tuple[str, ...]:
        """Try coarser and coarser ways until the file is no larger than `limit`."""
        way = first
        for _ in range(_MOST_TRIES):
            size = self.write(way, limit=limit)
            if size <= limit:
                return _given_up(first, way, limit)
            coarser = self._coarser(first, way, size / limit)
            if coarser is None:
                break
            way = coarser
        raise OutputError(
            f"No {self._encoding.form.title} of this clip fits into {limit:,} bytes.",
            "Allow more bytes, or choose a shorter range or a lower rate.",
        )

    def _coarser(self, first: _Try, way: _Try, excess: float) -> _Try | None:
        """The next way to try when the file was `excess` times too large; None when there is none."""
        if self._encoding.container == "gif" and way.width == first.width:
            fewer = [colors for colors in _FEWER_COLORS if colors < way.colors]
            if fewer:
                return replace(way, colors=fewer[0])
        if self._encoding.container == "webp" and way.width == first.width:
            lower = [quality for quality in _LOWER_QUALITIES if quality < way.quality]
            if lower:
                return replace(way, quality=lower[0])
        factor = min(0.92, max(0.5, 0.98 * excess**-0.5))
        width = max(_LEAST_WIDTH_PX, int(way.width * factor))
        can_halve = len(self._ticks) // (way.stride * 2) >= 2
        too_small = width < first.width * _HALVE_FRAMES_BELOW
        if can_halve and (too_small or width >= way.width) and way.stride < 4:
            # Half the frames are worth about twice the area.
            wider = min(first.width, int(way.width * 1.25))
            return replace(_sized(way, first, wider), stride=way.stride * 2)
        if width >= way.width:
            return None
        return _sized(way, first, width)

    def write(self, way: _Try, *, limit: int | None) -> int:
        """Write the file one way; returns its size, or an estimate where `limit` was passed early on."""
        writers = {"gif": self._write_gif, "apng": self._write_apng, "webp": self._write_webp}
        with output_errors(self._output):
            return writers[self._encoding.container](way, limit)

    def _pictures(self, way: _Try) -> Iterator[tuple[int, int, av.VideoFrame]]:
        """The frames that are shown: tick, ticks until the next, picture in the size of `way`."""
        shown = list(self._ticks)[:: way.stride]
        ends = [*(self._ticks[number] for number in shown[1:]), self._end]
        until = dict(zip(shown, ends, strict=True))
        reformatter = VideoReformatter()
        frames = watched_pictures(self._segments, self._encoding.frames, self._token, self._on_progress)
        for number, picture in enumerate(frames):
            if number not in until:
                continue
            if (picture.width, picture.height) != (way.width, way.height):
                picture = reformatter.reformat(  # noqa: PLW2901
                    picture, width=way.width, height=way.height, interpolation=_FLAGS, threads=1
                )
            yield self._ticks[number], until[number] - self._ticks[number], picture

    def _write_gif(self, way: _Try, limit: int | None) -> int:
        palette = self._palette(way)
        loop = {0: 0, 1: -1}.get(self._animation.loop, self._animation.loop - 1)
        graph, place = _palette_graph(way, self._animation.dither)
        with _Open(self._output, "gif", {"loop": str(loop), "final_delay": str(self._last(way))}) as file:
            stream = file.add("gif", "pal8", way, self._animation.tick, {})
            graph.push(palette, at=place["palette"])
            graph.push(None, at=place["palette"])
            for done, (tick, length, picture) in enumerate(self._pictures(way), 1):
                source = _plain(picture, "bgra")
                source.pts, source.time_base, source.duration = tick, self._animation.tick, length
                graph.push(source, at=place["pictures"])
                for mapped in _pulled(graph):
                    file.encode(stream, mapped, self._animation.tick)
                if limit is not None and file.size > limit:
                    return self._estimate(file.size, done, way)
            graph.push(None, at=place["pictures"])
            for mapped in _pulled(graph):
                file.encode(stream, mapped, self._animation.tick)
            file.encode(stream, None, self._animation.tick)
        return self._output.stat().st_size

    def _palette(self, way: _Try) -> av.VideoFrame:
        """The palette of the whole clip."""
        graph = Graph()
        alpha = "1" if self._has_alpha else "0"
        source = _add_buffer(graph, way, "pictures")
        made = graph.add("palettegen", f"max_colors={way.colors}:stats_mode=full:reserve_transparent={alpha}")
        sink = graph.add("buffersink")
        source.link_to(made)
        made.link_to(sink)
        graph.configure()
        for tick, _, picture in self._pictures(way):
            plain = _plain(picture, "bgra")
            plain.pts, plain.time_base = tick, self._animation.tick
            graph.push(plain)
        graph.push(None)
        return next(_pulled(graph))

    @property
    def _has_alpha(self) -> bool:
        return self._encoding.pixel_format in ("bgra", "gbrap16le")

    def _last(self, way: _Try) -> int:
        """Ticks for which the last shown frame stays."""
        shown = list(self._ticks)[:: way.stride]
        return self._end - self._ticks[shown[-1]]

    def _estimate(self, size: int, done: int, way: _Try) -> int:
        return int(size * len(range(0, len(self._ticks), way.stride)) / done) + 1

    def _write_apng(self, way: _Try, limit: int | None) -> int:
        tick = self._animation.tick
        last = self._last(way) * tick
        stored = PNG_FORMATS[self._encoding.pixel_format]
        options = {"plays": str(self._animation.loop), "final_delay": f"{last.numerator}/{last.denominator}"}
        with _Open(self._output, "apng", options) as file:
            stream = file.add("apng", stored, way, tick, {"pred": "mixed"})
            for done, (pts, length, picture) in enumerate(self._pictures(way), 1):
                plain = _plain(picture, stored)
                plain.pts, plain.time_base, plain.duration = pts, tick, length
                file.encode(stream, plain, tick)
                if limit is not None and file.size > limit:
                    return self._estimate(file.size, done, way)
            file.encode(stream, None, tick)
        return self._output.stat().st_size

    def _write_webp(self, way: _Try, limit: int | None) -> int:
        del limit  # libwebp hands everything over at the end
        tick = self._animation.tick
        quality = (
            {"lossless": "1", "quality": "75"} if way.quality >= 100 else {"quality": f"{way.quality:g}"}
        )
        stored = "bgra" if self._has_alpha or way.quality >= 100 else "yuv420p"
        with _Open(self._output, "webp", {"loop": str(self._animation.loop)}) as file:
            stream = file.add("libwebp_anim", stored, way, tick, quality)
            for pts, length, picture in self._pictures(way):
                plain = _plain(picture, "bgra")
                if stored == "yuv420p":
                    plain = _to_webp_yuv(plain)
                plain.pts, plain.time_base, plain.duration = pts, tick, length
                file.encode(stream, plain, tick)
            file.encode(stream, None, tick)
        set_webp_end(self._output, self._end)
        return self._output.stat().st_size


def set_webp_end(path: Path, end_ms: int) -> None:
    """Make an animated WebP end when it should; libwebp gives its last frame the mean time of the others."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        place, total_ms, last = 12, 0, None
        while place + 8 <= size:
            file.seek(place)
            name, length = struct.unpack("<4sI", file.read(8))
            if name == b"ANMF":
                file.seek(place + 8 + _WEBP_DURATION_OFFSET)
                last = place + 8 + _WEBP_DURATION_OFFSET
                lasts_ms = int.from_bytes(file.read(3), "little")
                total_ms += lasts_ms
            place += 8 + length + length % 2
        if last is not None:
            file.seek(last)
            file.write((lasts_ms + end_ms - total_ms).to_bytes(3, "little"))


def _sized(way: _Try, first: _Try, width: int) -> _Try:
    return replace(way, width=width, height=max(1, round(first.height * width / first.width)))


def _given_up(first: _Try, way: _Try, limit: int) -> tuple[str, ...]:
    """What the limit cost, in words."""
    costs = []
    if way.colors != first.colors:
        costs.append(f"{way.colors} colours instead of {first.colors}")
    if way.quality != first.quality:
        costs.append(f"quality {way.quality:g} instead of {first.quality:g}")
    if way.width != first.width:
        costs.append(f"{way.width}x{way.height} instead of {first.width}x{first.height}")
    if way.stride != 1:
        costs.append(f"every {'second' if way.stride == 2 else 'fourth'} frame")
    return (f"To stay within {limit:,} bytes it has {', '.join(costs)}.",) if costs else ()


class _Open:
    """One output file with one stream; closed whole, or removed when left by an exception."""

    def __init__(self, path: Path, muxer: str, options: dict[str, str]) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._container: OutputContainer = open_output(path, muxer, options)
        self.size = 0

    def __enter__(self) -> _Open:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._container.close()
        else:
            discard(self._container, self._path)

    def add(
        self, encoder: str, pixel_format: str, way: _Try, tick: Fraction, options: dict[str, str]
    ) -> VideoStream:
        """Add the one stream."""
        stream = self._container.add_stream(encoder, rate=1 / tick)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = way.width, way.height, pixel_format
        context.time_base = tick
        context.flags |= Flags.bitexact
        context.thread_count = 1
        context.options = options
        stream.time_base = tick
        return stream

    def encode(self, stream: VideoStream, picture: av.VideoFrame | None, tick: Fraction) -> None:
        """Encode and write; None flushes."""
        if picture is not None:
            picture.time_base = tick
        for packet in stream.encode(picture):
            self.size += packet.size
            self._container.mux_one(packet)


def _plain(picture: av.VideoFrame, format: str) -> av.VideoFrame:
    """The picture in a packed RGB format, untagged, so that filters see the same properties throughout."""
    plain = picture if picture.format.name == format else picture.reformat(format=format, threads=1)
    plain.color_range = 0
    plain.colorspace = 2
    plain.color_primaries = 2
    plain.color_trc = 2
    return plain


def _to_webp_yuv(picture: av.VideoFrame) -> av.VideoFrame:
    """YCbCr as lossy WebP stores it: BT.601, limited."""
    return picture.reformat(
        format="yuv420p",
        dst_colorspace="ITU601",
        dst_color_range="MPEG",
        src_color_range="JPEG",
        interpolation=_FLAGS,
        threads=1,
    )


def _add_buffer(graph: Graph, way: _Try, name: str) -> av.filter.context.FilterContext:
    bgra = av.VideoFormat("bgra", way.width, way.height)
    return graph.add_buffer(
        width=way.width, height=way.height, format=bgra, name=name, time_base=Fraction(1, 100)
    )


def _palette_graph(way: _Try, dither: str) -> tuple[Graph, dict[str, int]]:
    """paletteuse with its two inputs, and which input is which."""
    graph = Graph()
    pictures = _add_buffer(graph, way, "pictures")
    palette = graph.add_buffer(
        width=16, height=16, format=av.VideoFormat("bgra", 16, 16), name="palette", time_base=Fraction(1, 100)
    )
    use = graph.add("paletteuse", f"dither={dither}:alpha_threshold=128")
    sink = graph.add("buffersink")
    pictures.link_to(use, 0, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph, {"pictures": 0, "palette": 1}


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            picture = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield picture
