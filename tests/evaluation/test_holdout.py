import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flavr_core.cli import main
from flavr_core.errors import MediaError
from flavr_core.evaluation.holdout import find_clips, holdout_samples


def _make_clip(path: Path, *, frames: int, value_step: int = 5) -> Path:
    """Lossless gray-level RGB: frame n is value_step * n all over."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "bgr0"
        for number in range(frames):
            picture = np.full((32, 48, 3), value_step * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="bgr0")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_inputs_are_every_second_frame_and_the_truth_lies_between(tmp_path):
    clip = _make_clip(tmp_path / "a clip.mkv", frames=23)
    samples = list(holdout_samples(clip))
    assert [sample.name for sample in samples] == ["00000", "00008", "00016"]
    for sample in samples:
        start = int(sample.name)
        assert [int(picture[0, 0, 0]) // 5 for picture in sample.inputs] == [
            start,
            start + 2,
            start + 4,
            start + 6,
        ]
        [truth] = sample.truths
        assert truth.position == Fraction(1, 2)
        assert int(truth.picture[0, 0, 0]) == 5 * (start + 3)
        assert truth.picture.shape == (32, 48, 3)
        assert truth.picture.dtype == np.uint8


def test_distance_of_samples_is_free(tmp_path):
    clip = _make_clip(tmp_path / "clip.mkv", frames=12)
    assert [sample.name for sample in holdout_samples(clip, every=2)] == ["00000", "00002", "00004"]
    assert list(holdout_samples(_make_clip(tmp_path / "short.mkv", frames=6))) == []


def test_a_folder_of_clips_stands_for_its_clips(tmp_path):
    (tmp_path / "stills").mkdir()
    (tmp_path / "stills" / "1.png").touch()
    (tmp_path / "b.mkv").touch()
    assert find_clips([tmp_path]) == [tmp_path / "b.mkv", tmp_path / "stills"]
    assert find_clips([tmp_path / "stills"]) == [tmp_path / "stills"]
    with pytest.raises(MediaError, match="no file"):
        find_clips([tmp_path / "missing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="is empty"):
        find_clips([tmp_path / "empty"])


def test_the_command_prints_json_and_saves_pictures(tmp_path, capsys):
    clip = _make_clip(tmp_path / "ramp.mkv", frames=15)
    code = main(
        [
            "evaluate",
            "--holdout",
            str(clip),
            "--models",
            "blend",
            "--json",
            "--pictures",
            str(tmp_path / "out"),
        ]
    )
    assert code == 0
    record = json.loads(capsys.readouterr().out)
    # A linear ramp is what blending draws exactly.
    assert record["networks"][0]["clips"]["ramp.mkv"]["psnr"] == pytest.approx(80, abs=0.1)
    assert len(list((tmp_path / "out").glob("*.png"))) == 1


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert main(["evaluate", "--holdout", str(tmp_path / "missing.mp4")]) == 3
    short = _make_clip(tmp_path / "short.mkv", frames=3)
    assert main(["evaluate", "--holdout", str(short), "--models", "blend"]) == 2
    assert "no clip has enough frames" in capsys.readouterr().err
    assert main(["evaluate", "--holdout", str(short), "--every", "0"]) == 2
