"""The sample clip, drawn and played by this program: `render_sample` writes it, `SampleScene` draws it.

Two scenes with a hard cut between them, a caption that stands still, film grain, sound. Every picture is
a function of time alone, so the same clip can be had at any rate: what is between two frames is known.
"""

from flavr_core.sample.clip import CUT_S, DURATION_S, SampleScene, render_sample

__all__ = ["CUT_S", "DURATION_S", "SampleScene", "render_sample"]
