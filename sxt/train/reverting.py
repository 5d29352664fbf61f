"""Taking back a round of pseudo-labels: of a training that goes on, and of one that has made its version."""

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sxt.errors import SettingsError
from sxt.train.folder import RunFolder, load_tensors

if TYPE_CHECKING:
    from sxt.models import ModelConfig
    from sxt.train.run import TrainedVersion


@dataclass(frozen=True)
class Reversal:
    """From which round on the pseudo-labels were taken back.

    Parameters
    ----------
    number : int
        1 is the first round.
    by : str
    when : str
        ISO 8601.
    """

    number: int
    by: str
    when: str

    @property
    def words(self) -> str:
        """By whom and on which day."""
        return f"reverted by {self.by} on {self.when[:10]}"


def request_reversal(run: RunFolder, number: int, *, by: str, when: datetime) -> None:
    """Let a training that is not finished end, after its step, with the best weights of before a round.

    Raises
    ------
    SettingsError
        Where it has not begun that round.
    """
    _find_round(run.read_json(run.rounds) or [], number)
    run.write_json(run.reverted, asdict(Reversal(number, by, when.isoformat())))


def read_reversal(run: RunFolder) -> Reversal | None:
    """Return what was taken back, None where nothing was."""
    stored = run.read_json(run.reverted)
    return None if stored is None else Reversal(**stored)


def first_reverted(run: RunFolder) -> int:
    """Return the first round that was taken back, 0 where none was."""
    reversal = read_reversal(run)
    return 0 if reversal is None else reversal.number


def mark_reverted(record: dict[str, Any], reversal: Reversal | None) -> None:
    """Note in a round's record that it was taken back, alone or with one before it."""
    if reversal is not None and record["number"] >= reversal.number:
        record["is_kept"] = False
        record.setdefault("reverted", {"by": reversal.by, "when": reversal.when})


def name_round_record(record: Mapping[str, Any]) -> str:
    """Return under which name a version's record has a round."""
    return f"pseudo-labels, round {record['number']}"


def describe_round(record: Mapping[str, Any]) -> str:
    """Return for a version's record what a round took, and what came of it."""
    dice = [record.get(key) for key in ("dice_before", "dice_after")]
    before, after = ("unknown" if value is None else f"{value:.4f}" for value in dice)
    fate = "kept" if record["is_kept"] else "not kept"
    if "reverted" in record:
        fate = Reversal(record["number"], **record["reverted"]).words
    return f"{record['voxels']} voxels of {record['slices']} slices; Dice {before}, then {after}; {fate}"


def revert_round(run: RunFolder, number: int, *, root: Path, by: str, when: datetime) -> "TrainedVersion":
    """Save the best weights of before a round as a new version, which becomes the result of a finished training.

    The version with the round stays as it is.

    Parameters
    ----------
    run : RunFolder
        Of the finished training.
    number : int
        A round that was kept, 1 the first.
    root : Path
        Folder of model versions.
    by : str
    when : datetime

    Raises
    ------
    SettingsError
        Where the training is not finished, or the round is none that its result contains.
    InputError
        Where the weights of before the round are gone.
    ModelError
        Where the version that it made is gone.
    """
    from sxt.models import find_model, save_model
    from sxt.models.config import read_config
    from sxt.network import build_network
    from sxt.train.run import TrainedVersion

    stored = run.read_json(run.result)
    if stored is None:
        raise SettingsError(
            "The training has made no version yet; wait for it, or stop it and keep what it has."
        )
    version = TrainedVersion.from_json(stored)
    record = _find_round(version.rounds, number)
    if not record.get("is_kept"):
        raise SettingsError(f"{version.spec} does not contain round {number}; there is nothing to revert.")
    tensors, state = load_tensors(run.best(number - 1))
    reversal = Reversal(number, by, when.isoformat())
    rounds = [dict(each) for each in version.rounds]
    for each in rounds:
        mark_reverted(each, reversal)
    told = f"{_name_rounds(rounds, number)} of {version.spec} {reversal.words}."
    config = read_config(find_model(version.spec, root=root) / "config.json")
    said = {name_round_record(each): describe_round(each) for each in rounds}
    said |= {"best step": state["step"], "reverted": told}
    config = _describe_earlier(config, run, record, said, root=root, when=when)
    network = build_network(config.network)
    network.load_state_dict(tensors)
    path = save_model(root, config, network, curves_csv=_curves_before(run, number), precision="fp16")
    earlier = dataclasses.replace(
        version,
        spec=config.spec,
        path=path,
        metrics=dict(config.metrics),
        rounds=rounds,
        notes=(told, *version.notes),
    )
    run.write_json(run.reverted, asdict(reversal))
    run.write_json(run.rounds, rounds)
    run.write_json(run.result, earlier.to_json())
    return earlier


def _find_round(rounds: Sequence[Mapping[str, Any]], number: int) -> Mapping[str, Any]:
    found = next((each for each in rounds if each["number"] == number), None)
    if found is None:
        raise SettingsError(
            f"There is no round {number} of pseudo-labels; the training has had {len(rounds) or 'none'}."
        )
    return found


def _name_rounds(rounds: Sequence[Mapping[str, Any]], first: int) -> str:
    last = rounds[-1]["number"]
    return (
        f"Round {first} of pseudo-labels" if first == last else f"Rounds {first} to {last} of pseudo-labels"
    )


def _describe_earlier(
    config: "ModelConfig",
    run: RunFolder,
    record: Mapping[str, Any],
    said: Mapping[str, str | int],
    *,
    root: Path,
    when: datetime,
) -> "ModelConfig":
    """Return the configuration of the version without the round: the same start, the measure taken at the time."""
    from sxt.models import SHIPPED_ROOT, next_version

    n_looked_at = run.read_json(run.fingerprint)["settings"]["validation_slices"]
    n_held_out = int(config.metrics["hold_out_slices"])
    metrics = {"dice": round(record["dice_before"], 4), "hold_out_slices": min(n_held_out, n_looked_at)}
    if n_held_out <= n_looked_at and "parent_dice" in config.metrics:
        metrics["parent_dice"] = config.metrics["parent_dice"]
    return dataclasses.replace(
        config,
        version=next_version(config.name, root=(root, SHIPPED_ROOT)),
        created=when.date().isoformat(),
        training={**config.training, **said},
        metrics=metrics,
        weights_sha256="",
    )


def _curves_before(run: RunFolder, number: int) -> str:
    """Return the rows of the curves of before a round."""
    rows = csv.DictReader(io.StringIO(run.curves.read_text(encoding="utf-8")))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows.fieldnames or (), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for row in rows if float(row["round"]) < number)
    return stream.getvalue()
