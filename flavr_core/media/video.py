"""Frames of a video file, from any frame number on, exactly those that its index promises.

A picture is matched to its frame number by its timestamp (or by its packet, where timestamps were
repaired), never by counting what the decoder happens to give. A frame that cannot be decoded is shown
as the one before it, and said so.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from flavr_core.clip import ClipInfo
from flavr_core.errors import MediaError
from flavr_core.frame import Frame
from flavr_core.media.interlace import LEAD_IN, deinterlace
from flavr_core.media.opening import decoder_of, open_container, pick_video
from flavr_core.media.orientation import Orientation, orientation_of
from flavr_core.media.packets import PacketIndex, decode_packet, read_index
from flavr_core.media.pixels import frame_from_av
from flavr_core.timing import format_time

Numbered = tuple[int | None, av.VideoFrame]
"""A decoded picture and the number of its frame; None where it is none of the clip's frames."""
Shown = tuple[int, av.VideoFrame]
"""A picture and the number of the frame that it is shown as."""


class PictureReader:
    """One open file: decodes from a key packet on and numbers what comes out."""

    def __init__(self, path: Path, index: PacketIndex) -> None:
        self._path = path
        self._index = index
        self._container = open_container(path)
        self._stream: VideoStream = pick_video(self._container, path)
        self._decoder = decoder_of(self._stream)
        self._is_fresh = True

    def close(self) -> None:
        """Free the decoder and the file."""
        self._container.close()

    def read_from(self, key_number: int) -> Iterator[Numbered]:
        """Decode from key packet `key_number`, or an earlier one, to the end of the file.

        Pictures before the first one that can be trusted after a jump are left out.
        """
        landed, packets = self._jump(key_number)
        key = self._index.keys[landed]
        trusted_from = key.first_index if landed else 0
        for number, picture in self._decode(packets, key.ordinal):
            # After a jump, pictures without a frame are leading ones whose references were left behind.
            if (number is None and landed == 0) or (number is not None and number >= trusted_from):
                yield number, picture

    def _decode(self, packets: Iterator[Packet[VideoStream]], ordinal: int) -> Iterator[Numbered]:
        shown_as = self._index.shown_as
        try:
            for packet in packets:
                if packet.size == 0:
                    continue
                if shown_as is not None:
                    packet.pts = ordinal
                    ordinal += 1
                for picture in decode_packet(self._decoder, packet):
                    yield self._number(picture), picture
        except FFmpegError:
            pass  # the file breaks off; frames that are missing now are held by the caller
        for picture in decode_packet(self._decoder, None):
            yield self._number(picture), picture

    def _number(self, picture: av.VideoFrame) -> int | None:
        shown_as = self._index.shown_as
        if shown_as is None:
            return self._index.index_of(picture.pts)
        ordinal = picture.pts
        if ordinal is None or not 0 <= ordinal < len(shown_as) or shown_as[ordinal] < 0:
            return None
        return shown_as[ordinal]

    def _jump(self, key_number: int) -> tuple[int, Iterator[Packet[VideoStream]]]:
        """Place the file at or before a key packet; returns which one, and the packets from it on."""
        step = 1
        while key_number > 0:
            key = self._index.keys[key_number]
            for target in dict.fromkeys((key.pts, key.dts)):
                if target is None:
                    continue
                found = self._seek(target)
                if found is not None and found[0] <= key_number:
                    return found
            key_number, step = max(0, key_number - step), 2 * step
        self._reopen()
        return 0, self._container.demux(self._stream)

    def _seek(self, target: int) -> tuple[int, Iterator[Packet[VideoStream]]] | None:
        """Seek by time; returns the key packet it came to, when it is a known one."""
        try:
            self._container.seek(target, stream=self._stream, backward=True)
            self._decoder.flush_buffers()
            self._is_fresh = False
            packets = self._container.demux(self._stream)
            for packet in packets:
                if packet.size == 0:
                    return None
                landed = self._index.identify(packet)
                if landed is not None:
                    return landed, _chain(packet, packets)
        except FFmpegError:
            return None
        return None

    def _reopen(self) -> None:
        if self._is_fresh:
            self._is_fresh = False
            return
        self._container.close()
        self._container = open_container(self._path)
        self._stream = pick_video(self._container, self._path)
        self._decoder = decoder_of(self._stream)
        self._is_fresh = False


