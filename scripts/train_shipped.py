"""Train the shipped ``membrane`` model on simulated cells: ``python scripts/train_shipped.py --work-dir DIR``.

Three steps, each taken up again where it stopped: simulate the cells, train, evaluate on cells of unseen seeds and
save the version. Everything is drawn from the seed and the step's number, so a run that was interrupted ends like
one that was not. `SETTINGS` says everything that was chosen.
"""

import argparse
import csv
import dataclasses
import datetime
import math
import platform
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from sxt.cli.memory import use_huge_pages

use_huge_pages()  # before torch is imported

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from sxt.files import atomic_path
from sxt.models import Model, ModelClass, ModelConfig, load_model, save_model
from sxt.network import DoubleDecoder, NetworkConfig, build_network
from sxt.phantom import LABEL_CLASSES, PhantomSettings, draw_settings, simulate_cell
from sxt.segment import SegmentSettings, segment_tomogram
from sxt.segment.normalise import normalise_slices

MEMBRANE = 1
BATCH_NORM_MOMENTUM = 0.1
"""While training; the published 0.01 leaves the moving statistics far behind in a short run."""


SMALL_NETWORK = NetworkConfig(stem_width=8, stage_widths=(8, 16, 32, 64, 128), neck_width=256, head_width=8)
"""As many parameters as the published network at a quarter of its widths, but one stage deeper and half as wide at
each resolution: 3.3 times fewer operations and twice the field of view."""


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of the training with a learning rate schedule of its own.

    ``standard_share`` of the crops come from cells imaged at the simulator's standard settings, the rest from cells
    with every setting drawn at random. The learning rate falls along half a cosine of ``cosine_steps``, which is the
    phase's own length unless it breaks off earlier.
    """

    n_steps: int
    learning_rate: float
    standard_share: float
    warm_up_steps: int = 100
    cosine_steps: int | None = None


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """Everything chosen about the shipped model's training."""

    network: NetworkConfig = SMALL_NETWORK
    pixel_size_nm: float = 20.0
    cell_shape: tuple[int, int, int] = (20, 384, 384)
    voxel_range_nm: tuple[float, float] = (10.0, 28.0)
    varied_seeds: range = range(1_000, 1_032)
    standard_seeds: range = range(2_000, 2_020)
    varied_test_seeds: range = range(9_000, 9_004)
    standard_test_seeds: range = range(9_100, 9_104)
    phases: tuple[Phase, ...] = (
        Phase(1_800, 2e-3, 0.0),
        Phase(500, 1.2e-3, 0.6, cosine_steps=1_400),
        Phase(100, 9e-4, 0.6, warm_up_steps=0, cosine_steps=200),
    )
    crop_px: int = 192
    batch_crops: int = 4
    zoom_range: tuple[float, float] = (0.8, 1.25)
    weight_decay: float = 1e-4
    max_gradient_norm: float = 1.0
    average_decay: float = 0.995
    image_loss_every: int = 4
    image_loss_weight: float = 0.1
    seed: int = 0

    @property
    def n_steps(self) -> int:
        return sum(phase.n_steps for phase in self.phases)

    def phase_at(self, step: int) -> tuple[Phase, int]:
        """Return the phase that a step belongs to, and the step's number within it."""
        for phase in self.phases:
            if step < phase.n_steps:
                return phase, step
            step -= phase.n_steps
        return self.phases[-1], self.phases[-1].n_steps


SETTINGS = TrainingSettings()


@dataclasses.dataclass(frozen=True)
class Cell:
    """A simulated tomogram as the training sees it: slices (z, y, x) normalised, absorbing dark, and membranes."""

    values: Tensor
    is_membrane: Tensor
    pixel_size_nm: float


@dataclasses.dataclass(frozen=True)
class Cells:
    """Training cells by how their settings were chosen."""

    varied: list[Cell]
    standard: list[Cell]


# --- simulated cells ------------------------------------------------------------------------------------------


def phantom_settings(seed: int, settings: TrainingSettings) -> PhantomSettings:
    """Draw every setting, or keep the standard ones and draw the voxel size alone, as the seed's group has it."""
    varied = draw_settings(seed, settings.cell_shape, voxel_range_nm=settings.voxel_range_nm)
    if seed in settings.varied_seeds or seed in settings.varied_test_seeds:
        return varied
    return PhantomSettings(settings.cell_shape, varied.voxel_size_nm)


