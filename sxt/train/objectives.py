"""What each recipe asks of the network in a step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional

from sxt.network import DoubleDecoder
from sxt.train.augment import Crops
from sxt.train.batches import Batches, Views
from sxt.train.losses import confidence, image_loss, label_loss, masked_huber
from sxt.train.schedule import ramp_at
from sxt.train.settings import PaperRecipe, SemiRecipe, SupervisedRecipe

PART_NAMES = ("loss", "label_loss", "image_loss", "consistency_loss", "sure_share")


@dataclass(frozen=True)
class Moment:
    """Where a training stands: the step of all, the share of the stretch that is done, and the stretch."""

    step: int
    progress: float
    stretch: int


@dataclass(frozen=True)
class StepPart:
    """Some samples of a step with what computes them; the teacher is the averaged network in evaluation mode."""

    network: DoubleDecoder
    teacher: DoubleDecoder
    batches: Batches
    moment: Moment
    samples: Sequence[int]


@dataclass(frozen=True)
class Losses:
    """The loss to descend on, and its parts without gradients, by `PART_NAMES`."""

    total: Tensor
    parts: Mapping[str, Tensor]


class Objective(Protocol):
    """Computes the loss of some samples of a step."""

    def losses(self, part: StepPart) -> Losses:
        """Return the losses of the samples."""


def make_objective(recipe: SupervisedRecipe) -> Objective:
    """Return what a recipe asks for."""
    if isinstance(recipe, PaperRecipe):
        return PaperObjective(recipe)
    return SemiObjective(recipe) if isinstance(recipe, SemiRecipe) else SupervisedObjective()


class SupervisedObjective:
    """Cross-entropy and Dice on labelled crops."""

    def losses(self, part: StepPart) -> Losses:
        crops = part.batches.labelled(part.moment.step, part.samples)
        logit = 2 * part.network.label_logit(_laid_out(crops.values)).float()
        loss = label_loss(logit, crops.target, crops.known)
        return Losses(loss, {"loss": loss.detach(), "label_loss": loss.detach()})


@dataclass(frozen=True)
class SemiObjective:
    """Labelled crops, and unlabelled ones that a teacher labels and the image decoder redraws."""

    recipe: SemiRecipe

    def losses(self, part: StepPart) -> Losses:
        recipe, moment, samples = self.recipe, part.moment, part.samples
        crops = part.batches.labelled(moment.step, samples, pseudo_weight=recipe.pseudo_weight)
        if recipe.consistency_weight == 0:
            return self._without_teacher(part, crops)
        wanted = [
            sample * recipe.unlabelled_crops + n for sample in samples for n in range(recipe.unlabelled_crops)
        ]
        views = part.batches.unlabelled(moment.step, wanted, strong=recipe.strong)
        both = _laid_out(torch.cat([crops.values, views.varied.values]))
        parts: dict[str, Tensor] = {}
        n_labelled = len(samples)
        if moment.step % recipe.image_every == 0:
            image, label = part.network.image_and_logit(both, redrawn=slice(n_labelled, None))
            parts["image_loss"] = image_loss(image.float(), views.plain.centre, ssim_weight=0.0, delta=1.0)
        else:
            label = part.network.label_logit(both)
        logit = 2 * label.float()
        parts["label_loss"] = label_loss(logit[:n_labelled], crops.target, crops.known)
        agreement, parts["sure_share"] = self._consistency(part.teacher, views, logit[n_labelled:])
        parts["consistency_loss"] = agreement
        ramp = ramp_at(moment.progress, ramp_share=recipe.ramp_share) if moment.stretch == 0 else 1.0
        total = parts["label_loss"] + recipe.consistency_weight * ramp * agreement
        if "image_loss" in parts:
            total = total + recipe.image_weight * parts["image_loss"]
        return Losses(total, {name: each.detach() for name, each in {**parts, "loss": total}.items()})

    def _without_teacher(self, part: StepPart, crops: Crops) -> Losses:
        """Return the losses of labels and, every so many steps, of redrawing."""
        recipe, moment = self.recipe, part.moment
        logit = 2 * part.network.label_logit(_laid_out(crops.values)).float()
        total = label_loss(logit, crops.target, crops.known)
        parts = {"label_loss": total}
        if moment.step % recipe.image_every == 0:
            views = part.batches.unlabelled(moment.step, part.samples, strong=recipe.strong)
            image = part.network.image(_laid_out(views.varied.values)).float()
            parts["image_loss"] = image_loss(image, views.plain.centre, ssim_weight=0.0, delta=1.0)
            total = total + recipe.image_weight * parts["image_loss"]
        return Losses(total, {name: each.detach() for name, each in {**parts, "loss": total}.items()})

    def _consistency(self, teacher: DoubleDecoder, views: Views, logit: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss towards what the teacher sees, the surer the more it counts, and how sure it is."""
        with torch.no_grad():
            target = torch.sigmoid(2 * teacher.label_logit(_laid_out(views.plain.values)).float())
            sureness = confidence(target)
        return label_loss(logit, target, sureness), sureness.mean()


@dataclass(frozen=True)
class PaperObjective:
    """Epochs of labels and epochs of images in turn."""

    recipe: PaperRecipe

    def losses(self, part: StepPart) -> Losses:
        first = part.moment.step * self.recipe.batch_crops
        per_sample = [self._one(part.network, part.batches, first + sample) for sample in part.samples]
        total = cast(Tensor, sum(each.total for each in per_sample)) / len(per_sample)
        parts: dict[str, list[Tensor]] = {}
        for each in per_sample:
            for name, value in each.parts.items():
                parts.setdefault(name, []).append(value)
        return Losses(total, {name: torch.stack(values).mean() for name, values in parts.items()})

    def _one(self, network: DoubleDecoder, batches: Batches, position: int) -> Losses:
        epoch, place = divmod(position, batches.n_labelled + batches.n_unlabelled)
        if place < batches.n_labelled:
            return self._on_labels(
                network, batches.in_turn(epoch * batches.n_labelled + place, is_labelled=True)
            )
        image_place = epoch * batches.n_unlabelled + place - batches.n_labelled
        return self._on_images(network, batches.in_turn(image_place, is_labelled=False))

    def _on_labels(self, network: DoubleDecoder, crops: Crops) -> Losses:
        image, logit = network.image_and_logit(_laid_out(crops.values))
        delta, share = self.recipe.huber_delta, self.recipe.image_share
        label = masked_huber(torch.tanh(logit.float()), 2 * crops.target - 1, crops.known, delta=delta)
        redrawn = functional.huber_loss(image.float(), crops.centre, delta=delta)
        total = share * redrawn + (1 - share) * label
        parts = {"loss": total, "label_loss": label, "image_loss": redrawn}
        return Losses(total, {name: each.detach() for name, each in parts.items()})

    def _on_images(self, network: DoubleDecoder, crops: Crops) -> Losses:
        image = network.image(_laid_out(crops.values)).float()
        total = image_loss(
            image, crops.centre, ssim_weight=self.recipe.ssim_weight, delta=self.recipe.huber_delta
        )
        return Losses(total, {"loss": total.detach(), "image_loss": total.detach()})


def _laid_out(values: Tensor) -> Tensor:
    return values.contiguous(memory_format=torch.channels_last)
