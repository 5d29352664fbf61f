"""What a training starts from: the classes it learns, the form of its input, and its first weights."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from sxt.errors import SettingsError
from sxt.models import CLASS_COLOURS, Model, ModelClass, Normalisation
from sxt.network import DoubleDecoder, NetworkConfig, build_network
from sxt.train.prepare import InputForm
from sxt.train.settings import TrainingSettings
from sxt.train.volumes import TrainingTomogram, class_values

FURTHER_COLOURS = ("#009E73", "#0072B2", "#D55E00", "#E69F00", "#56B4E9", "#F0E442", "#CC79A7")
"""Given to classes without a colour of their own, in turn."""

SCRATCH_NETWORK = NetworkConfig(stem_width=8, stage_widths=(8, 16, 32, 64, 128), neck_width=256, head_width=8)
"""Trained where there is no version to start from: the sizes of the shipped model, quick on a CPU too."""

OUTPUT_LAYER = "label_head.2"
"""The convolution that has one channel a class."""

SCRATCH_NORMALISATION: Normalisation = "robust"


def choose_classes(
    tomograms: Sequence[TrainingTomogram],
    parent: Model | None,
    wanted: Sequence[ModelClass] | None,
) -> tuple[ModelClass, ...]:
    """Return what is learned: the classes asked for, else those of the version started from, else all that occur.

    Raises
    ------
    SettingsError
        Where none of them occurs in the labels.
    """
    found = class_values(tuple(tomograms))
    if wanted is not None:
        chosen = tuple(wanted)
    elif parent is not None:
        chosen = parent.config.classes
    else:
        chosen = tuple(name_class(value, position) for position, value in enumerate(found))
    if not {each.value for each in chosen} & set(found):
        said = ", ".join(str(each.value) for each in chosen) or "none"
        there = ", ".join(map(str, found)) or "background alone"
        raise SettingsError(
            f"The classes to learn have the values {said}, but the labels hold {there}; label some or choose others."
        )
    return chosen


def name_class(value: int, position: int = 0) -> ModelClass:
    """Return a class for a value of which nothing else is known."""
    names = tuple(CLASS_COLOURS)
    if value <= len(names):
        return ModelClass(value, names[value - 1], CLASS_COLOURS[names[value - 1]])
    return ModelClass(value, f"class {value}", FURTHER_COLOURS[position % len(FURTHER_COLOURS)])


def choose_form(
    tomograms: Mapping[str, TrainingTomogram],
    parent: Model | None,
    settings: TrainingSettings,
    classes: tuple[ModelClass, ...],
) -> InputForm:
    """Return what slices must look like: as for the version started from, else as is asked for or most of them are."""
    sizes = dataclasses.replace(
        parent.config.network if parent else settings.network or SCRATCH_NETWORK, n_classes=len(classes)
    )
    if parent is not None:
        return InputForm(sizes, classes, parent.config.pixel_size_nm, parent.config.normalisation)
    known = [
        each.tomogram.voxel_size_nm[2]
        for each in tomograms.values()
        if each.labelled and each.tomogram.voxel_size_nm is not None
    ]
    usual_nm = statistics.median(known) if known else None
    return InputForm(sizes, classes, settings.pixel_size_nm or usual_nm, SCRATCH_NORMALISATION)


def build_start(
    form: InputForm, parent: Model | None, *, batch_norm_momentum: float, device: torch.device
) -> DoubleDecoder:
    """Return the network to train: freshly drawn from torch's random numbers, or with the parent's weights.

    A class that the parent has under the same name keeps its output channel; others begin anew.
    """
    network = build_network(form.network)
    if parent is not None:
        _take_over(network, parent, form.classes)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = batch_norm_momentum
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _take_over(network: DoubleDecoder, parent: Model, classes: tuple[ModelClass, ...]) -> None:
    weights = {name: tensor.clone() for name, tensor in parent.network.state_dict().items()}
    channels = {each.name.casefold(): index for index, each in enumerate(parent.config.classes)}
    own = network.state_dict()
    for name in (f"{OUTPUT_LAYER}.weight", f"{OUTPUT_LAYER}.bias"):
        taken, old = own[name].clone(), weights[name]
        for index, each in enumerate(classes):
            channel = channels.get(each.name.casefold())
            if channel is not None:
                taken[index] = old[channel]
        weights[name] = taken
    network.load_state_dict(weights)
