"""Still images: what a file is by its first bytes, its size from its header, and its picture."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError

from flavr_core.errors import MediaError
from flavr_core.media.opening import check_file, check_size, open_container
from flavr_core.media.orientation import Orientation, exif_orientation
from flavr_core.media.packets import decode_stream

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "mjpeg"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"),
    (b"BM", "bmp"), (b"SDPX", "dpx"), (b"XPDS", "dpx"), (b"\x76\x2f\x31\x01", "exr"), (b"qoif", "qoi"),
    (b"\0\0\0\x0cjP  ", "jpeg2000"), (b"\xff\x4f\xff\x51", "jpeg2000"), (b"P1", "pbm"), (b"P4", "pbm"),
    (b"P2", "pgm"), (b"P5", "pgm"), (b"P3", "ppm"), (b"P6", "ppm"), (b"P7", "pam"), (b"8BPS", "psd"),
    (b"#?RADIANCE", "hdr"), (b"\x01\xda", "sgi"),
)  # fmt: skip
"""First bytes and libav's decoder. Two-letter ones count only with a fitting suffix."""

_WEAK = {
    "bmp": (".bmp", ".dib"), "sgi": (".sgi", ".rgb", ".rgba", ".bw"), "pbm": (".pbm", ".pnm"),
    "pgm": (".pgm", ".pnm"), "ppm": (".ppm", ".pnm"), "pam": (".pam",),
}  # fmt: skip
_IN_CONTAINERS = (".avif", ".heic", ".heif", ".jxl")
IMAGE_SUFFIXES = frozenset(
    {
        ".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".dib", ".dpx", ".exr", ".qoi", ".jp2",
        ".j2k", ".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".psd", ".hdr", ".sgi", ".rgb", ".rgba", ".bw",
        ".tga", ".webp", ".avif",
    }
)  # fmt: skip
"""File names that are taken for images in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """What an image's header says, as far as it can be read without decoding."""

    width: int
    """Columns as stored."""
    height: int
    """Rows as stored."""
    orientation: Orientation
    """How the picture is to be turned."""
    mode: str
    """Pillow's name for the kind of pixels: `RGB`, `RGBA`, `L`, `P`, `I;16` ..."""
    is_clear: bool
    """Whether it may be see-through."""


def image_codec(path: Path) -> str | None:
    """libav's decoder for a still image, by its first bytes; None when it is no image known here."""
    with path.open("rb") as file:
        head = file.read(32)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    suffix = path.suffix.lower()
    for magic, codec in _MAGIC:
        if head.startswith(magic) and suffix in _WEAK.get(codec, (suffix,)):
            return codec
    if suffix == ".tga" and len(head) >= 18 and head[1] < 2 and head[2] in (1, 2, 3, 9, 10, 11):
        return "targa"
    return None


def read_header(path: Path) -> ImageHeader | None:
    """Size and kind of pixels without decoding; None for formats whose header only libav reads.

    Raises:
        MediaError: when the picture is absurdly large.
    """
    from PIL import Image, UnidentifiedImageError  # videos need none of it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked by ourselves
            with Image.open(path) as image:
                width, height = image.size
                # Looking for EXIF in a PNG would decode it.
                exif = image.getexif() if image.format in ("JPEG", "TIFF", "WEBP") else {}
                orientation = exif_orientation(exif.get(274, 1))
                is_clear = "A" in image.getbands() or "transparency" in image.info
                mode = image.mode
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error, EOFError):
        return None
    except (Image.DecompressionBombError, MemoryError):
        raise MediaError(f"The picture in '{path}' is too large.", "Use smaller pictures.") from None
    check_size(width, height, path)
    return ImageHeader(width=width, height=height, orientation=orientation, mode=mode, is_clear=is_clear)


def read_picture(path: Path) -> av.VideoFrame:
    """The picture of one image file, as libav decodes it.

    Raises:
        MediaError: when the file is no image, or damaged.
    """
    check_file(path)
    codec = image_codec(path)
    if codec is None:
        if path.suffix.lower() not in _IN_CONTAINERS:
            raise MediaError(f"'{path}' is no image.", "Give PNG, JPEG, TIFF, WebP, BMP, DPX or EXR files.")
        return _read_from_container(path)
    data = path.read_bytes()
    # A packet of libav's own making has the padding that decoders may read into.
    packet = av.Packet(len(data))
    packet.update(data)
    context = av.CodecContext.create(codec, "r")
    try:
        pictures = [*context.decode(packet), *context.decode(None)]  # type: ignore[attr-defined]
    except (FFmpegError, ValueError, MemoryError) as error:
        raise _damaged(path) from error
    if not pictures:
        raise _damaged(path)
    picture: av.VideoFrame = pictures[0]
    check_size(picture.width, picture.height, path)
    return picture


def _read_from_container(path: Path) -> av.VideoFrame:
    with open_container(path) as container:
        for stream in container.streams.video:
            for picture in decode_stream(container, stream):
                return picture
    raise _damaged(path)


def _damaged(path: Path) -> MediaError:
    return MediaError(f"The image '{path}' cannot be decoded.", "It is damaged or cut off; export it again.")
