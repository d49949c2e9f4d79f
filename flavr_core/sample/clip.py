"""The sample as a film: camera shutter, grain, caption, and the file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from flavr_core.errors import OutputError
from flavr_core.sample.fair import Fair, burst_times
from flavr_core.sample.landscape import Landscape
from flavr_core.sample.music import SAMPLE_RATE, compose
from flavr_core.sample.paint import Picture

DURATION_S = 5
CUT_S = 3
"""Seconds at which the second scene begins."""

_SHUTTER = 0.5
"""Part of a frame's time for which the camera looks."""
_LOOKS = 5
"""Instants averaged for one picture."""
_GRAIN = 1.3 / 255
_CAPTION = "FLAVR Studio"


class SampleScene:
    """The sample's pictures. Drawing is deterministic; an object is not to be shared between threads."""

    def __init__(self, *, height: int = 360, rate: Fraction = Fraction(25)) -> None:
        """Prepare the scenes for pictures of 16:9 with `height` lines, `rate` of them a second."""
        self.height = height
        self.width = height * 16 // 9 // 2 * 2
        self.rate = rate
        self._landscape = Landscape(width=self.width, height=height)
        self._fair = Fair(width=self.width, height=height)
        self._caption, self._shade = _draw_caption(self.width, height)
        self._vignette = _draw_vignette(self.width, height)

    def __len__(self) -> int:
        """Number of pictures."""
        return int(DURATION_S * self.rate)

    def picture(self, index: int) -> NDArray[np.uint8]:
        """Picture number `index`.

        Convention: (H, W, 3) uint8 R'G'B', BT.709 primaries and transfer, full range.
        """
        start = index / self.rate
        looks = [
            float(start + Fraction(look, _LOOKS) * Fraction(_SHUTTER) / self.rate) for look in range(_LOOKS)
        ]
        scene = self._landscape.draw if start < CUT_S else self._fair.draw
        begin = 0 if start < CUT_S else CUT_S
        light = np.mean([scene(look - begin) for look in looks], axis=0, dtype=np.float32)
        light *= self._vignette
        light = light * (1 - self._shade) * (1 - self._caption) + self._caption
        grain = np.random.default_rng(1000 + index).standard_normal((self.height, self.width, 1), np.float32)
        return np.asarray(np.rint(np.clip(light + _GRAIN * grain, 0, 1) * 255), np.uint8)


def render_sample(
    path: Path,
    *,
    height: int = 360,
    rate: Fraction = Fraction(25),
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write the sample: H.264 (4:2:0, BT.709, limited range) and AAC in MP4.

    Args:
        path: the file to write; it appears when it is whole.
        height: lines, even; the picture is 16:9.
        rate: frames a second.
        on_progress: called after each picture with the number done and the number in all.

    Raises:
        OutputError: when the file cannot be written.
    """
    partial = path.with_name(path.name + ".part")
    scene = SampleScene(height=height, rate=rate)
    try:
        with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            container.metadata["title"] = "FLAVR Studio sample"
            video = _add_video(container, scene)
            audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", bit_rate=96_000)
            container.mux(_encode_sound(audio))
            for index in range(len(scene)):
                container.mux(video.encode(_to_frame(scene.picture(index), index, rate)))
                if on_progress is not None:
                    on_progress(index + 1, len(scene))
            container.mux(video.encode(None))
        partial.replace(path)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{path} cannot be written: {error}.", "Choose another place with -o.") from error
    finally:
        partial.unlink(missing_ok=True)


def _add_video(container: OutputContainer, scene: SampleScene) -> VideoStream:
    # One thread: what x264 writes depends on their number.
    options = {"crf": "24", "preset": "slow", "g": "50", "threads": "1"}
    stream = container.add_stream("libx264", rate=scene.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
    stream.time_base = 1 / scene.rate
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # H.273: BT.709
    context.color_range = ColorRange.MPEG
    return stream


def _to_frame(picture: NDArray[np.uint8], index: int, rate: Fraction) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
    )
    frame.pts, frame.time_base = index, 1 / rate
    return frame


def _encode_sound(stream: AudioStream) -> list[av.Packet[AudioStream]]:
    sound = compose(duration_s=DURATION_S, bursts_s=[CUT_S + burst_s for burst_s in burst_times()])
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
    fifo = AudioFifo()
    fifo.write(frame)
    packets = []
    for piece in fifo.read_many(1024, partial=True):
        packets += stream.encode(piece)
    return packets + stream.encode(None)


def _draw_caption(width: int, height: int) -> tuple[Picture, Picture]:
    """The caption's white (H, W, 1) and the shade behind it (H, W, 1), 0 to 1."""
    image = Image.new("L", (width, height))
    font = ImageFont.load_default(size=height / 20)
    ImageDraw.Draw(image).text((width * 0.035, height * 0.955), _CAPTION, fill=235, font=font, anchor="ls")
    shade = image.filter(ImageFilter.GaussianBlur(height / 120))
    return tuple(  # type: ignore[return-value]
        np.asarray(each, np.float32)[..., None] / 255 * share for each, share in ((image, 1.0), (shade, 0.6))
    )


def _draw_vignette(width: int, height: int) -> Picture:
    """How much light reaches each pixel (H, W, 1)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5)
    return np.asarray(1 - 0.28 * np.clip(distance - 0.25, 0, 1)[..., None] ** 1.5, np.float32)