def simulate_cells(folder: Path, settings: TrainingSettings) -> None:
    """Simulate the training cells that are not yet in ``folder``, one file a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in (*settings.varied_seeds, *settings.standard_seeds):
        final = folder / f"cell-{seed}.npz"
        if final.exists():
            continue
        cell = simulate_cell(phantom_settings(seed, settings), seed=seed)
        absorbing_is = cell.tomogram.absorbing_is or "dark"
        slices = np.asarray(cell.tomogram.data[:])
        normalised = normalise_slices(slices, rule="robust", absorbing_is=absorbing_is)
        voxel_size_nm = cell.tomogram.voxel_size_nm or (0.0, 0.0, 0.0)
        with atomic_path(final) as temporary:
            np.savez(
                temporary,
                values=normalised.values.astype(np.float16),
                is_membrane=cell.labels == MEMBRANE,
                pixel_size_nm=voxel_size_nm[2],
            )
        report(f"simulated {final.name}: voxel {voxel_size_nm[2]:.1f} nm, {absorbing_is}")


def load_cells(folder: Path, seeds: range) -> list[Cell]:
    cells = []
    for seed in seeds:
        with np.load(folder / f"cell-{seed}.npz") as stored:
            cells.append(
                Cell(
                    torch.from_numpy(stored["values"]),
                    torch.from_numpy(stored["is_membrane"]),
                    float(stored["pixel_size_nm"]),
                )
            )
    return cells


# --- batches --------------------------------------------------------------------------------------------------


def draw_batch(cells: Cells, settings: TrainingSettings, *, step: int) -> tuple[Tensor, Tensor]:
    """Return crops (b, 1, y, x) and the membrane's share of each pixel (b, 1, y, x), both float32."""
    rng = np.random.default_rng([settings.seed, step])
    phase, _ = settings.phase_at(step)
    crops = []
    for _ in range(settings.batch_crops):
        is_standard = phase.standard_share > 0 and rng.random() < phase.standard_share
        group = cells.standard if is_standard else cells.varied
        crops.append(draw_crop(group[rng.integers(len(group))], settings, rng))
    return torch.stack([crop for crop, _ in crops]), torch.stack([label for _, label in crops])


