"""Losses that leave out what is not known: every one takes a weight for each pixel."""

import torch
from torch import Tensor
from torch.nn import functional

SSIM_WINDOW_PX, SSIM_SIGMA_PX = 11, 1.5
SSIM_K1, SSIM_K2 = 0.01, 0.03
"""Constants of Wang et al. 2004 (doi 10.1109/TIP.2003.819861)."""

DICE_SMOOTHING = 1.0


def label_loss(logit: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Return cross-entropy plus 1 - soft Dice over the batch, each the mean over the classes.

    Parameters
    ----------
    logit : Tensor
        (b, c, y, x); its sigmoid is the probability of each class.
    target : Tensor
        (b, c, y, x), the share of each class in each pixel, 0 to 1.
    weight : Tensor
        (b, 1, y, x) or (b, c, y, x), at least 0; a pixel with 0 has no influence.
    """
    weight = weight.expand_as(target)
    crosses = functional.binary_cross_entropy_with_logits(logit, target, weight, reduction="none")
    cross_entropy = crosses.sum() / weight.sum().clamp(min=1.0)
    probability = torch.sigmoid(logit)
    axes = (0, 2, 3)
    overlap = 2 * (weight * probability * target).sum(axes) + DICE_SMOOTHING
    total = (weight * (probability.square() + target.square())).sum(axes) + DICE_SMOOTHING
    return cross_entropy + (1 - overlap / total).mean()


def masked_huber(values: Tensor, target: Tensor, weight: Tensor, *, delta: float) -> Tensor:
    """Return the mean Huber loss where ``weight`` (b, 1, y, x), broadcast over the channels, is not 0."""
    weight = weight.expand_as(target)
    losses = functional.huber_loss(values, target, reduction="none", delta=delta)
    return (losses * weight).sum() / weight.sum().clamp(min=1.0)


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """Return the mean structural similarity (b,) of images (b, 1, y, x), in [-1, 1].

    Notes
    -----
    Wang et al. 2004 (doi 10.1109/TIP.2003.819861) with a Gaussian window of 11 px and sigma 1.5; the data range is
    that of ``second``.
    """
    span = second.amax((1, 2, 3), keepdim=True) - second.amin((1, 2, 3), keepdim=True)
    c1, c2 = (SSIM_K1 * span).square() + 1e-12, (SSIM_K2 * span).square() + 1e-12
    stacked = torch.cat([first, second, first * first, second * second, first * second], dim=1)
    with torch.autocast(stacked.device.type, enabled=False):  # differences of squares need their digits
        means = _gaussian_means(stacked)  # (b, 5, y, x)
    mean1, mean2, square1, square2, product = means.split(1, dim=1)
    variances = (square1 - mean1.square()) + (square2 - mean2.square())
    covariance = product - mean1 * mean2
    luminance = (2 * mean1 * mean2 + c1) / (mean1.square() + mean2.square() + c1)
    return (luminance * (2 * covariance + c2) / (variances + c2)).mean((1, 2, 3))


def image_loss(image: Tensor, target: Tensor, *, ssim_weight: float, delta: float) -> Tensor:
    """Return ``ssim_weight`` times the sum of 1 - SSIM, plus the rest times Huber, of images (b, 1, y, x)."""
    similarity = (1 - structural_similarity(image, target)).sum()
    return ssim_weight * similarity + (1 - ssim_weight) * functional.huber_loss(image, target, delta=delta)


def confidence(probability: Tensor) -> Tensor:
    """Return how sure a probability is, 0 at a half and 1 at 0 and 1."""
    return (2 * probability - 1).abs()


def sure_pixels(probability: Tensor, *, foreground: float, background: float) -> tuple[Tensor, Tensor]:
    """Return hard labels and where they are sure, both (b, c, y, x) float32.

    A pixel is sure of a class where its probability is at least ``foreground`` or at most ``background``.
    """
    is_foreground = probability >= foreground
    is_sure = is_foreground | (probability <= background)
    return is_foreground.float(), is_sure.float()


def _gaussian_means(stacked: Tensor) -> Tensor:
    n_channels = stacked.shape[1]
    size = min(SSIM_WINDOW_PX, *stacked.shape[-2:])
    offsets = torch.arange(size, device=stacked.device, dtype=stacked.dtype) - (size - 1) / 2
    window = torch.exp(-offsets.square() / (2 * SSIM_SIGMA_PX**2))
    window = (window / window.sum()).expand(n_channels, 1, size)
    rows = functional.conv2d(stacked, window[:, :, :, None], groups=n_channels)
    return functional.conv2d(rows, window[:, :, None, :], groups=n_channels)
