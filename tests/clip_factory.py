"""Small clips of every kind, made by libav's own generators; the recipe is the code.

`make(name, folder)` makes a clip of `RECIPES` by name, `make_clip` one by its properties, and `damage`
breaks a file on purpose. Pictures are a scrolling testsrc2, in which every frame differs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from av.video.frame import PictureType

os.environ.setdefault("SVT_LOG", "1")  # its encoder prints to stderr otherwise

SIZE = (64, 48)
RATE = Fraction(25)


def pictures(
    count: int,
    *,
    size: tuple[int, int] = SIZE,
    pix_fmt: str = "yuv420p",
    filters: Sequence[tuple[str, str]] = (),
) -> Iterator[av.VideoFrame]:
    """`testsrc2=size=WxH,scroll=h=0.03:v=0.02` through `filters` into `pix_fmt`."""
    graph = Graph()
    nodes = [graph.add("testsrc2", f"size={size[0]}x{size[1]}:rate=25")]
    nodes.append(graph.add("scroll", "h=0.03:v=0.02"))
    nodes += [graph.add(name, arguments) for name, arguments in filters]
    nodes += [graph.add("format", pix_fmt), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    for _ in range(count):
        picture = graph.vpull()
        picture.pict_type = PictureType.NONE  # the generator's would make every frame a key frame
        yield picture


def make_clip(
    path: Path,
    *,
    frames: int = 24,
    size: tuple[int, int] = SIZE,
    rate: Fraction = RATE,
    pix_fmt: str = "yuv420p",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    keep_packet: Callable[[int], bool] = lambda number: True,
    shift: Fraction = Fraction(0),
    rotation: tuple[int, bool, bool] | None = None,
    pixel_aspect: Fraction | None = None,
    color: tuple[int, int, int, int] | None = None,
    filters: Sequence[tuple[str, str]] = (),
    sound: bool = False,
    metadata: dict[str, str] | None = None,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode testsrc2.

    Args:
        path: its suffix picks the container, unless `container` does.
        frames: how many pictures are encoded.
        size: (width, height).
        rate: frames a second, where `pts` does not say otherwise.
        pix_fmt: stored pixel format.
        codec: libav's encoder.
        options: of the encoder, e.g. {"g": "10", "bf": "2"}.
        pts: when each picture is shown, in `time_base`.
        time_base: of `pts`; 1/rate when left out.
        keep_packet: packets for which this is false are not written (a stream cut open).
        shift: seconds added to all packets' times, whole frames.
        rotation: (degrees counter-clockwise, mirrored left to right, mirrored top to bottom) for display.
        pixel_aspect: width of a pixel over its height.
        color: (primaries, transfer, matrix, range) code points.
        filters: (name, arguments) between testsrc2 and the encoder.
        sound: add a sine in AAC (in Opus for WebM).
        metadata: tags of the file.
    """
    base = time_base or 1 / rate
    times = range(frames) if pts is None else pts
    with av.open(str(path), "w", format=container, container_options=container_options or {}) as output:
        output.metadata.update(metadata or {})
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.time_base = base
        stream.time_base = base
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1], vflip=rotation[2])
        if pixel_aspect is not None:
            stream.sample_aspect_ratio = pixel_aspect
        if color is not None:
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = color
        tone = _add_tone(output, path) if sound else None
        number = 0
        source = pictures(frames, size=size, pix_fmt=pix_fmt, filters=filters)
        for picture in [*zip(source, times, strict=True), None]:
            if picture is not None:
                picture[0].pts, picture[0].time_base = picture[1], base
                if color is not None:
                    picture[0].color_primaries, picture[0].color_trc = color[0], color[1]
                    picture[0].colorspace, picture[0].color_range = color[2], color[3]
            for packet in stream.encode(picture[0] if picture is not None else None):
                if keep_packet(number):
                    packet.pts += int(shift / packet.time_base)
                    packet.dts += int(shift / packet.time_base)
                    output.mux(packet)
                number += 1
        if tone is not None:
            _write_tone(output, tone, seconds=float(max(times) * base) + 0.04)
    return path