def draw_crop(cell: Cell, settings: TrainingSettings, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    zoom = math.exp(rng.uniform(*np.log(settings.zoom_range)))
    height, width = cell.values.shape[1:]
    side = round(settings.crop_px * settings.pixel_size_nm * zoom / cell.pixel_size_nm)
    side = min(side, height, width)
    z, y, x = (int(rng.integers(n)) for n in (len(cell.values), height - side + 1, width - side + 1))
    region = (z, slice(y, y + side), slice(x, x + side))
    pair = torch.stack([cell.values[region].float(), cell.is_membrane[region].float()])[
        None
    ]  # (1, 2, side, side)
    size = (settings.crop_px, settings.crop_px)
    pair = functional.interpolate(pair, size=size, mode="bilinear", antialias=True)
    if rng.random() < 0.5:
        pair = pair.flip(-1)
    pair = torch.rot90(pair, int(rng.integers(4)), (-2, -1))
    values = vary_grey_values(pair[0, :1], rng)
    return values, pair[0, 1:].clamp(0, 1)


def vary_grey_values(values: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary contrast, brightness, a smooth shade, blur and noise of normalised values (1, y, x)."""
    values = values * math.exp(rng.normal(0, 0.2)) + rng.normal(0, 0.2)
    if rng.random() < 0.3:
        kernel = torch.tensor([0.25, 0.5, 0.25])
        blur = (kernel[:, None] * kernel[None])[None, None]
        values = functional.conv2d(functional.pad(values[None], (1, 1, 1, 1), mode="reflect"), blur)[0]
    if rng.random() < 0.5:
        coarse = torch.from_numpy(rng.normal(0, 0.3, (1, 1, 4, 4)).astype(np.float32))
        values = values + functional.interpolate(coarse, size=values.shape[-2:], mode="bicubic")[0]
    if rng.random() < 0.5:
        noise = rng.standard_normal(values.shape, dtype=np.float32) * rng.uniform(0, 0.5)
        values = values + torch.from_numpy(noise)
    return values.clamp(-6, 6)


# --- training -------------------------------------------------------------------------------------------------


def label_loss(logit: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy plus soft Dice over the batch; ``logit`` is that of the foreground."""
    probability = torch.sigmoid(logit)
    overlap = 2 * (probability * target).sum() + 1
    dice = overlap / (probability.square().sum() + target.square().sum() + 1)
    return functional.binary_cross_entropy_with_logits(logit, target) + (1 - dice)


def learning_rate(step: int, settings: TrainingSettings) -> float:
    """In each phase a linear warm-up, then half a cosine down to a hundredth."""
    phase, step = settings.phase_at(step)
    if step < phase.warm_up_steps:
        return phase.learning_rate * (step + 1) / phase.warm_up_steps
    cosine_steps = phase.cosine_steps or phase.n_steps
    done = (step - phase.warm_up_steps) / (cosine_steps - phase.warm_up_steps)
    return phase.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


@dataclasses.dataclass
class TrainingState:
    """The network, its running average, and the optimiser."""

    network: DoubleDecoder
    average: DoubleDecoder
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls, settings: TrainingSettings) -> "TrainingState":
        torch.manual_seed(settings.seed)
        network = build_network(settings.network)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = BATCH_NORM_MOMENTUM
        average = build_network(settings.network)
        average.load_state_dict(network.state_dict())
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.AdamW(network.parameters(), weight_decay=settings.weight_decay, fused=True)
        return cls(network, average, optimiser)

    def save(self, path: Path) -> None:
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{k}": v for k, v in state.items()}
        with atomic_path(path) as temporary:
            save_file(
                {k: v.clone().contiguous() for k, v in tensors.items()},
                temporary,
                {"step": str(self.step), "seconds": f"{self.seconds:.0f}"},
            )

    def load(self, path: Path) -> None:
        from safetensors import safe_open

        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            self.step = int(file.metadata()["step"])
            self.seconds = float(file.metadata()["seconds"])
        self.network.load_state_dict(_under(tensors, "network."))
        self.average.load_state_dict(_under(tensors, "average."))
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in _under(tensors, "optimiser.").items():
            index, name = key.split(".")
            state.setdefault(int(index), {})[name] = tensor
        whole = self.optimiser.state_dict()
        self.optimiser.load_state_dict({**whole, "state": state})

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        decay = min(decay, (1 + self.step) / (10 + self.step))
        averages, values = self.average.state_dict(), self.network.state_dict()
        floating = [key for key, value in values.items() if value.is_floating_point()]
        torch._foreach_lerp_([averages[k] for k in floating], [values[k] for k in floating], 1 - decay)


def train(cells: Cells, settings: TrainingSettings, folder: Path, *, report_every: int = 50) -> TrainingState:
    """Train to the last step; checkpoints go to ``folder``."""
    state = TrainingState.start(settings)
    checkpoint, curves = folder / "checkpoint.safetensors", folder / "curves.csv"
    if checkpoint.exists():
        state.load(checkpoint)
    state.network.train()
    started, losses = time.monotonic(), []
    while state.step < settings.n_steps:
        losses.append(train_one_step(state, cells, settings))
        state.step += 1
        if state.step % report_every == 0 or state.step == settings.n_steps:
            mean = float(np.mean(losses))
            append_row(
                curves, state.step, {"label_loss": mean, "learning_rate": learning_rate(state.step, settings)}
            )
            seconds = time.monotonic() - started
            state.seconds += seconds
            report(f"step {state.step}: loss {mean:.4f}, {seconds / len(losses):.2f} s a step")
            started, losses = time.monotonic(), []
            state.save(checkpoint)
    return state


def train_one_step(state: TrainingState, cells: Cells, settings: TrainingSettings) -> float:
    values, target = draw_batch(cells, settings, step=state.step)
    values = values.contiguous(memory_format=torch.channels_last)
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(state.step, settings)
    state.optimiser.zero_grad(set_to_none=True)
    if state.step % settings.image_loss_every == 0:
        outputs = state.network(values)
        logit = 2 * torch.atanh(outputs.label.clamp(-0.9999, 0.9999))
        image_loss = functional.huber_loss(outputs.image, values)
        loss = label_loss(logit, target)
        (loss + settings.image_loss_weight * image_loss).backward()
    else:
        loss = label_loss(2 * state.network.label_logit(values), target)
        loss.backward()
    if not math.isfinite(loss.item()):
        raise FloatingPointError(
            f"The loss is {loss.item()} at step {state.step}; the last checkpoint is kept."
        )
    nn.utils.clip_grad_norm_(state.network.parameters(), settings.max_gradient_norm)
    state.optimiser.step()
    state.update_average(settings.average_decay)
    return loss.item()


# --- held-out cells and the shipped version -------------------------------------------------------------------


def evaluate(model_root: Path, spec: str, settings: TrainingSettings) -> dict[str, float]:
    """Return the membrane's Dice on cells of unseen seeds, segmented as a user would, each at its own voxel size."""
    model = load_model(spec, root=model_root)
    metrics: dict[str, float] = {}
    groups = {"dice": settings.standard_test_seeds, "dice_varied_settings": settings.varied_test_seeds}
    for name, seeds in groups.items():
        scores = [score_cell(model, phantom_settings(seed, settings), seed) for seed in seeds]
        metrics |= {name: round(float(np.mean(scores)), 4), f"{name}_lowest": round(min(scores), 4)}
        metrics[f"{name}_cells"] = len(scores)
    return metrics


def score_cell(model: Model, drawn: PhantomSettings, seed: int) -> float:
    """Return the membrane's Dice on one simulated cell."""
    cell = simulate_cell(drawn, seed=seed)
    mask = segment_tomogram(cell.tomogram, model, settings=SegmentSettings()).mask == 1
    truth = cell.labels == MEMBRANE
    score = float(2 * np.sum(mask & truth) / max(1, np.sum(mask) + np.sum(truth)))
    report(f"held-out seed {seed}: voxel {drawn.voxel_zyx_nm[2]:.1f} nm, Dice {score:.3f}")
    return score


def model_config(
    version: str, settings: TrainingSettings, metrics: dict[str, float], hours: float
) -> ModelConfig:
    membrane = next(each for each in LABEL_CLASSES if each.value == MEMBRANE)
    return ModelConfig(
        name="membrane",
        version=version,
        network=settings.network,
        classes=(ModelClass(1, membrane.name, membrane.colour),),
        created=datetime.date.today().isoformat(),
        pixel_size_nm=settings.pixel_size_nm,
        absorbing_is="dark",
        normalisation="robust",
        threshold=0.5,
        training={
            "data": f"{len(settings.varied_seeds)} simulated cells with all settings drawn, seeds "
            f"{settings.varied_seeds.start} to {settings.varied_seeds.stop - 1}; {len(settings.standard_seeds)} at the "
            f"standard settings, seeds {settings.standard_seeds.start} to {settings.standard_seeds.stop - 1}",
            "cells": f"{settings.cell_shape} voxels of {settings.voxel_range_nm[0]:g} to "
            f"{settings.voxel_range_nm[1]:g} nm",
            "steps": " + ".join(str(phase.n_steps) for phase in settings.phases),
            "batch": f"{settings.batch_crops} crops of {settings.crop_px} px",
            "loss": "cross-entropy + soft Dice; Huber on the image decoder",
            "optimiser": "AdamW with warm-up and cosine, learning rate "
            + ", then ".join(f"{phase.learning_rate:g}" for phase in settings.phases),
            "weights": f"exponential average, decay {settings.average_decay:g}",
            "seed": settings.seed,
            "hardware": f"{platform.machine()} CPU, {torch.get_num_threads()} threads, fp32",
            "hours": round(hours, 2),
            "torch": torch.__version__.split("+")[0],
        },
        metrics=metrics,
        description="Outlines of membrane-bound organelles and the nuclear envelope, about 60 nm wide.",
        limits=(
            "Trained on simulated cells only; look at the result on your tomogram before you count on it.",
            "Membranes parallel to the slice and within the missing wedge are faint and often missed.",
            "Lipid droplets and gold beads are meant to be left out; a dense bead may leave a rim.",
        ),
        licence="MIT",
        source="Trained by scripts/train_shipped.py of this repository.",
    )


# --- command --------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work-dir", type=Path, default=REPOSITORY / "build" / "membrane")
    parser.add_argument("--models-dir", type=Path, default=REPOSITORY / "weights")
    parser.add_argument("--version", default="1")
    arguments = parser.parse_args()
    settings = SETTINGS
    cells_dir = arguments.work_dir / "cells"
    simulate_cells(cells_dir, settings)
    cells = Cells(
        load_cells(cells_dir, settings.varied_seeds), load_cells(cells_dir, settings.standard_seeds)
    )
    state = train(cells, settings, arguments.work_dir)
    network, hours = state.average.eval(), state.seconds / 3600
    trial_root = arguments.work_dir / "trial"
    trial_version = f"{arguments.version}-{int(time.time())}"
    trial = save_model(trial_root, model_config(trial_version, settings, {}, hours), network)
    metrics = evaluate(trial_root, f"membrane:{trial.name}", settings)
    curves = (arguments.work_dir / "curves.csv").read_text()
    config = model_config(arguments.version, settings, metrics, hours)
    report(f"wrote {save_model(arguments.models_dir, config, network, curves_csv=curves)}")


def report(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def append_row(path: Path, step: int, values: dict[str, float]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="") as stream:
        writer = csv.writer(stream)
        if is_new:
            writer.writerow(["step", *values])
        writer.writerow([step, *(f"{value:.6g}" for value in values.values())])


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


if __name__ == "__main__":
    main()
