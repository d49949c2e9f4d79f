"""Painting pictures on the GPU: planes are uploaded as they are, everything else is the shader's.

The shader (`resources/shaders/picture.frag`, baked with pyside6-qsb) takes the same steps as
`flavr_core.comparison.display`, for the same numbers; `tests/app/test_picture_gpu.py` compares both.
Only new frames are uploaded, so zoom, pan and wipe cost nothing but a draw.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QMatrix4x4,
    QOffscreenSurface,
    QOpenGLContext,
    QRhiBuffer,
    QRhiCommandBuffer,
    QRhiDepthStencilClearValue,
    QRhiGraphicsPipeline,
    QRhiSampler,
    QRhiShaderResourceBinding,
    QRhiShaderStage,
    QRhiTexture,
    QRhiTextureSubresourceUploadDescription,
    QRhiTextureUploadDescription,
    QRhiTextureUploadEntry,
    QRhiVertexInputLayout,
    QRhiViewport,
    QShader,
)
from PySide6.QtWidgets import QRhiWidget, QWidget

from app.widgets.picture_geometry import Layer, Shown, visible_part
from app.widgets.picture_software import PictureState
from flavr_core.comparison.display import code_map, plane_place, plane_ratio, resolved_color
from flavr_core.comparison.tone import HLG, PQ, tone_map
from flavr_core.comparison.views import DifferenceKind
from flavr_core.frame import Frame, PixelFamily

_log = logging.getLogger(__name__)

VARIABLE = "FLAVR_STUDIO_RENDERER"
"""Environment variable: `gpu`, `software` or `auto`."""
_SHADERS = Path(__file__).parents[2] / "resources" / "shaders"
_BLOCK_BYTES = 480
_MOST_LAYERS = 2
_KINDS = {DifferenceKind.LINEAR: 0.0, DifferenceKind.AMPLIFIED: 1.0, DifferenceKind.SIGNED: 2.0}
_WHAT = {Shown.A: 0.0, Shown.B: 1.0, Shown.DIFFERENCE: 2.0}
_SLOW_DEVICES = ("llvmpipe", "softpipe", "swrast", "swiftshader", "basic render")
"""Drivers that are no GPU, in lower case: painting without them is quicker."""


class Renderer(StrEnum):
    """Who paints the pictures."""

    AUTO = "auto"
    """The GPU where there is one."""
    GPU = "gpu"
    """The GPU, or what stands in for one."""
    SOFTWARE = "software"
    """The processor."""


def chosen_renderer(wanted: Renderer = Renderer.AUTO) -> Renderer:
    """GPU or SOFTWARE: what the environment says, else what is wanted, else what there is."""
    named = os.environ.get(VARIABLE, "").strip().lower()
    if named in (Renderer.GPU, Renderer.SOFTWARE):
        wanted = Renderer(named)
    if wanted is not Renderer.AUTO:
        return wanted
    return Renderer.GPU if _has_gpu() else Renderer.SOFTWARE


def _has_gpu() -> bool:
    """Whether there is an accelerated driver; on Linux asked of OpenGL, elsewhere found when it is used."""
    if QGuiApplication.platformName() in ("offscreen", "minimal", "vnc", "linuxfb"):
        return False
    if QGuiApplication.platformName() not in ("xcb", "wayland"):
        return True
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return False
    name = str(context.functions().glGetString(0x1F01))  # GL_RENDERER
    context.doneCurrent()
    return not _is_slow(name)


def _is_slow(device: str) -> bool:
    return any(word in device.lower() for word in _SLOW_DEVICES)


class _SideTextures:
    """The planes of one side on the GPU."""

    def __init__(self) -> None:
        self.textures: list[QRhiTexture] = []
        self.frame: Frame | None = None
        self._shapes: list[tuple[int, int, int]] = []

    def prepare(self, rhi: Any, frame: Frame | None) -> bool:
        """Make textures for a frame's planes, four in all; whether they are other ones than before."""
        shapes = [(1, 1, 1)] * 4
        if frame is not None:
            shapes = [
                (plane.shape[1], plane.shape[0], plane.itemsize)
                for plane in _ordered(frame) or [frame.planes[0]]
            ]
        if shapes == self._shapes:
            return False
        self.release()
        for width, height, size in shapes:
            format_ = QRhiTexture.Format.R8 if size == 1 else QRhiTexture.Format.RG8
            texture = rhi.newTexture(format_, QSize(width, height))
            texture.create()
            self.textures.append(texture)
        self._shapes = shapes
        return True

    def upload(self, batch: Any, frame: Frame | None) -> None:
        """Bring a frame's planes over, unless they are there."""
        if frame is None or frame is self.frame:
            return
        self.frame = frame
        for texture, plane in zip(self.textures, _ordered(frame), strict=True):
            data = QRhiTextureSubresourceUploadDescription(plane.tobytes())
            batch.uploadTexture(texture, QRhiTextureUploadDescription(QRhiTextureUploadEntry(0, 0, data)))

    def release(self) -> None:
        """Let go of everything."""
        for texture in self.textures:
            texture.destroy()
        self.textures, self._shapes, self.frame = [], [], None


