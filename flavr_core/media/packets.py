"""The packets of a video stream: when every frame is shown and where decoding may begin.

One pass over the file without decoding is enough where timestamps are whole and each packet shows one
frame. Where they are not (no timestamps at all, repeated ones, two fields in two packets, hidden frames
without a mark), one decoding pass at reduced effort finds out which packet shows which frame.
"""

from __future__ import annotations

import functools
import itertools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from flavr_core.errors import MediaError
from flavr_core.media.animation import read_animation
from flavr_core.media.opening import check_file, decoder_of, open_container, pick_video
from flavr_core.media.timestamps import repair, usual_step

NO_PTS = -(2**63)
"""In an array of times: none."""
_JUMPING_FORMATS = {"mpegts", "mpeg", "mpegtsraw", "vob"}
"""Containers whose clock may restart anywhere; there, longer gaps than this are joined."""
_LONGEST_GAP_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPacket:
    """A packet at which decoding may begin."""

    ordinal: int
    """Number of the packet in the stream, in order of decoding."""
    position: int | None
    """Byte in the file, where known."""
    pts: int | None
    """The file's own presentation time."""
    dts: int | None
    """The file's own decoding time."""
    first_index: int
    """Frames from this number on can be decoded from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketIndex:
    """All frames of a video stream and how to get at them."""

    stream_index: int
    """Number of the stream in the file."""
    time_base: Fraction
    """Seconds a unit of `pts`."""
    stream_time_base: Fraction
    """Seconds a unit of the packets' own times."""
    pts: array[int]
    """When each frame is shown, in order; strictly rising."""
    end_pts: int
    """Where the last frame stops being shown."""
    keys: tuple[KeyPacket, ...]
    """Packets at which decoding may begin, in order; the first is the stream's first packet."""
    shown_as: array[int] | None = None
    """Number of the frame that each packet shows, -1 for none; None where times alone tell."""
    notes: tuple[str, ...] = ()
    """What was repaired."""
    _key_numbers: dict[tuple[int | None, int | None], int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for number, key in enumerate(self.keys):
            self._key_numbers[key.position, key.pts] = number

    def key_for(self, index: int) -> int:
        """Number of the last key packet from which frame `index` can be decoded."""
        return max(0, bisect_right(self.keys, index, key=lambda key: key.first_index) - 1)

    def identify(self, packet: Packet[VideoStream]) -> int | None:
        """Number of the key packet that this is, by its place and time; None when unknown."""
        return self._key_numbers.get((packet.pos, packet.pts))

    def index_of(self, pts: int | None) -> int | None:
        """The frame shown at exactly `pts`; None when there is none."""
        if pts is None:
            return None
        place = bisect_left(self.pts, pts)
        return place if place < len(self.pts) and self.pts[place] == pts else None


@dataclass(slots=True)
class _Scan:
    """Raw facts of all packets, in order of decoding."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    duration: array[int] = field(default_factory=lambda: array("q"))
    shown: bytearray = field(default_factory=bytearray)
    keys: list[tuple[int, int | None, int | None, int | None]] = field(default_factory=list)
    promised: int = 0
    """Frames that the file's index names; 0 where it has none."""
    broken_at: str = ""
    """What libav says of the place where reading ended before the end."""


def read_index(path: Path) -> PacketIndex:
    """The index of the video in `path`; kept for the files read last, until they change.

    Raises:
        MediaError: when the file cannot be read or shows no frame.
    """
    check_file(path)
    stat = path.stat()
    return _read_index(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _read_index(path: Path, _size: int, _mtime_ns: int) -> PacketIndex:
    with open_container(path) as container:
        stream = pick_video(container, path)
        scan = _scan_packets(container, stream)
        if "mp4" not in container.format.name:
            scan.promised = 0  # elsewhere the number is a guess, or counts frames that were never stored
        if not any(scan.shown):
            raise MediaError(
                f"'{path}' holds no picture.",
                "The file ends before its first frame; copy it again.",
            )
        context = _Context(
            container=container.format.name,
            stream_index=stream.index,
            time_base=stream.time_base or Fraction(1, 1000),
            rates=_rates(stream),
        )
    if context.container in ("gif", "apng"):
        return _index_of_animation(path, scan, context)
    if _is_plain(scan, container=context.container, time_base=context.time_base):
        times = sorted(pts for pts, flag in zip(scan.pts, scan.shown, strict=True) if flag)
        first = _first_shown(path, times)
        if first is not None:
            return _index_by_times(scan, times, first, context)
    return _index_by_decoding(path, scan, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What is known of the stream beside its packets."""

    container: str
    stream_index: int
    time_base: Fraction
    rates: tuple[Fraction, ...]

    @property
    def step(self) -> int:
        """Usual distance between frames by the file's own claim, in units of the time base."""
        return max(1, round(1 / (self.rates[0] * self.time_base))) if self.rates else 1


def _is_plain(scan: _Scan, *, container: str, time_base: Fraction) -> bool:
    """Whether every shown packet has a time of its own, and the clock never jumps."""
    times = sorted(pts for pts, flag in zip(scan.pts, scan.shown, strict=True) if flag)
    delays = {pts - dts for pts, dts in zip(scan.pts, scan.dts, strict=True)}
    if container == "avi" and len(delays) == 1 and delays != {0}:
        return False  # AVI stores no order of display, and libav guessed the same delay for all
    if times[0] == NO_PTS or any(a == b for a, b in itertools.pairwise(times)):
        return False
    key_times = [pts for _, _, pts, _ in scan.keys if pts is not None]
    if any(a > b for a, b in itertools.pairwise(key_times)):
        return False
    longest = _LONGEST_GAP_S / time_base
    return not (container in _JUMPING_FORMATS and any(b - a > longest for a, b in itertools.pairwise(times)))


def _rates(stream: VideoStream) -> tuple[Fraction, ...]:
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    return tuple(rate for rate in rates if rate and 0 < rate <= 1000)


def _scan_packets(container: av.container.InputContainer, stream: VideoStream) -> _Scan:
    scan = _Scan(promised=stream.frames)
    is_shown = _SHOWS.get(stream.codec_context.codec.canonical_name, lambda _: True)
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue  # the flush at the end
            if packet.is_keyframe or not scan.pts:
                scan.keys.append((len(scan.pts), packet.pos, packet.pts, packet.dts))
            scan.pts.append(NO_PTS if packet.pts is None else packet.pts)
            scan.dts.append(NO_PTS if packet.dts is None else packet.dts)
            scan.duration.append(packet.duration or 0)
            scan.shown.append(not packet.is_discard and is_shown(packet))
    except FFmpegError as error:
        scan.broken_at = str(error.strerror)
    return scan


def _vp8_shows(packet: Packet[VideoStream]) -> bool:
    return bool(bytes(memoryview(packet)[:1])[0] & 0x10)


def _vp9_shows(packet: Packet[VideoStream]) -> bool:
    """Whether a VP9 packet shows a frame (VP9 bitstream specification, 6.2); superframes always do."""
    view = memoryview(packet)
    if view[-1] & 0xE0 == 0xC0 and len(view) > 1:
        return True
    first = view[0]
    profile = (first >> 5 & 1) | (first >> 4 & 1) << 1
    shift = 3 if profile < 3 else 2
    if first >> shift & 1:
        return True  # shows an existing frame
    return bool(first >> (shift - 2) & 1)


_SHOWS = {"vp8": _vp8_shows, "vp9": _vp9_shows}


_HEAD_FRAMES = 4
_HEAD_FRAMES_OF_FIELDS = 24
"""Frames looked at where fields may be coded one by one, which comes and goes within a clip."""


def _first_shown(path: Path, times: Sequence[int]) -> int | None:
    """Number in `times` of the first frame that the decoder gives, or None where they do not agree.

    Frames before it cannot be decoded: what they refer to was cut off.
    """
    found: list[int | None] = []
    with open_container(path) as container:
        stream = pick_video(container, path)
        may_be_fields = stream.codec_context.field_order > 1
        wanted = _HEAD_FRAMES_OF_FIELDS if may_be_fields else _HEAD_FRAMES
        for picture in decode_stream(container, stream):
            found.append(picture.pts)
            if len(found) == wanted:
                break
    if not found or found[0] is None:
        return None
    first = bisect_left(times, found[0])
    return first if list(times[first : first + len(found)]) == found else None


def decode_stream(
    container: av.container.InputContainer,
    stream: VideoStream,
    *,
    decoder: VideoCodecContext | None = None,
    number_packets: bool = False,
) -> Iterator[av.VideoFrame]:
    """All pictures from the container's place to its end; what cannot be decoded is passed over.

    Args:
        container: open, at any place; it is read to its end.
        stream: the video.
        decoder: what decodes; None for one that gives pictures as early as it can.
        number_packets: give each packet its number as its time, so that each picture tells its packet.
    """
    numbers = itertools.count()
    decoder = decoder or decoder_of(stream, threads=False)
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue  # an empty one would end the decoder
            if number_packets:
                packet.pts = next(numbers)
            yield from decode_packet(decoder, packet)
    except FFmpegError:
        pass  # the file breaks off; what was read so far is shown
    yield from decode_packet(decoder, None)


def decode_packet(decoder: VideoCodecContext, packet: Packet[VideoStream] | None) -> list[av.VideoFrame]:
    """Pictures that come out when a packet goes in; none where it is damaged. None ends the stream."""
    try:
        return decoder.decode(packet)
    except (FFmpegError, ValueError):
        return []


def _index_by_times(scan: _Scan, times: Sequence[int], first: int, context: _Context) -> PacketIndex:
    """The index where each shown packet is one frame, shown at its own time."""
    pts = array("q", times[first:])
    last_packet = max(
        (number for number, flag in enumerate(scan.shown) if flag), key=lambda number: scan.pts[number]
    )
    notes = []
    if first:
        notes.append(f"The first {first} frames cannot be decoded, for what they refer to was cut off.")
    keys, seen, highest = [], 0, NO_PTS
    for ordinal, position, key_pts, dts in scan.keys:
        for number in range(seen, ordinal):
            if scan.shown[number]:
                highest = max(highest, scan.pts[number])
        seen = ordinal
        begin = max(highest + 1, NO_PTS if key_pts is None else key_pts) if ordinal else NO_PTS
        keys.append(
            KeyPacket(
                ordinal=ordinal,
                position=position,
                pts=key_pts,
                dts=dts,
                first_index=bisect_left(pts, begin),
            )
        )
    step = usual_step(pts, default=context.step)
    return PacketIndex(
        stream_index=context.stream_index,
        time_base=context.time_base,
        stream_time_base=context.time_base,
        pts=pts,
        end_pts=pts[-1] + (scan.duration[last_packet] or step),
        keys=tuple(keys),
        notes=(*notes, *_broken_notes(scan)),
    )


def _index_of_animation(path: Path, scan: _Scan, context: _Context) -> PacketIndex:
    """The index of a GIF or APNG: its own delays, and every picture painted over the one before."""
    animation = read_animation(path)
    times, end, time_base = animation.times(len(scan.pts))
    _, position, pts, dts = scan.keys[0]
    return PacketIndex(
        stream_index=context.stream_index,
        time_base=time_base,
        stream_time_base=context.time_base,
        pts=times,
        end_pts=end,
        keys=(KeyPacket(ordinal=0, position=position, pts=pts, dts=dts, first_index=0),),
        shown_as=array("q", range(len(scan.pts))),
        notes=(*animation.notes(), *_broken_notes(scan)),
    )


def _broken_notes(scan: _Scan) -> tuple[str, ...]:
    found = []
    if len(scan.pts) < scan.promised:
        found.append(
            f"The file is cut off: its index names {scan.promised} frames, {len(scan.pts)} are there."
        )
    if scan.broken_at:
        found.append(f"Reading ended before the file did: {scan.broken_at}.")
    return tuple(found)


def _index_by_decoding(path: Path, scan: _Scan, context: _Context) -> PacketIndex:
    """The index found by decoding everything once, where times alone do not tell."""
    order = _display_order(path, len(scan.pts))
    if not order:
        raise MediaError(
            f"No picture in '{path}' can be decoded.", "The file is damaged; copy or download it again."
        )
    raw: list[int | None] = [None if scan.pts[number] == NO_PTS else scan.pts[number] for number in order]
    notes = ["The file's timestamps do not tell its frames; it was decoded once to find them."]
    has_dts = all(scan.dts[number] != NO_PTS for number in order)
    if all(time is None for time in raw) and has_dts:
        # Without reordering information the n-th picture is shown at the n-th decoding time.
        decoding_times = sorted(scan.dts[number] for number in order)
        raw = [time - decoding_times[0] for time in decoding_times]
    elif context.container == "avi":
        # The times are right as a set; which picture has which is what AVI does not say.
        known = sorted(time for time in raw if time is not None)
        raw = [*known] if len(known) == len(raw) else raw
    step = usual_step(sorted(time for time in raw if time is not None), default=context.step)
    longest = int(_LONGEST_GAP_S / context.time_base) if context.container in _JUMPING_FORMATS else None
    fixed = repair(raw, step=step, longest_gap=longest)
    shown_as = array("q", bytes(b"\xff" * 8 * len(scan.pts)))
    for place, number in enumerate(order):
        shown_as[number] = place
    return PacketIndex(
        stream_index=context.stream_index,
        time_base=context.time_base / fixed.scale,
        stream_time_base=context.time_base,
        pts=array("q", fixed.pts),
        end_pts=fixed.pts[-1] + step * fixed.scale,
        keys=_keys_by_order(scan, shown_as),
        shown_as=shown_as,
        notes=(*notes, *fixed.notes(), *_broken_notes(scan)),
    )


def _display_order(path: Path, num_packets: int) -> list[int]:
    """Numbers of the packets in the order in which their pictures are shown."""
    order: list[int] = []
    seen = bytearray(num_packets)
    with open_container(path) as container:
        stream = pick_video(container, path)
        decoder = decoder_of(stream)
        # Only the order is wanted: the costly last steps of decoding are left out.
        decoder.options = {"skip_loop_filter": "all", "skip_idct": "all"}
        for picture in decode_stream(container, stream, decoder=decoder, number_packets=True):
            number = picture.pts
            if number is not None and 0 <= number < num_packets and not seen[number]:
                seen[number] = 1
                order.append(number)
    return order


def _keys_by_order(scan: _Scan, shown_as: array[int]) -> tuple[KeyPacket, ...]:
    keys, seen, highest = [], 0, -1
    for ordinal, position, pts, dts in scan.keys:
        for number in range(seen, ordinal):
            highest = max(highest, shown_as[number])
        seen = ordinal
        first = max(highest + 1, shown_as[ordinal]) if ordinal else 0
        keys.append(KeyPacket(ordinal=ordinal, position=position, pts=pts, dts=dts, first_index=first))
    return tuple(keys)
