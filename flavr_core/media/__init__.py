"""Clips in and out: what is in a file, its frames in order, and the file that is written."""

from flavr_core.media.probing import probe as probe
from flavr_core.media.sources import FrameSource as FrameSource
from flavr_core.media.sources import open_source as open_source
