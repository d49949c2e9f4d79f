"""Files of weights: all the ways in which they come, and all the ways in which they are not."""

from __future__ import annotations

import contextlib
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from flavr_core.errors import DeviceError, ModelError, SettingsError
from flavr_core.model import from_state_dict, load
from flavr_core.model.checkpoint import read_checkpoint
from flavr_core.model.network import Network

State = dict[str, Tensor]


def authors_checkpoint(state: State) -> dict[str, object]:
    """What the authors' training saves."""
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([parameter])
    parameter.sum().backward()
    optimizer.step()
    return {
        "epoch": 199,
        "state_dict": OrderedDict((f"module.{name}", value) for name, value in state.items()),
        "optimizer": optimizer.state_dict(),
        "best_psnr": np.float64(36.3),
        "lr": 2e-4,
    }


def mmagic_names(state: State) -> State:
    """The same weights as mmagic names them."""
    renamed = {}
    for original, value in state.items():
        name = original.replace("encoder.stem.0.", "encoder.stem_layer.conv.")
        for part in ("conv1", "conv2", "downsample"):
            name = name.replace(f".{part}.0.", f".{part}.conv.")
        if name.startswith("decoder."):
            name = name.replace("decoder.", "decoder.layer")
        name = name.replace("feature_fuse.conv.0.", "feature_fuse.conv.").replace("outconv.", "conv_last.")
        renamed[name] = value
    return renamed


def check_same(network: Network, state: State) -> None:
    """All weights arrived, as float32 copies."""
    loaded = network.state_dict()
    assert set(loaded) == set(state)
    for name, value in state.items():
        if value.is_floating_point():
            assert loaded[name].dtype == torch.float32
        torch.testing.assert_close(loaded[name], value.to(loaded[name].dtype), rtol=0, atol=0)


