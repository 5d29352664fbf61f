"""The working folder of a training: checkpoints, curves, the split, rounds and previews."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.errors import InputError
from sxt.files import atomic_path, let_read, write_text_atomically

if TYPE_CHECKING:
    from torch import Tensor, nn

CURVE_COLUMNS = (
    "step",
    "seconds",
    "round",
    "learning_rate",
    "loss",
    "label_loss",
    "image_loss",
    "consistency_loss",
    "sure_share",
    "dice",
)
"""``sure_share`` is how sure the teacher is of unlabelled pixels, 0 to 1; ``dice`` that of the hold-out."""

STATE_KEY = "state"

State = dict[str, Any]


@dataclass(frozen=True)
class RunFolder:
    """Where a training keeps what it needs to go on, and what a page shows of it.

    Parameters
    ----------
    root : Path
        Made where absent. Beside these files it may hold others.
    """

    root: Path

    @property
    def checkpoint(self) -> Path:
        """The last state of everything, to go on from."""
        return self.root / "last.safetensors"

    @property
    def curves(self) -> Path:
        return self.root / "curves.csv"

    @property
    def split(self) -> Path:
        return self.root / "split.json"

    @property
    def rounds(self) -> Path:
        """The stretches of the training so far: pseudo-labels taken, Dice before and after, whether it was kept."""
        return self.root / "rounds.json"

    @property
    def fingerprint(self) -> Path:
        """What must be the same for an interrupted training to go on."""
        return self.root / "run.json"

    @property
    def result(self) -> Path:
        """Written last, when the version is saved."""
        return self.root / "result.json"

    @property
    def previews(self) -> Path:
        return self.root / "previews"

    @property
    def stop_flag(self) -> Path:
        return self.root / "stop"

    @property
    def reverted(self) -> Path:
        """From which round on the pseudo-labels were taken back, by whom and when."""
        return self.root / "reverted.json"

    def best(self, stretch: int) -> Path:
        """The best weights of a stretch: 0 before any pseudo-labels, then one a round."""
        return self.root / f"best-{stretch}.safetensors"

    def pseudo_labels(self, number: int) -> Path:
        return self.root / f"pseudo-{number}.safetensors"

    def request_stop(self) -> None:
        """Ask a running training to stop after its step and to keep what it has as a version."""
        write_text_atomically(self.stop_flag, "")

    def write_json(self, path: Path, values: Any) -> None:
        """Write JSON, whole or not at all."""
        write_text_atomically(path, json.dumps(values, indent=2, allow_nan=False) + "\n")

    def read_json(self, path: Path) -> Any:
        """Return what `write_json` wrote, None where there is nothing.

        Raises
        ------
        InputError
            Where it is damaged.
        """
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error}); delete it and train anew.") from error

    def write_curves(self, rows: Iterable[Mapping[str, float | None]]) -> None:
        """Write the curves; None leaves a field empty."""
        write_text_atomically(self.curves, format_curves(rows))

    def remove_checkpoints(self, *, keep_best: bool) -> None:
        """Remove what only an unfinished training needs; the best weights of each stretch where they are kept."""
        doomed = [self.checkpoint, self.stop_flag, *self.root.glob("pseudo-*.safetensors")]
        doomed += [] if keep_best else self.root.glob("best-*.safetensors")
        for path in doomed:
            path.unlink(missing_ok=True)


def format_curves(rows: Iterable[Mapping[str, float | None]]) -> str:
    """Return curves as CSV text with the columns `CURVE_COLUMNS`."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CURVE_COLUMNS)
    for row in rows:
        writer.writerow(["" if row.get(c) is None else f"{row[c]:.6g}" for c in CURVE_COLUMNS])
    return stream.getvalue()


def save_tensors(path: Path, tensors: "Mapping[str, Tensor]", state: State) -> None:
    """Write tensors and a JSON-able state as one safetensors file, whole or not at all."""
    from safetensors.torch import save_file

    stored = {key: tensor.detach().to("cpu", copy=True).contiguous() for key, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(stored, temporary, {STATE_KEY: json.dumps(state, allow_nan=False)})
        let_read(temporary)


def load_tensors(path: Path) -> "tuple[dict[str, Tensor], State]":
    """Return what `save_tensors` wrote.

    Raises
    ------
    InputError
        Where the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a mapping
            return tensors, json.loads(file.metadata()[STATE_KEY])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error}); delete it and train anew.") from error


def module_tensors(module: "nn.Module", prefix: str) -> "dict[str, Tensor]":
    """Return a module's parameters and buffers by name."""
    return {f"{prefix}{key}": value for key, value in module.state_dict().items()}