def _ordered(frame: Frame) -> list[np.ndarray[Any, Any]]:
    """Four planes: colours first, alpha last, missing ones as the first sample of the first."""
    nothing = np.ascontiguousarray(frame.planes[0][:1, :1])
    colours = list(frame.planes[: len(frame.planes) - int(frame.format.has_alpha)])
    alpha = frame.planes[-1] if frame.format.has_alpha else nothing
    return [*colours, *[nothing] * (3 - len(colours)), alpha]


class GpuPictures(QRhiWidget):
    """The pictures alone, beneath everything that floats above them."""

    def __init__(
        self,
        parent: QWidget,
        scene: Callable[[], tuple[list[Layer], PictureState, QColor]],
        *,
        only_fast: bool,
    ) -> None:
        """Paint what `scene` says.

        Args:
            parent: whom it fills.
            scene: called whenever it is painted: layers, pictures, colour around them.
            only_fast: give up (`renderFailed`) where the driver is no GPU after all.
        """
        super().__init__(parent)
        self._scene, self._only_fast = scene, only_fast
        self._sides = {"a": _SideTextures(), "b": _SideTextures()}
        self._blocks: list[QRhiBuffer] = []
        self._bindings: list[Any] = []
        self._sampler: QRhiSampler | None = None
        self._pipeline: QRhiGraphicsPipeline | None = None

    def initialize(self, commands: QRhiCommandBuffer) -> None:
        """Check the driver; everything else is made when it is needed."""
        rhi = self.rhi()
        if self._only_fast and _is_slow(str(rhi.driverInfo().deviceName)):
            self._only_fast = False
            self.renderFailed.emit()
            return
        if not self._blocks:
            for _ in range(_MOST_LAYERS):
                block = rhi.newBuffer(
                    QRhiBuffer.Type.Dynamic, QRhiBuffer.UsageFlag.UniformBuffer, _BLOCK_BYTES
                )
                block.create()
                self._blocks.append(block)
            self._sampler = rhi.newSampler(
                QRhiSampler.Filter.Nearest,
                QRhiSampler.Filter.Nearest,
                QRhiSampler.Filter.None_,
                QRhiSampler.AddressMode.ClampToEdge,
                QRhiSampler.AddressMode.ClampToEdge,
            )
            self._sampler.create()

    def releaseResources(self) -> None:
        """Everything on the GPU goes; it is made anew when it is needed."""
        for side in self._sides.values():
            side.release()
        for resource in (*self._bindings, *self._blocks, self._sampler, self._pipeline):
            if resource is not None:
                resource.destroy()
        self._blocks, self._bindings, self._sampler, self._pipeline = [], [], None, None

    def render(self, commands: QRhiCommandBuffer) -> None:  # type: ignore[override]
        """Upload what is new and draw the layers."""
        try:
            self._draw(commands)
        except Exception:  # out of here it would end the program
            _log.warning("the GPU could not paint", exc_info=True)
            self.renderFailed.emit()

    def _draw(self, commands: QRhiCommandBuffer) -> None:
        layers, state, around = self._scene()
        target = self.renderTarget()
        batch = self.rhi().nextResourceUpdateBatch()
        drawn = [layer for layer in layers if _is_there(layer, state)] if self._blocks else []
        if drawn:
            frames = {"a": state.a, "b": state.b}
            changed = [side.prepare(self.rhi(), frames[name]) for name, side in self._sides.items()]
            if any(changed) or not self._bindings:
                self._bind()
            for name, side in self._sides.items():
                side.upload(batch, frames[name])
            size = target.pixelSize()
            for block, layer in zip(self._blocks, drawn, strict=False):
                batch.updateDynamicBuffer(
                    block, 0, _block(layer, state, size, self.rhi().clipSpaceCorrMatrix())
                )
        commands.beginPass(target, around, QRhiDepthStencilClearValue(1.0, 0), batch)
        if drawn and self._pipeline is not None:
            commands.setGraphicsPipeline(self._pipeline)
            size = target.pixelSize()
            commands.setViewport(QRhiViewport(0, 0, size.width(), size.height()))
            for bindings, _ in zip(self._bindings, drawn, strict=False):
                commands.setShaderResources(bindings)
                commands.draw(4)
        commands.endPass()

    def _bind(self) -> None:
        """Tie textures and numbers to the shader's names, and make the pipeline once."""
        for old in self._bindings:
            old.destroy()
        stages = (
            QRhiShaderResourceBinding.StageFlag.VertexStage
            | QRhiShaderResourceBinding.StageFlag.FragmentStage
        )
        textures = [texture for side in self._sides.values() for texture in side.textures]
        assert self._sampler is not None
        self._bindings = []
        for block in self._blocks:
            bindings = self.rhi().newShaderResourceBindings()
            bindings.setBindings(
                [
                    QRhiShaderResourceBinding.uniformBuffer(0, stages, block),
                    *(
                        QRhiShaderResourceBinding.sampledTexture(
                            number, QRhiShaderResourceBinding.StageFlag.FragmentStage, texture, self._sampler
                        )
                        for number, texture in enumerate(textures, 1)
                    ),
                ]
            )
            bindings.create()
            self._bindings.append(bindings)
        if self._pipeline is None:
            pipeline = self.rhi().newGraphicsPipeline()
            pipeline.setTopology(QRhiGraphicsPipeline.Topology.TriangleStrip)
            pipeline.setShaderStages(
                [
                    QRhiShaderStage(QRhiShaderStage.Type.Vertex, _shader("picture.vert.qsb")),
                    QRhiShaderStage(QRhiShaderStage.Type.Fragment, _shader("picture.frag.qsb")),
                ]
            )
            pipeline.setVertexInputLayout(QRhiVertexInputLayout())
            pipeline.setShaderResourceBindings(self._bindings[0])
            pipeline.setRenderPassDescriptor(self.renderTarget().renderPassDescriptor())
            if not pipeline.create():
                self.renderFailed.emit()
                return
            self._pipeline = pipeline


