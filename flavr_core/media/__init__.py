"""Clips in and out: what is in a file, its frames in order, and the file that is written."""

from flavr_core.media.assemble import assemble as assemble
from flavr_core.media.encoding import EncodingPlan as EncodingPlan
from flavr_core.media.planning import plan_encoding as plan_encoding
from flavr_core.media.probing import probe as probe
from flavr_core.media.sequence import read_image as read_image
from flavr_core.media.sinks import FrameSink as FrameSink
from flavr_core.media.sinks import open_segment as open_segment
from flavr_core.media.sources import FrameSource as FrameSource
from flavr_core.media.sources import entry_points as entry_points
from flavr_core.media.sources import open_source as open_source
from flavr_core.media.sources import source_files as source_files
from flavr_core.media.verification import Verification as Verification
from flavr_core.media.verify import verify_output as verify_output
