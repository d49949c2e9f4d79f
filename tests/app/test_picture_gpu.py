"""The GPU's pictures against the software path's, pixel by pixel.

Needs a screen with OpenGL: an X server is started where Xvfb is installed (Mesa paints without a GPU),
else the test is skipped. The comparison itself is this file, run as a program.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QShader

SHADERS = Path(__file__).parents[2] / "resources" / "shaders"
NO_GPU = 77
"""Exit code where no OpenGL context can be had."""


@pytest.fixture(scope="module")
def distances() -> dict[str, list[float]]:
    """[largest, mean, share above two codes] of the difference between both paths, by case."""
    if shutil.which("xvfb-run") is None:
        pytest.skip("needs Xvfb")
    command = ["xvfb-run", "-a", "-s", "-screen 0 800x600x24", sys.executable, __file__]
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "QT_SCALE_FACTOR": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    if done.returncode == NO_GPU:
        pytest.skip("no OpenGL context can be had")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_format_is_shown_alike(distances: dict[str, list[float]]) -> None:
    cases = {name: values for name, values in distances.items() if name.startswith("1:1 ")}
    assert len(cases) >= 9
    for name, (largest, mean, share) in cases.items():
        # Where a colour leaves the screen's gamut, powers of nearly nothing differ; nowhere else.
        assert largest <= 2 or not name.endswith("transfer 2"), name
        assert mean < 0.15, name
        assert share < 0.005, name


def test_every_view_and_zoom_is_shown_alike(distances: dict[str, list[float]]) -> None:
    plain = {name: values for name, values in distances.items() if not name.startswith("1:1 ")}
    cases = {name: values for name, values in plain.items() if name != "wrong matrix"}
    assert len(cases) >= 8
    for name, (_, mean, share) in cases.items():
        assert mean < 1, name
        assert share < 0.01 or name in ("small", "fitted difference"), name


def test_the_comparison_can_fail(distances: dict[str, list[float]]) -> None:
    assert distances["wrong matrix"][1] > 2


@pytest.mark.parametrize("stage", ["vert", "frag"])
def test_shaders_are_baked_from_their_source(stage: str, tmp_path: Path) -> None:
    tool = shutil.which("pyside6-qsb", path=Path(sys.executable).parent)
    if tool is None:
        pytest.skip("needs pyside6-qsb")
    baked = tmp_path / "baked.qsb"
    targets = ["--glsl", "300 es,130,150", "--hlsl", "50", "--msl", "12"]
    subprocess.run(
        [tool, *targets, "-o", str(baked), str(SHADERS / f"picture.{stage}")], check=True, capture_output=True
    )
    kept = QShader.fromSerialized((SHADERS / f"picture.{stage}.qsb").read_bytes())
    assert kept.isValid()
    assert QShader.fromSerialized(baked.read_bytes()) == kept


def compare() -> int:
    """Paint everything both ways and print the distances."""
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QImage
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from app.widgets.compare_view import CompareView, DifferenceKind, Renderer, ViewMode
    from flavr_core.color import ColorSpec, Matrix, Range, Siting
    from flavr_core.frame import Frame, PixelFamily, PixelFormat

    application = QApplication([])

    def frame(format_: PixelFormat, color: ColorSpec, seed: int = 0, *, width: int = 100) -> Frame:
        height = width * 3 // 4
        rng = np.random.default_rng(seed)
        planes = []
        for number in range(format_.num_planes):
            rows, columns = format_.plane_shape(number, width=width, height=height)
            y, x = np.mgrid[0:rows, 0:columns]
            wave = np.sin(x / 7 + rng.uniform(0, 6)) * np.cos(y / 6 + rng.uniform(0, 6))
            planes.append(((128 + 90 * wave) * 2 ** (format_.depth - 8)).astype(format_.dtype))
        return Frame(planes=tuple(planes), format=format_, color=color, time=Fraction(0), index=0)

    def pixels(image: QImage) -> np.ndarray:
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)

    views = [CompareView(renderer=renderer) for renderer in (Renderer.GPU, Renderer.SOFTWARE)]
    for view in views:
        view.resize(200, 150)
        view.show()
    QTest.qWait(200)
    if views[0].renderer is not Renderer.GPU:
        return NO_GPU
    results: dict[str, list[float]] = {}

    def measure(name: str, action: object) -> None:
        shown = []
        for view in views:
            action(view)  # type: ignore[operator]
            application.processEvents()
            shown.append(pixels(view.grab().toImage()))
        apart = np.abs(shown[0] - shown[1])
        results[name] = [float(apart.max()), float(apart.mean()), float((apart.max(axis=2) > 2).mean())]

    yuv, rgb, gray = PixelFamily.YUV, PixelFamily.RGB, PixelFamily.GRAY
    half = {"log2_chroma_w": 1, "log2_chroma_h": 1}
    cases = [
        (PixelFormat(family=yuv, **half), ColorSpec()),
        (
            PixelFormat(family=yuv, **half),
            ColorSpec(matrix=Matrix.BT709, range=Range.FULL, siting=Siting.CENTER),
        ),
        (PixelFormat(family=yuv, **half, depth=10), ColorSpec(matrix=Matrix.BT709, siting=Siting.TOPLEFT)),
        (PixelFormat(family=yuv, log2_chroma_w=1, depth=12), ColorSpec()),
        (PixelFormat(family=yuv, has_alpha=True), ColorSpec(matrix=Matrix.BT709)),
        (PixelFormat(family=rgb), ColorSpec()),
        (PixelFormat(family=rgb, depth=16), ColorSpec()),
        (PixelFormat(family=gray), ColorSpec()),
        (PixelFormat(family=gray, depth=10), ColorSpec(range=Range.LIMITED)),
        (PixelFormat(family=yuv, **half, depth=10), ColorSpec(primaries=9, transfer=16)),
        (PixelFormat(family=yuv, **half, depth=10), ColorSpec(primaries=9, transfer=18)),
        (PixelFormat(family=yuv, **half, depth=10), ColorSpec(primaries=9, transfer=14)),
    ]
    for format_, color in cases:

        def one_to_one(view: CompareView, format_: PixelFormat = format_, color: ColorSpec = color) -> None:
            view.clear()
            view.set_mode(ViewMode.A)
            view.set_picture("a", frame(format_, color), "")
            view.one_to_one()

        measure(f"1:1 {format_} {color.matrix} {color.range} transfer {color.transfer}", one_to_one)
    plain = PixelFormat(family=yuv, **half)

    def both(view: CompareView) -> None:
        view.clear()
        view.fit()
        view.set_picture("a", frame(plain, ColorSpec(), 1), "A")
        view.set_picture("b", frame(plain, ColorSpec(), 2), "B")

    measure("both", both)
    for mode in ViewMode:
        if mode is not ViewMode.FLIP:
            measure(f"fitted {mode}", lambda view, mode=mode: view.set_mode(mode))
    measure(
        "signed",
        lambda view: (view.set_mode(ViewMode.DIFFERENCE), view.set_difference(DifferenceKind.SIGNED, 2)),
    )
    measure("linear", lambda view: view.set_difference(DifferenceKind.LINEAR))
    measure("zoomed", lambda view: (view.set_mode(ViewMode.WIPE), view.set_zoom(13.7, QPointF(75, 100))))

    def small(view: CompareView) -> None:
        view.fit()
        view.set_picture("a", frame(plain, ColorSpec(), 1, width=240), "A")
        view.set_picture("b", frame(plain, ColorSpec(), 2, width=240), "B")

    measure("small", small)
    views[1].set_picture(
        "a", frame(plain, ColorSpec(matrix=Matrix.BT2020_NCL, range=Range.FULL), 1, width=240), "A"
    )
    measure("wrong matrix", lambda view: None)
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(compare())