def _shader(name: str) -> QShader:
    return QShader.fromSerialized((_SHADERS / name).read_bytes())


def _is_there(layer: Layer, state: PictureState) -> bool:
    if visible_part(layer.target, layer.clip).isEmpty():
        return False
    if layer.shown is Shown.DIFFERENCE:
        return state.a is not None and state.b is not None
    return state.frame(layer.shown) is not None


def _block(layer: Layer, state: PictureState, size: QSize, correction: QMatrix4x4) -> bytes:
    """The shader's numbers in the order of its `Block`, std140."""
    clip, target = visible_part(layer.target, layer.clip), layer.target
    head = [
        *correction.data(),
        clip.x(), clip.y(), clip.width(), clip.height(),
        target.x(), target.y(), target.width(), target.height(),
        size.width(), size.height(), _WHAT[layer.shown], float(state.smooth),
        _KINDS[state.kind], state.gain, 0, 0,
    ]  # fmt: skip
    sides = [_side_numbers(frame) for frame in (state.a, state.b)]
    numbers = [*head, *(value for group in zip(*sides, strict=True) for part in group for value in part)]
    return struct.pack(f"{_BLOCK_BYTES // 4}f", *numbers)


def _side_numbers(frame: Frame | None) -> list[list[float]]:
    """toSignal, gamut, sizes, chroma and kinds of one side; matrices column by column."""
    identity = np.eye(4).ravel().tolist()
    if frame is None:
        return [identity, identity, [1, 1, 255, 1], [1, 1, 0, 0], [1, 0, 0, 0]]
    color = resolved_color(frame.format, frame.color, height=frame.height)
    weights, offset = code_map(frame.format, color)
    to_signal = np.eye(4)
    to_signal[:3, :3], to_signal[:3, 3] = weights, offset
    mapped = tone_map(color.primaries, color.transfer)
    gamut = np.eye(4)
    if mapped is not None:
        gamut[:3, :3] = mapped.gamut
    transfer = {PQ: 2.0, HLG: 3.0}.get(color.transfer, 1.0) if mapped is not None else 0.0
    colours = 1.0 if frame.format.family is PixelFamily.GRAY else 3.0
    is_deep = frame.format.depth > 8
    return [
        to_signal.T.ravel().tolist(),
        gamut.T.ravel().tolist(),
        [frame.width, frame.height, 2.0**frame.format.depth - 1, 2 if is_deep else 1],
        [*plane_ratio(frame.format, 1), *plane_place(frame.format, 1, color.siting)],
        [colours, float(frame.format.has_alpha), transfer, float(is_deep)],
    ]
