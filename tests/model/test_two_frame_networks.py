"""AdaCoF, CDFI and UPR-Net as networks of this program: files, places, sizes, precision, gradients."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from flavr_core.cli import main
from flavr_core.engine.memory import activation_bytes
from flavr_core.errors import ModelError
from flavr_core.model import cdfi, from_state_dict, load
from flavr_core.model.adacof import AdaCoF, MiddleNetwork, pad_by_reflection, widths_from_shapes
from flavr_core.model.cdfi import Cdfi, widths_of
from flavr_core.model.network import Network
from flavr_core.model.store import import_model
from flavr_core.model.uprnet import UprNet, UprWidths

State = dict[str, Tensor]

NARROW_UPR = UprWidths(features=(4, 6, 8), motion=(16, 12, 10, 8, 8), synthesis=(6, 8, 10))


def narrow(
    shapes: dict[str, list[int]], *, share: int = 8, kept: tuple[int, ...] = (1, 3, 6, 25)
) -> dict[str, tuple[int, ...]]:
    """The authors' shapes with an eighth of the channels; numbers with a meaning stay."""

    def less(size: int) -> int:
        return size if size in kept else max(2, size // share)

    return {
        name: tuple(less(size) for size in shape[:2]) + tuple(shape[2:]) for name, shape in shapes.items()
    }


@pytest.fixture
def adacof_state(conformance_shapes: Callable[[str], dict[str, list[int]]]) -> State:
    """A narrow AdaCoF, kernel 5."""
    torch.manual_seed(4)
    widths = widths_from_shapes(narrow(conformance_shapes("adacof_5_1")), has_blend=False)
    return AdaCoF(widths, dilation=1).state_dict()


@pytest.fixture
def cdfi_state(conformance_shapes: Callable[[str], dict[str, list[int]]]) -> State:
    """A CDFI of kernel 11 with the authors' channels up to the heads."""
    torch.manual_seed(5)
    shapes = {name: tuple(shape) for name, shape in conformance_shapes("cdfi").items()}
    return Cdfi(widths_of(shapes), dilation=2).state_dict()


@pytest.fixture
def upr_state() -> State:
    torch.manual_seed(6)
    return UprNet(NARROW_UPR).state_dict()


def window(height: int = 40, width: int = 52, *, count: int = 1) -> Tensor:
    return torch.rand(count, 2, 3, height, width, generator=torch.Generator().manual_seed(8))


def draw(network: Network, frames: Tensor, *positions: Fraction | float) -> Tensor:
    with torch.inference_mode():
        drawn: Tensor = network(frames, positions)
        return drawn


def test_the_authors_files_import(
    adacof_state: State,
    cdfi_state: State,
    upr_state: State,
    tmp_path: Path,
    models_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Their layouts: a dictionary with epoch and state_dict, and an old, bare one with `module.`."""
    torch.save({"epoch": 70, "state_dict": adacof_state}, tmp_path / "adacof_F_5_D_1.pth")
    torch.save({"epoch": 70, "state_dict": cdfi_state}, tmp_path / "CDFI_adacof.pth")
    bare = {f"module.{name}": value for name, value in upr_state.items()}
    torch.save(bare, tmp_path / "upr-base.pkl", _use_new_zipfile_serialization=False)
    said = {}
    for file, kind, licence in (
        ("adacof_F_5_D_1.pth", AdaCoF, "none"),
        ("CDFI_adacof.pth", Cdfi, "none"),
        ("upr-base.pkl", UprNet, "CC-BY-NC-ND-4.0"),
    ):
        assert main(["models", "import", str(tmp_path / file)]) == 0
        said[file] = capsys.readouterr().out
        network = load(Path(file).stem)
        assert type(network) is kind
        assert network.card is not None
        assert network.card.licence.startswith(licence)
        assert network.card.licence in said[file]
        assert network.num_inputs == 2
    assert "commercial" in said["upr-base.pkl"]
    assert "without a licence" in said["CDFI_adacof.pth"]
    assert main(["models", "list"]) == 0
    assert "CC-BY-NC-ND-4.0" in capsys.readouterr().out
    assert main(["models", "verify", "upr-base", "adacof_F_5_D_1"]) == 0


@pytest.mark.parametrize(
    ("file", "vector", "millions", "dilation"),
    [
        ("adacof_F_5_D_1.pth", "adacof_5_1", 21.843, 1),
        ("compressed_adacof_F_5_D_1.pth", "compressed_adacof_5_1", 2.452, 1),
        ("compressed_adacof_F_11_D_2.pth", "compressed_adacof_11_2", 2.557, 2),
        ("CDFI_adacof.pth", "cdfi", 4.977, 2),
        ("upr-base.pkl", "upr_base", 1.654, None),
        ("upr-large.pkl", "upr_large", 3.702, None),
        ("upr-llarge.pkl", "upr_llarge", 6.564, None),
    ],
)
@pytest.mark.usefixtures("models_dir")
def test_every_variant_imports_under_the_authors_name(
    file: str,
    vector: str,
    millions: float,
    dilation: int | None,
    conformance_state: Callable[[str], dict[str, np.ndarray]],
    tmp_path: Path,
) -> None:
    """By shapes alone; the networks compute what the vectors say, see test_two_frame_conformance."""
    state = {name: torch.from_numpy(values) for name, values in conformance_state(vector).items()}
    if file.endswith(".pkl"):
        torch.save(state, tmp_path / file, _use_new_zipfile_serialization=False)
    else:
        torch.save({"epoch": 1, "state_dict": state}, tmp_path / file)
    card = import_model(tmp_path / file)
    assert card.name == Path(file).stem
    network = load(card.name)
    assert round(network.num_parameters / 1e6, 3) == millions
    assert getattr(network, "dilation", None) == dilation
    kept = network.state_dict()
    assert all(torch.equal(kept[name], values) for name, values in state.items())


def test_what_shapes_cannot_tell(
    adacof_state: State, upr_state: State, models_dir: Path, tmp_path: Path
) -> None:
    network = from_state_dict(upr_state, pyramid_levels=3, skipped_levels="1")
    assert isinstance(network, UprNet)
    assert (network.pyramid_levels, network.skipped_levels) == (3, 1)
    plain = from_state_dict(adacof_state)
    wide = from_state_dict(adacof_state, dilation=2)
    assert isinstance(plain, AdaCoF)
    assert isinstance(wide, AdaCoF)
    assert (plain.dilation, wide.dilation) == (1, 2)
    with pytest.raises(ModelError, match="pyramid_levels cannot be 40"):
        from_state_dict(upr_state, pyramid_levels=40)
    torch.save(adacof_state, tmp_path / "wide.pth")
    assert import_model(tmp_path / "wide.pth", options={"dilation": "2"}).options == {"dilation": "2"}
    again = load("wide")
    assert isinstance(again, AdaCoF)
    assert again.dilation == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("get_kernel.moduleUpsample3.1.weight"), "Upsample3.1.weight is missing"),
        (lambda state: state.pop("get_kernel.moduleConv2.2.bias"), "missing: get_kernel.moduleConv2.2.bias"),
        (lambda state: state.update({"get_kernel.more.weight": torch.zeros(1)}), "unexpected: get_kernel"),
        (
            lambda state: state.update({"get_kernel.moduleConv3.2.weight": torch.zeros(16, 9, 3, 3)}),
            "takes 9 channels and gets 16",
        ),
        (
            lambda state: state.update({"get_kernel.moduleWeight1.7.weight": torch.zeros(24, 25, 3, 3)}),
            "values a pixel",
        ),
        (
            lambda state: state.update({"get_kernel.moduleUpsample4.1.weight": torch.zeros(31, 32, 3, 3)}),
            "which are added to 32",
        ),
    ],
)  # fmt: skip
def test_damaged_kernel_networks_are_told(
    change: Callable[[State], object], words: str, adacof_state: State
) -> None:
    state = dict(adacof_state)
    change(state)
    with pytest.raises(ModelError, match=words):
        from_state_dict(state)


def test_damaged_upr_nets_are_told(upr_state: State) -> None:
    for name, words in (
        ("feat_pyramid.conv_stage1.0.weight", "looks like a UPR-Net, but"),
        ("synthesis_network.pred.bias", "missing: synthesis_network.pred.bias"),
    ):
        state = dict(upr_state)
        del state[name]
        with pytest.raises(ModelError, match=words):
            from_state_dict(state)


class Averager(MiddleNetwork):
    """Stands for a network of the middle: its middle is the mean, and it counts its pictures."""

    def __init__(self) -> None:
        Network.__init__(self)
        self.drawn = 0

    def draw_padded(self, before: Tensor, after: Tensor) -> Tensor:
        self.drawn += 1
        return (before + after) / 2


def test_other_places_by_halving() -> None:
    network = Averager()
    frames = window(8, 8)
    assert len(network.positions) == 15
    drawn = draw(network, frames, *network.positions)
    for number, position in enumerate(network.positions):
        wanted = torch.lerp(frames[:, 0], frames[:, 1], float(position))
        torch.testing.assert_close(drawn[:, number], wanted)
    assert network.drawn == 15  # each place once, however many ways lead there
    network.drawn = 0
    draw(network, frames, Fraction(5, 16))
    assert network.drawn == 4
    with pytest.raises(ModelError, match="cannot draw position 1/3"):
        draw(network, frames, Fraction(1, 3))


def test_halving_takes_what_was_drawn_for_a_frame(adacof_state: State) -> None:
    network = from_state_dict(adacof_state)
    frames = window()
    middle, quarter = draw(network, frames, 0.5, 0.25).unbind(1)
    torch.testing.assert_close(
        quarter, draw(network, torch.stack((frames[:, 0], middle), 1), 0.5)[:, 0], atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (32, 64), (33, 65), (20, 130)])
def test_any_size(size: tuple[int, int], adacof_state: State, upr_state: State) -> None:
    for state in (adacof_state, upr_state):
        drawn = draw(from_state_dict(state), window(*size, count=2), 0.5)
        assert drawn.shape == (2, 1, 3, *size)
        assert drawn.isfinite().all()


def test_padding_is_by_reflection() -> None:
    images = torch.arange(5.0).view(1, 1, 1, 5).expand(1, 1, 3, 5)
    padded = pad_by_reflection(images, 8)
    assert padded[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    wide = pad_by_reflection(torch.rand(1, 2, 33, 40), 32)
    assert torch.equal(wide, torch.nn.functional.pad(wide[..., :33, :40], (0, 24, 0, 31), mode="reflect"))


def test_levels_follow_the_width(upr_state: State) -> None:
    network = UprNet(NARROW_UPR)
    assert [network.levels_for(width) for width in (64, 448, 449, 896, 1280, 1920, 3840)] == [
        3,
        3,
        4,
        4,
        5,
        6,
        7,
    ]
    assert [network.skipped_for(levels) for levels in (3, 6, 7)] == [0, 0, 2]
    network.skipped_levels = 9
    assert network.skipped_for(3) == 2  # the coarsest level always looks


def test_skipped_levels_enlarge_the_flow(upr_state: State) -> None:
    network = from_state_dict(upr_state, pyramid_levels=3, skipped_levels=2)
    assert isinstance(network, UprNet)
    with torch.inference_mode():
        coarse, _, fine = network.estimate(window(64, 64))
    larger = torch.nn.functional.interpolate(coarse.flow, scale_factor=2, mode="bilinear")
    larger = 4 * torch.nn.functional.interpolate(larger, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(fine.flow, larger)
    assert coarse.flow.abs().max() > 0


def test_flow_has_the_size_of_the_window(upr_state: State) -> None:
    network = from_state_dict(upr_state)
    assert isinstance(network, UprNet)
    with torch.inference_mode():
        flow = network.estimate_flow(window(33, 50, count=2))
    assert flow.shape == (2, 4, 33, 50)
    assert flow.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(
    dtype: torch.dtype,
    conformance_state: Callable[[str], dict[str, np.ndarray]],
    conformance_arrays: Callable[[str], dict[str, np.ndarray]],
) -> None:
    """On a CPU, where these formats are slow but there; sizes are cut down."""
    least = {torch.float16: 50.0, torch.bfloat16: 40.0}[dtype]
    for name in ("compressed_adacof_5_1", "upr_base"):
        frames = torch.from_numpy(conformance_arrays(name)["frames"][None, :, :, :32, :32].copy())
        network = from_state_dict(conformance_state(name))
        if isinstance(network, UprNet):
            network.pyramid_levels = 3
        wanted = draw(network, frames, 0.5)
        given = draw(network.to(dtype), frames, 0.5)
        assert given.dtype == torch.float32
        assert -10 * torch.log10((given - wanted).square().mean()) >= least


def test_memory_can_be_counted(adacof_state: State, upr_state: State) -> None:
    """Before anything is drawn; strips need less."""
    kernel, flow = from_state_dict(adacof_state), from_state_dict(upr_state)
    whole = activation_bytes(kernel, batch=1, width=640, height=480, positions=[Fraction(1, 2)])
    kernel.strip_rows = 32
    strips = activation_bytes(kernel, batch=1, width=640, height=480, positions=[Fraction(1, 2)])
    assert whole is not None
    assert strips is not None
    assert strips < 0.7 * whole
    assert activation_bytes(flow, batch=1, width=640, height=480, positions=[Fraction(1, 2)])


def test_cdfi_draws_the_same_in_strips(cdfi_state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taps and synthesis a few rows at a time, by wish and because the picture is large."""
    network = from_state_dict(cdfi_state)
    frames = window(180, 32)
    whole = draw(network, frames, 0.5)
    bound = 1e-4 * float(whole.std())
    network.strip_rows = 32
    assert (draw(network, frames, 0.5) - whole).abs().max() <= bound
    network.strip_rows = None
    assert isinstance(network, cdfi.Cdfi)
    network.grid_pixels = 50 * 32
    assert (draw(network, frames, 0.5) - whole).abs().max() <= bound
    monkeypatch.setattr(cdfi, "GRID_HALO_PX", 16)  # too little context shows
    assert (draw(network, frames, 0.5) - whole).abs().max() > bound


def test_full_hd_fits_ordinary_machines(
    conformance_shapes: Callable[[str], dict[str, list[int]]],
) -> None:
    """What the networks of the authors' widths hold at once for 1920 x 1080 in float32."""
    for name, most_gib in (("cdfi", 2.7), ("upr_base", 2.7)):
        state = {key: torch.zeros(()).expand(shape) for key, shape in conformance_shapes(name).items()}
        needed = activation_bytes(
            from_state_dict(state), batch=1, width=1920, height=1080, positions=[Fraction(1, 2)]
        )
        assert needed is not None
        assert needed <= most_gib * 2**30


def test_gradients_reach_every_weight(adacof_state: State, cdfi_state: State, upr_state: State) -> None:
    """Those that never did in the authors' program, the feature layers of CDFI, included."""
    for state in (adacof_state, cdfi_state, upr_state):
        network = from_state_dict(state).train().requires_grad_()
        network(window(32, 32), [0.5]).square().mean().backward()
        without = [
            name
            for name, parameter in network.named_parameters()
            if parameter.grad is None or not parameter.grad.isfinite().all()
        ]
        assert without == []
        if isinstance(network, Cdfi):
            for level in range(1, 6):
                gradient = network.get_parameter(f"get_kernel.module1by1_{level}.weight").grad
                assert gradient is not None
                assert gradient.abs().max() > 0