def _chain(first: Packet[VideoStream], rest: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    yield first
    yield from rest


class _Run:
    """A reader and the pictures that come out of it: how far it has got."""

    def __init__(self, reader: PictureReader) -> None:
        self.reader = reader
        self.pictures: Generator[Shown, None, None] | None = None
        self.next_index: int | None = None

    def restart(self, pictures: Generator[Shown, None, None], start: int) -> Generator[Shown, None, None]:
        if self.pictures is not None:
            self.pictures.close()
        self.pictures, self.next_index = pictures, start
        return pictures

    def close(self) -> None:
        if self.pictures is not None:
            self.pictures.close()
        self.reader.close()


class VideoSource:
    """Frames of a video file, upright and deinterlaced, in the clip's own pixel format."""

    def __init__(self, info: ClipInfo) -> None:
        self.info = info
        self._orientation: Orientation | None = None
        self._index = read_index(info.path)
        if len(self._index.pts) != len(info.times):
            raise MediaError(f"'{info.path}' has changed since it was read.", "Open it again.")
        self._parked: _Run | None = None
        self._held: set[int] = set()
        self._damaged: set[int] = set()
        self._extra: set[int] = set()
        self._combed: set[int] = set()
        self._scaled_from: int | None = None
        self._is_closed = False

    def __enter__(self) -> VideoSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the decoder and the file. Frames that were handed out stay valid."""
        self._is_closed = True
        if self._parked is not None:
            self._parked.close()
            self._parked = None

    @property
    def notes(self) -> list[str]:
        """Repairs found while decoding, so far."""
        found = []
        if self._held:
            first = min(self._held)
            found.append(
                f"{len(self._held)} of {len(self.info.times)} frames could not be decoded (the first is frame"
                f" {first} at {format_time(self.info.times.time(first))}); the one before is shown instead."
            )
        if self._damaged:
            found.append(
                f"{len(self._damaged)} frames are damaged (the first is frame {min(self._damaged)}); they are"
                " shown as far as they could be decoded."
            )
        if self._combed:
            found.append(
                f"{len(self._combed)} frames (the first is frame {min(self._combed)}) are interlaced in a"
                " clip that does not begin so; they are left as they are."
            )
        if self._extra:
            found.append(f"{len(self._extra)} decoded pictures belong to no frame and were left out.")
        if self._scaled_from is not None:
            found.append(
                f"The picture's size or format changes at frame {self._scaled_from};"
                " from there it is scaled to the first."
            )
        return found

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1 in order, exactly one for each; may be called again at any time."""
        end = len(self.info.times) if stop is None else min(stop, len(self.info.times))
        if self._is_closed:
            raise ValueError("the source is closed")
        if start >= end:
            return
        start = max(start, 0)
        run, self._parked = self._parked, None
        if run is None:
            run = _Run(PictureReader(self.info.path, self._index))
        try:
            pictures = run.pictures
            if pictures is None or not self._continues(run, start):
                pictures = run.restart(self._complete(run.reader, start), start)
            for index, picture in pictures:
                run.next_index = index + 1
                if index >= start:
                    yield self._frame(picture, index)
                if run.next_index >= end:
                    return
        except Exception:
            run.pictures = None  # it cannot go on
            raise
        finally:
            self._park(run)

    def _continues(self, run: _Run, start: int) -> bool:
        """Whether going on from where a run stands is the shortest way to frame `start`."""
        if run.next_index is None or run.next_index > start:
            return False
        return self._index.keys[self._index.key_for(start)].first_index <= run.next_index

    def _park(self, run: _Run) -> None:
        """Keep one open file, where it stands, for the next call; two runs at once have one each."""
        if self._parked is None and not self._is_closed:
            self._parked = run
        else:
            run.close()

    def _complete(self, reader: PictureReader, start: int) -> Generator[Shown, None, None]:
        """A picture for every frame from `start` to the end; those that are missing are held."""
        count = len(self.info.times)
        needed = max(start - LEAD_IN, 0) if self.info.interlaced else start
        key_number, step = self._index.key_for(needed), 1
        while True:
            with closing(self._numbered(reader, key_number)) as pictures:
                current: Shown | None = None
                wanted = start
                for number, picture in pictures:
                    if number is None:
                        self._extra.add(picture.pts if picture.pts is not None else -1)
                        continue
                    if current is None and number > needed and key_number > 0:
                        break  # not decodable from here after all: begin earlier
                    while wanted < min(number, count):
                        yield wanted, self._hold(current or (number, picture), wanted)
                        wanted += 1
                    current = (number, picture)
                    if number == wanted:
                        yield wanted, picture
                        wanted += 1
                else:
                    if current is not None:
                        for missing in range(wanted, count):
                            yield missing, self._hold(current, missing)
                        return
                    if key_number == 0:
                        raise MediaError(
                            f"No picture in '{self.info.path}' can be decoded.",
                            "The file is damaged; copy or download it again.",
                        )
            key_number, step = max(0, key_number - step), 2 * step

    def _hold(self, current: Shown, index: int) -> av.VideoFrame:
        """The picture shown in place of one that is missing."""
        self._held.add(index)
        return current[1]

    def _numbered(self, reader: PictureReader, key_number: int) -> Generator[Numbered, None, None]:
        pictures = reader.read_from(key_number)
        if not self.info.interlaced:
            yield from pictures
            return
        yield from deinterlace(pictures)

    def _frame(self, picture: av.VideoFrame, index: int) -> Frame:
        if picture.interlaced_frame and not self.info.interlaced:
            self._combed.add(index)
        if picture.is_corrupt and index not in self._held:
            self._damaged.add(index)
        if self._orientation is None:
            self._orientation = orientation_of(picture)[0]
        size = self._orientation.size(self.info.width, self.info.height)
        if (picture.width, picture.height) != size or picture.format.name != self.info.stored_format:
            self._scaled_from = min(index, index if self._scaled_from is None else self._scaled_from)
            # One thread: swscale's slices may write into each other's first columns.
            picture = picture.reformat(
                width=size[0], height=size[1], format=self.info.stored_format, threads=1
            )
        frame = frame_from_av(picture, index=index, time=self.info.times.time(index), color=self.info.color)
        if frame.format.has_alpha and not self.info.format.has_alpha:
            frame = replace(
                frame, planes=frame.planes[:-1], format=replace(frame.format, has_alpha=False)
            )  # every picture was found to be opaque
        return self._orientation.apply(frame)
