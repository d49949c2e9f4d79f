"""How far a made picture is from the filmed one, by the protocols of the literature.

Two PSNRs and two SSIMs are in use that differ by tenths of a decibel and by hundredths; each has its
own function and its own name here, and none is ever compared with the other.

Convention: pictures are (H, W, 3) float32 or float64, RGB, nominally [0, 1]; `truth` has 8-bit values
divided by 255. All functions return one number for one picture; means over pictures are taken by the caller.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.floating[Any]]
"""(H, W, 3) RGB in [0, 1]."""

PROTOCOLS = {
    "psnr": "PSNR in dB, RGB, of floats neither clamped nor rounded: -10 log10(mse + 1e-8), so at most 80",
    "psnr_8bit": "PSNR in dB, RGB, after clamping and rounding to 8 bits: -10 log10(mse + 1e-8)",
    "ssim_uniform": "SSIM as scikit-image's: 8-bit RGB, uniform 7x7 window, sample covariance, no borders",
    "ssim_gaussian": "SSIM as the papers' ssim_matlab: clamped floats, Gaussian 11x11x11 window of "
    "sigma 1.5, over rows, columns and RGB, borders replicated",
    "vmaf": "VMAF (vmaf_v0.6.1 of ffmpeg's libvmaf), 0 to 100: BT.709 luma of the 8-bit picture in "
    "video range, each picture alone, so without its motion term (identical pictures get 97.4, not 100)",
    "sharpness": "mean steepness (absolute differences of neighbouring pixels, grey), in percent of the "
    "filmed neighbours': below 100 is softer, above is noisier",
    "brightness": "mean of all values, in percent of the filmed neighbours'",
    "lpips": "LPIPS 0.1 on AlexNet, clamped floats scaled to [-1, 1]; lower is better",
}
"""What each number means, by the name of its function."""

LOWER_IS_BETTER = frozenset({"lpips"})
"""Metrics that are distances."""

_FLOOR = 1e-8
_K1, _K2 = 0.01, 0.03
_UNIFORM = 7
_GAUSSIAN = 11
_SIGMA = 1.5


def psnr(made: Picture, truth: Picture) -> float:
    """PSNR as the FLAVR authors compute it; see PROTOCOLS."""
    return _decibels(np.mean(np.square(made.astype(np.float64) - truth)))


def psnr_8bit(made: Picture, truth: Picture) -> float:
    """PSNR of what an 8-bit file would hold; see PROTOCOLS."""
    return psnr(to_8bit(made) / 255, to_8bit(truth) / 255)


def sharpness(made: Picture, truth: Picture) -> float:
    """How steep a made picture is, in percent of the truth; see PROTOCOLS."""
    steep = _steepness(truth)
    return 100 * _steepness(made) / steep if steep else 100.0


def _steepness(picture: Picture) -> float:
    grey = picture.mean(axis=2, dtype=np.float64)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def brightness(made: Picture, truth: Picture) -> float:
    """How bright a made picture is, in percent of the truth; see PROTOCOLS."""
    light = float(truth.mean(dtype=np.float64))
    return 100 * float(made.mean(dtype=np.float64)) / light if light else 100.0


def to_8bit(picture: Picture) -> NDArray[np.uint8]:
    """Clamped to [0, 1] and rounded to the nearest of 256 steps."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _decibels(mean_squared_error: np.floating[Any]) -> float:
    return float(-10 * np.log10(mean_squared_error + _FLOOR))


def ssim_uniform(made: Picture, truth: Picture) -> float:
    """Structural similarity (Wang et al., 2004) in the variant of scikit-image's default; see PROTOCOLS.

    Raises:
        ValueError: when a side is below seven pixels, for which it is not defined.
    """
    if min(made.shape[:2]) < _UNIFORM:
        raise ValueError("the uniform SSIM needs pictures of at least 7x7 pixels")
    window = np.full((_UNIFORM, 1), 1 / _UNIFORM)
    samples = _UNIFORM**2
    edge = _UNIFORM // 2
    similarity = _similarity(
        to_8bit(made).astype(np.float64),
        to_8bit(truth).astype(np.float64),
        mean=lambda image: cv2.sepFilter2D(image, cv2.CV_64F, window, window),
        peak=255,
        covariance_norm=samples / (samples - 1),
    )
    return float(similarity[edge:-edge, edge:-edge].mean())


def ssim_gaussian(made: Picture, truth: Picture) -> float:
    """Structural similarity in the variant of the interpolation papers; see PROTOCOLS."""
    taps = np.exp(-np.square(np.arange(_GAUSSIAN) - _GAUSSIAN // 2) / (2 * _SIGMA**2))
    taps /= taps.sum()
    mixing = _replicated_taps(taps, channels=3)

    def mean(image: NDArray[np.float64]) -> NDArray[np.float64]:
        spatial = cv2.sepFilter2D(image, cv2.CV_64F, taps, taps, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(spatial @ mixing.T, np.float64)  # (H, W, 3)

    similarity = _similarity(
        np.clip(made.astype(np.float64), 0, 1), np.clip(truth.astype(np.float64), 0, 1), mean=mean, peak=1
    )
    return float(similarity.mean())


def _replicated_taps(taps: NDArray[np.float64], *, channels: int) -> NDArray[np.float64]:
    """The filter along RGB as a (channels, channels) matrix, its border replicated."""
    mixing = np.zeros((channels, channels))
    for channel in range(channels):
        for offset, tap in enumerate(taps, start=-(len(taps) // 2)):
            mixing[channel, min(max(channel + offset, 0), channels - 1)] += tap
    return mixing


def _similarity(
    made: NDArray[np.float64],
    truth: NDArray[np.float64],
    *,
    mean: Any,
    peak: float,
    covariance_norm: float = 1.0,
) -> NDArray[np.float64]:
    """The map of structural similarity for a way of taking local means."""
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    mean_made, mean_truth = mean(made), mean(truth)
    variance_made = (mean(made * made) - mean_made**2) * covariance_norm
    variance_truth = (mean(truth * truth) - mean_truth**2) * covariance_norm
    covariance = (mean(made * truth) - mean_made * mean_truth) * covariance_norm
    luminance = (2 * mean_made * mean_truth + c1) / (mean_made**2 + mean_truth**2 + c1)
    structure = (2 * covariance + c2) / (variance_made + variance_truth + c2)
    return np.asarray(luminance * structure, np.float64)