WAYS: dict[str, Callable[[State, Path], None]] = {
    "authors.pth": lambda state, path: torch.save(authors_checkpoint(state), path),
    "bare.pth": torch.save,
    "bare legacy.pkl": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "compiled.pt": lambda state, path: torch.save(
        {"model": {f"_orig_mod.module.{k}": v for k, v in state.items()}}, path
    ),
    "plain.safetensors": save_file,
    "prefixed ünï.safetensors": lambda state, path: save_file(
        {f"module.{k}": v for k, v in state.items()}, path
    ),
    "mmagic.pth": lambda state, path: torch.save({"meta": {}, "state_dict": mmagic_names(state)}, path),
    "mmagic ema.pth": lambda state, path: torch.save(
        {
            "state_dict": {
                **{f"generator.{k}": v + 1 for k, v in mmagic_names(state).items()},
                **{f"generator_ema.{k}": v for k, v in mmagic_names(state).items()},
                "step_counter": torch.tensor(5),
            }
        },
        path,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_saving_loads(way: str, small_state: State, tmp_path: Path) -> None:
    path = tmp_path / way
    WAYS[way](small_state, path)
    network = load(path)
    check_same(network, small_state)
    assert network.name == path.stem
    assert not network.training
    assert load(str(path)).name == path.stem


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_element_type_becomes_float32(dtype: torch.dtype, small_state: State, tmp_path: Path) -> None:
    state = {name: value.to(dtype) for name, value in small_state.items()}
    save_file(state, tmp_path / "a.safetensors")
    check_same(load(tmp_path / "a.safetensors"), state)
    assert load(tmp_path / "a.safetensors", precision="bf16").dtype == torch.bfloat16


def test_weights_are_copied(small_state: State) -> None:
    network = from_state_dict(small_state)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for value in small_state.values():
        value.zero_()
    check_same(network, before)


def test_numpy_arrays_are_weights_too(small_state: State) -> None:
    check_same(from_state_dict({k: v.numpy() for k, v in small_state.items()}), small_state)


def test_prefix_goes_only_where_it_leads(small_state: State, tmp_path: Path) -> None:
    torch.save({"module.get_kernel.module1by1_1.weight": torch.zeros(4)}, tmp_path / "cdfi.pth")
    assert list(read_checkpoint(tmp_path / "cdfi.pth").state) == ["get_kernel.module1by1_1.weight"]
    state = {"module.outconv.1.weight": torch.zeros(1), "outconv.1.weight": torch.zeros(1)}
    with pytest.raises(ModelError, match="twice"):
        from_state_dict(state)


class Evil:
    """Writes a file when unpickled carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("protocol", [2, 4])
def test_bare_pickles_are_refused_alike(protocol: int, tmp_path: Path) -> None:
    trap, path = tmp_path / "trap", tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"state_dict": Evil(trap)}, protocol=protocol))
    with pytest.raises(ModelError, match=r"run code (\(.*open\) )?to be read"):
        load(path)
    assert not trap.exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_never_run(legacy: bool, small_state: State, tmp_path: Path) -> None:
    trap, path = tmp_path / "trap", tmp_path / "evil.pth"
    holder = {"state_dict": small_state, "hook": Evil(trap)}
    torch.save(holder, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ModelError, match=r"run code \(.*open\)") as caught:
        load(path)
    assert "safetensors" in caught.value.hint
    assert not trap.exists()
    path.write_bytes(pickle.dumps(Evil(trap)))
    with pytest.raises(ModelError):
        load(path)
    assert not trap.exists()


def make_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("FLAVR/readme.txt", "hello")


def weights_named(name: str) -> Callable[[Path], None]:
    return lambda path: torch.save({name: torch.zeros(1)}, path)


NONSENSE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.touch(), "is empty"),
    "page": (lambda path: path.write_text("\n<!DOCTYPE html><html>Google Drive - Virus scan"), "web page"),
    "other page": (lambda path: path.write_text("<HTML><head>"), "web page"),
    "pointer": (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1"), "Git LFS"),
    "zip": (make_zip, r"zip archive of 1 files \(FLAVR/readme.txt"),
    "gzip": (lambda path: path.write_bytes(b"\x1f\x8b\x08" + bytes(50)), "gzip"),
    "text": (lambda path: path.write_text("hello"), "not a file of weights"),
    "noise": (lambda path: path.write_bytes(bytes(range(256)) * 10), "not a file of weights"),
    "half a header": (
        lambda path: path.write_bytes((5000).to_bytes(8, "little") + b'{"a":'),
        "damaged",
    ),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "list": (lambda path: torch.save([torch.zeros(1)], path), "holds a list"),
    "tensor": (lambda path: torch.save(torch.zeros(1), path), "holds a Tensor"),
    "settings": (lambda path: torch.save({"epoch": 1, "lr": 0.1}, path), "holds no weights, only: epoch, lr"),
    "nothing": (lambda path: torch.save({}, path), "no weights"),
    "no tensors": (lambda path: save_file({}, path), "no weights"),
    "missing": (lambda _: None, "There is no file"),
    "cdfi": (weights_named("get_kernel.moduleConv1.0.weight"), "looks like an AdaCoF or CDFI network, but"),
    "upr": (weights_named("module.feat_pyramid.conv_stage0.0.weight"), "looks like a UPR-Net, but"),
    "stranger": (weights_named("fc.weight"), "no known network.* fc.weight"),
}  # fmt: skip


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_named(what: str, tmp_path: Path) -> None:
    make, words = NONSENSE[what]
    path = tmp_path / f"{what}.pth"
    make(path)
    with pytest.raises(ModelError, match=words) as caught:
        load(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("way", ["bare.pth", "bare legacy.pkl", "plain.safetensors"])
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.999])
def test_truncated_files_are_damaged(way: str, part: float, small_state: State, tmp_path: Path) -> None:
    path = tmp_path / way
    WAYS[way](small_state, path)
    data = path.read_bytes()
    path.write_bytes(data[: max(int(len(data) * part), 20)])
    with pytest.raises(ModelError, match=r"damaged|not a file of weights"):
        load(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), way=st.sampled_from(["bare.pth", "bare legacy.pkl", "plain.safetensors"]))
def test_damage_ends_in_a_sentence(data: st.DataObject, way: str, small_state: State, tmp_path: Path) -> None:
    path = tmp_path / way
    if not path.exists():
        WAYS[way](small_state, path)
        path.with_suffix(".good").write_bytes(path.read_bytes())
    content = bytearray(path.with_suffix(".good").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        # Most of a file is numbers; the structure is at its ends.
        reach = data.draw(st.sampled_from([200, 4000, len(content)]))
        place = data.draw(st.integers(-reach, reach - 1))
        content[place % len(content)] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(ModelError):
        load(path)


def test_wrong_weights_are_named(small_state: State) -> None:
    state = dict(small_state)
    del state["decoder.0.conv.0.bias"]
    state["encoder.extra.weight"] = torch.zeros(1)
    state["decoder.3.conv.0.bias"] = torch.zeros(7)
    state["decoder.4.upconv.0.bias"] = torch.zeros(6, dtype=torch.int32)
    with pytest.raises(ModelError) as caught:
        from_state_dict(state)
    for words in (
        "missing: decoder.0.conv.0.bias;",
        "unexpected: encoder.extra.weight;",
        "decoder.3.conv.0.bias is (7,) and should be (8,)",
        "decoder.4.upconv.0.bias is (6,) of int32 and should be (6,)",
    ):
        assert words in caught.value.message


def test_many_missing_are_counted(small_state: State) -> None:
    state = {k: v for k, v in small_state.items() if ".fg." not in k}
    with pytest.raises(ModelError, match=r"missing: (encoder\S+, ){3}encoder\S+ and 12 more\."):
        from_state_dict(state)


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("feature_fuse.conv.0.weight", None, "feature_fuse.conv.0.weight is missing"),
        ("feature_fuse.conv.0.weight", (5, 23, 1, 1), "23 is no multiple of 6"),
        ("outconv.1.weight", (8, 5, 7, 7), "8 is no multiple of 3"),
        ("encoder.stem.0.weight", (8, 3, 7, 7), "5 axes"),
        ("encoder.layer2.0.conv2.0.weight", (0, 0, 3, 3, 3), "5 axes"),
        ("encoder.layer1.999999999.fg.attn_layer.0.bias", (8,), "missing"),
        ("encoder.layer4.1.conv2.0.weight", (10**4, 14, 3, 3, 3), "misshapen"),
    ],
)
def test_telling_names_are_checked(
    name: str, shape: tuple[int, ...] | None, words: str, small_state: State
) -> None:
    state = dict(small_state)
    if shape is None:
        del state[name]
    else:
        state[name] = torch.zeros(1).expand(shape) if 0 not in shape else torch.zeros(shape)
    with pytest.raises(ModelError, match=words):
        from_state_dict(state)


def test_options_say_what_shapes_cannot(small_state: State, tmp_path: Path) -> None:
    state = dict(small_state)
    for stage, width in ((1, 12), (2, 10)):
        state[f"decoder.{stage}.upconv.0.weight"] = state[f"decoder.{stage}.upconv.0.weight"][:width]
    state["decoder.3.conv.0.weight"] = state["decoder.3.conv.0.weight"][:, :8]
    state["decoder.4.upconv.0.weight"] = state["decoder.4.upconv.0.weight"][:8]
    state = {name: value.clone() for name, value in state.items()}
    window = torch.rand(1, 4, 3, 8, 8)
    none, add = from_state_dict(state), from_state_dict(state, join="add")
    assert not torch.allclose(none(window, [0.5]), add(window, [0.5]))
    save_file(state, tmp_path / "said.safetensors", metadata={"option.join": "add"})
    for path_options in ({}, {"join": "add"}):
        network = load(tmp_path / "said.safetensors", options=path_options)
        torch.testing.assert_close(network(window, [0.5]), add(window, [0.5]))
    with pytest.raises(ModelError, match="join cannot be sum"):
        from_state_dict(state, join="sum")
    with pytest.raises(ModelError, match="has no option size"):
        from_state_dict(state, size="big")


def test_devices_and_precisions_are_checked(small_state: State, tmp_path: Path) -> None:
    save_file(small_state, tmp_path / "a.safetensors")
    with pytest.raises(DeviceError, match="no device"):
        load(tmp_path / "a.safetensors", device="toaster")
    with pytest.raises(DeviceError, match="no device"):
        load(tmp_path / "a.safetensors", device="cuda:99")
    for wrong in ("int3", "auto"):
        with pytest.raises(SettingsError, match="no precision"):
            load(tmp_path / "a.safetensors", precision=wrong)
