import numpy as np
import pytest
import torch
from torch.nn import functional

from flavr_core.evaluation.contest import EXTRA_METRICS, METRICS, STEADINESS
from flavr_core.evaluation.metrics import PROTOCOLS, psnr, psnr_8bit, ssim_gaussian, ssim_uniform, to_8bit


def _truth() -> np.ndarray:
    y, x = np.mgrid[0:40, 0:56]
    return np.stack([(x * 4) % 256, (y * 6) % 256, (x * y) % 256], -1).astype(np.uint8)


def _noisy() -> np.ndarray:
    truth = _truth()
    noise = np.random.default_rng(7).integers(-20, 21, truth.shape)
    return np.clip(truth.astype(int) + noise, 0, 255).astype(np.uint8)


def _blurred() -> np.ndarray:
    truth = _truth().astype(int)
    return ((truth + np.roll(truth, 1, 1) + np.roll(truth, 1, 0)) // 3).astype(np.uint8)


def test_psnr_of_hand_computed_cases():
    black = np.zeros((4, 4, 3))
    assert psnr(black, black) == pytest.approx(80)
    assert psnr(np.full((4, 4, 3), 0.1), black) == pytest.approx(20, abs=1e-4)
    one_wrong = black.copy()
    one_wrong[0, 0, 0] = 1  # mse = 1 / 48
    assert psnr(one_wrong, black) == pytest.approx(10 * np.log10(48), abs=1e-4)


def test_psnr_neither_clamps_nor_rounds_and_its_8bit_sister_does_both():
    white = np.ones((4, 4, 3))
    assert psnr(white + 0.1, white) == pytest.approx(20, abs=1e-4)
    assert psnr_8bit(white + 0.1, white) == pytest.approx(80)
    almost = np.full((4, 4, 3), 100.4 / 255)
    assert psnr_8bit(almost, np.full((4, 4, 3), 100 / 255)) == pytest.approx(80)
    assert psnr(almost, np.full((4, 4, 3), 100 / 255)) < 60


def test_8bit_clamps_and_rounds_to_nearest():
    values = np.array([[[-0.2, 0.5, 1.3]]])
    assert to_8bit(values).tolist() == [[[0, 128, 255]]]


@pytest.mark.parametrize(
    ("made", "rows", "columns", "expected"),
    [
        (_noisy, 40, 56, 0.7610197333909873),
        (_blurred, 40, 56, 0.9121619408374676),
        (_noisy, 7, 9, 0.6912537387881968),
    ],
)
def test_uniform_ssim_is_scikit_images(made, rows, columns, expected):
    """Expected values: skimage 0.26.0, structural_similarity(truth, made, channel_axis=2) on uint8."""
    truth, picture = _truth()[:rows, :columns], made()[:rows, :columns]
    assert ssim_uniform(picture / 255, truth / 255) == pytest.approx(expected, abs=1e-9)


def test_uniform_ssim_says_what_is_too_small():
    with pytest.raises(ValueError, match="7x7"):
        ssim_uniform(np.zeros((6, 20, 3)), np.zeros((6, 20, 3)))


def _ssim_by_conv3d(made: np.ndarray, truth: np.ndarray) -> float:
    """The definition, term by term, as one 3-D convolution over rows, columns and channels."""
    taps = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    window = (taps[:, None, None] * taps[None, :, None] * taps[None, None, :])[None, None]

    def mean(volume: torch.Tensor) -> torch.Tensor:
        return functional.conv3d(functional.pad(volume[None, None], (5,) * 6, mode="replicate"), window)

    x, y = (torch.from_numpy(picture).permute(2, 0, 1).double() for picture in (made, truth))
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return float((((2 * mx * my + c1) * (2 * cov + c2)) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


@pytest.mark.parametrize("rows", [40, 3])
def test_gaussian_ssim_is_the_three_dimensional_one(rows):
    truth, made = _truth()[:rows] / 255, _noisy()[:rows] / 255
    assert ssim_gaussian(made, truth) == pytest.approx(_ssim_by_conv3d(made, truth), abs=1e-9)


def test_flat_pictures_have_the_luminance_term_alone():
    low, high = np.full((16, 16, 3), 51 / 255), np.full((16, 16, 3), 102 / 255)
    c1 = 0.01**2
    expected = (2 * 0.2 * 0.4 + c1) / (0.2**2 + 0.4**2 + c1)
    assert ssim_uniform(low, high) == pytest.approx(expected, abs=1e-6)
    assert ssim_gaussian(low, high) == pytest.approx(expected, abs=1e-6)
    assert ssim_gaussian(high + 1, np.ones((16, 16, 3))) == pytest.approx(1)


def test_every_metric_has_its_protocol_in_words():
    assert set(PROTOCOLS) == {*METRICS, *STEADINESS, *EXTRA_METRICS}