def _add_tone(output: av.container.OutputContainer, path: Path) -> av.audio.stream.AudioStream:
    codec = "libopus" if path.suffix == ".webm" else "aac"
    stream = output.add_stream(codec, rate=48000)
    stream.layout = "stereo"
    return stream


def _write_tone(
    output: av.container.OutputContainer, stream: av.audio.stream.AudioStream, *, seconds: float
) -> None:
    total, step = int(seconds * 48000), 960
    for start in range(0, total, step):
        wave = 0.2 * np.sin(2 * np.pi * 330 / 48000 * np.arange(start, start + step))
        frame = av.AudioFrame.from_ndarray(
            np.stack([wave, wave]).astype(np.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        for packet in stream.encode(frame):
            output.mux(packet)
    for packet in stream.encode(None):
        output.mux(packet)


def damage(path: Path, *, keep: float = 1.0, zero: tuple[float, float] | None = None) -> Path:
    """Cut a file to its first part, and overwrite a stretch of it with zeros (both as shares of its size)."""
    data = bytearray(path.read_bytes())
    if zero is not None:
        start, stop = (int(share * len(data)) for share in zero)
        data[start:stop] = bytes(stop - start)
    path.write_bytes(data[: int(len(data) * keep)])
    return path


LONG_GOP = {"g": "24", "bf": "2", "preset": "veryfast"}
VARIABLE = tuple(int(sum(1000 / (20 + 10 * (k % 7)) for k in range(n))) for n in range(40))
"""Times in milliseconds with seven different gaps."""

INTERLACE = (
    ("separatefields", ""),
    ("select", "not(mod(n\\,4))+not(mod(n-3\\,4))"),
    ("weave", "first_field=top"),
)
"""Lines of two moments in one picture, as an interlaced camera gives them."""

Recipe = tuple[str, dict[str, object]]

RECIPES: dict[str, Recipe] = {
    "constant": ("mp4", {"sound": True}),
    "ntsc": ("mp4", {"rate": Fraction(30000, 1001)}),
    "ntsc_mkv": ("mkv", {"rate": Fraction(24000, 1001), "frames": 48}),
    "variable": ("mp4", {"frames": 40, "pts": VARIABLE, "time_base": Fraction(1, 1000), "options": LONG_GOP}),
    "variable_mkv": ("mkv", {"frames": 40, "pts": VARIABLE, "time_base": Fraction(1, 1000)}),
    "long_gop": ("mp4", {"frames": 96, "options": {"g": "96", "bf": "3", "preset": "veryfast"}}),
    "open_gop": ("ts", {"frames": 72,
                        "options": {"g": "12", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}}),
    "rotated": ("mp4", {"size": (64, 40), "rotation": (-90, False, False)}),
    "rotated_422": ("mov", {"size": (64, 40), "rotation": (90, False, False), "pix_fmt": "yuv422p"}),
    "mirrored": ("mp4", {"rotation": (0, True, False)}),
    "upside_down": ("mp4", {"rotation": (180, False, False)}),
    "ten_bit": ("mkv", {"codec": "libx265", "pix_fmt": "yuv420p10le", "frames": 48,
                        "options": {"g": "16", "x265-params": "log-level=none:bframes=3"},
                        "color": (9, 16, 9, 1)}),
    "ten_bit_422": ("mkv", {"codec": "ffv1", "pix_fmt": "yuv422p10le"}),
    "twelve_bit_444": ("mkv", {"codec": "ffv1", "pix_fmt": "yuv444p12le"}),
    "odd_size": ("mkv", {"codec": "ffv1", "size": (63, 47)}),
    "odd_size_rotated": ("mov", {"codec": "png", "size": (63, 47), "pix_fmt": "rgb24",
                                 "rotation": (-90, False, False)}),
    "gray": ("mkv", {"codec": "ffv1", "pix_fmt": "gray"}),
    "gray_ten_bit": ("mkv", {"codec": "ffv1", "pix_fmt": "gray10le"}),
    "rgb": ("mkv", {"codec": "libx264rgb", "pix_fmt": "rgb24", "options": {"qp": "0"}}),
    "rgb_sixteen_bit": ("mkv", {"codec": "ffv1", "pix_fmt": "gbrp16le"}),
    "alpha": ("mov", {"codec": "qtrle", "pix_fmt": "argb"}),
    "alpha_ten_bit": ("mov", {"codec": "prores_ks", "pix_fmt": "yuva444p10le",
                              "options": {"profile": "4444"}}),
    "alpha_webm": ("webm", {"codec": "libvpx-vp9", "pix_fmt": "yuva420p",
                            "options": {"auto-alt-ref": "0", "g": "8", "cpu-used": "5"}}),
    "full_range": ("mp4", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
    "wide_pixels": ("mp4", {"pixel_aspect": Fraction(16, 11)}),
    "tagged": ("mp4", {"color": (1, 1, 1, 1), "sound": True, "metadata": {"title": "A title"}}),
    "late_start": ("mkv", {"shift": Fraction(5)}),
    "late_start_ts": ("ts", {"shift": Fraction(10), "options": LONG_GOP}),
    "edit_list": ("mp4", {"frames": 60, "options": {"g": "20", "bf": "2"}, "shift": Fraction(-2, 5),
                          "container_options": {"avoid_negative_ts": "disabled"}}),
    "interlaced": ("ts", {"codec": "mpeg2video", "frames": 25, "filters": INTERLACE,
                          "options": {"flags": "+ildct+ilme", "g": "12", "bf": "2"}}),
    "interlaced_h264": ("mp4", {"frames": 25, "filters": INTERLACE,
                                "options": {"flags": "+ildct", "x264-params": "tff=1:keyint=12"}}),
    "avi_without_times": ("avi", {"codec": "libx264", "options": {"bf": "2", "g": "12"}, "frames": 48}),
    "avi_mpeg4": ("avi", {"codec": "mpeg4", "options": {"bf": "2", "g": "12"}, "frames": 48}),
    "raw_h264": ("h264", {"options": {"bf": "2", "g": "12"}, "frames": 48}),
    "raw_hevc": ("hevc", {"codec": "libx265", "frames": 30,
                          "options": {"x265-params": "log-level=none:keyint=10"}}),
    "vp8_hidden": ("webm", {"codec": "libvpx", "frames": 60, "sound": True,
                            "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "b": "60k",
                                        "cpu-used": "5"}}),
    "vp9": ("webm", {"codec": "libvpx-vp9", "frames": 60,
                     "options": {"auto-alt-ref": "1", "lag-in-frames": "16", "b": "60k", "cpu-used": "5",
                                 "g": "20"}}),
    "av1": ("mp4", {"codec": "libsvtav1", "frames": 40, "size": (96, 64),
                    "options": {"preset": "12", "g": "16", "svtav1-params": "lp=2"}}),
    "mpeg2_ps": ("mpg", {"codec": "mpeg2video", "options": {"bf": "2", "g": "12"}, "frames": 48}),
    "flv": ("flv", {"options": LONG_GOP}),
    "cut_open": ("ts", {"frames": 60, "options": {"g": "20", "bf": "2"}, "keep_packet": lambda n: n >= 7}),
    "one_frame": ("mp4", {"frames": 1}),
    "two_frames": ("mkv", {"frames": 2}),
}  # fmt: skip
"""Container and what differs from 24 pictures of 64 x 48 at 25 a second in H.264."""


def make(name: str, folder: Path) -> Path:
    """The clip `name` of RECIPES, made in `folder` (once)."""
    suffix, properties = RECIPES[name]
    path = folder / f"{name}.{suffix}"
    if not path.exists():
        make_clip(path, **properties)  # type: ignore[arg-type]
    return path
