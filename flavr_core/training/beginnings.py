"""The network that a course begins with: new, of the catalogue, of a file, or narrowed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flavr_core.errors import ModelError
from flavr_core.model import load
from flavr_core.model.catalog import read_catalog
from flavr_core.model.checkpoint import read_checkpoint
from flavr_core.model.flavr import Flavr
from flavr_core.model.flavr_config import FlavrConfig, Join, UpMode
from flavr_core.model.fourflow import FourFlow
from flavr_core.model.network import Network
from flavr_core.model.published import PUBLISHED, new_network
from flavr_core.model.uprnet import UprNet
from flavr_core.training.cross_fade_start import start_as_cross_fade
from flavr_core.training.fresh_weights import keep_signals_alive
from flavr_core.training.matching_start import start_as_matcher
from flavr_core.training.narrowing import narrow

NARROW_FLAVR = FlavrConfig(
    num_outputs=7,
    stem_width=32,
    widths=(32, 64, 128, 192),
    decoder_widths=(128, 64, 32, 32, 32),
    fuse_width=32,
    encoder_bias=True,
)
"""A FLAVR of 7.7 million parameters, 15.5 MB in half precision, with a fifth of the authors' arithmetic."""

DEPTHS = {"unet_18": (2, 2, 2, 2), "unet_34": (3, 4, 6, 3)}
"""{the authors' name: residual blocks of the encoder's layers}."""

NEW = ("fourflow", "flavr-narrow", *PUBLISHED)
"""Names of networks that can be begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a course begins with."""

    model: str = "unet_18"
    """A new network (`unet_18`, `unet_34`, `flavr-narrow`, of PUBLISHED), a name of the catalogue, or a file
    of weights."""
    outputs: int = 1
    """Frames that a new FLAVR draws in a gap."""
    inputs: int = 4
    """Frames that a new FLAVR looks at."""
    join: Join = Join.CONCAT
    """How a new FLAVR's skips join."""
    up_mode: UpMode = UpMode.TRANSPOSE
    """How a new FLAVR's decoder grows."""
    weights: Path | None = None
    """A file of which all weights are taken."""
    same_shape: Path | None = None
    """A file of which weights of the same name and shape are taken, and nothing else."""
    narrow: Path | None = None
    """A thinned out network; a narrower one like it is begun."""
    width_multiple: int = 1
    """The narrower network's widths are multiples of it; GPUs are quickest at multiples of 8."""


def is_new_upr(beginning: Beginning, network: Network) -> bool:
    """Whether a network that `begin` returned is a UPR-Net that has learnt nothing yet."""
    is_named = beginning.model in NEW and not _is_in_catalogue(beginning.model)
    has_weights = beginning.weights or beginning.same_shape or beginning.narrow
    return isinstance(network, UprNet) and is_named and not has_weights


def begin(beginning: Beginning) -> Network:
    """The network, float32 on the CPU.

    Raises:
        ModelError: when there is no such network, or a file's weights do not fit.
    """
    if beginning.narrow is not None:
        network = narrow(load(str(beginning.narrow)), multiple=beginning.width_multiple)
    elif beginning.model in DEPTHS:
        network = _new_flavr(beginning)
    elif beginning.model in NEW and not _is_in_catalogue(beginning.model):
        network = begin_anew(beginning.model)
    else:
        network = load(beginning.model)
    if beginning.weights is not None:
        state = read_checkpoint(beginning.weights).state
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise ModelError(
                f"{beginning.weights} does not fit this network: {str(error).splitlines()[1].strip()}",
                "Use --pretrained to take what fits.",
            ) from error
    if beginning.same_shape is not None:
        take_same_shapes(network, beginning.same_shape)
    return network


def begin_anew(name: str) -> Network:
    """A network of our own or of a paper with new weights, whatever the catalogue holds; float32 on the CPU.

    Raises:
        ModelError: when there is none of this name.
    """
    if name == "fourflow":
        return FourFlow()
    if name == "flavr-narrow":
        network = Flavr(NARROW_FLAVR)
        start_as_cross_fade(network)
        network.name = name
        return network
    if name not in PUBLISHED:
        raise ModelError(f"There is no network {name} to begin anew.", f"There are {', '.join(NEW)}.")
    published = new_network(name)
    if isinstance(published, UprNet):
        start_as_matcher(published)
    else:
        keep_signals_alive(published)
    return published


def _is_in_catalogue(name: str) -> bool:
    """Whether a network of this name was imported or is shipped: it goes first."""
    return any(entry.card.name == name for entry in read_catalog().entries)


def _new_flavr(beginning: Beginning) -> Flavr:
    network = Flavr(
        FlavrConfig(
            num_inputs=beginning.inputs,
            num_outputs=beginning.outputs,
            blocks=DEPTHS[beginning.model],
            join=beginning.join,
            up_mode=beginning.up_mode,
            encoder_bias=beginning.outputs > 1,  # as in the authors' files
        )
    )
    network.name = beginning.model
    return network


def take_same_shapes(network: Network, path: Path) -> int:
    """Take the weights that have the same name and shape; how many there are.

    Raises:
        ModelError: when there is none.
    """
    own = network.state_dict()
    state = read_checkpoint(path).state
    fitting = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise ModelError(f"No weights of {path} fit this network.", "Give a file of a network like it.")
    network.load_state_dict({**own, **fitting})
    return len(fitting)
