"""A study on disk: a record that is read again, tables, and the report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sxt.errors import InputError
from sxt.files import write_text_atomically
from sxt.metrics.records import from_record, to_record
from sxt.metrics.report import write_report
from sxt.metrics.study import Study
from sxt.metrics.tables import (
    list_agreements,
    list_changes,
    list_comparisons,
    list_objects,
    list_scores,
    list_slices,
    write_csv,
)

SCHEMA_VERSION = 1
STUDY_FILE = "study.json"
REPORT_FILE = "report.html"


@dataclass(frozen=True)
class StudyFiles:
    """What was written: names inside the folder."""

    folder: Path
    names: tuple[str, ...]


def write_study(study: Study, folder: Path, *, title: str) -> StudyFiles:
    """Write ``study.json``, ``report.html`` and a CSV file for each table that has rows, each whole or not at all."""
    tables = {
        "scores.csv": list_scores(study),
        "slices.csv": list_slices(study),
        "objects.csv": list_objects(study),
        "comparison.csv": list_comparisons(study),
        "changes.csv": list_changes(study),
        "agreement.csv": list_agreements(study),
    }
    for name, rows in tables.items():
        if rows:
            write_csv(folder / name, rows)
        else:
            (folder / name).unlink(missing_ok=True)  # of an earlier study with other parts
    write_report(study, folder / REPORT_FILE, title=title)
    record = {"schema_version": SCHEMA_VERSION, **to_record(study)}
    write_text_atomically(folder / STUDY_FILE, json.dumps(record, allow_nan=False) + "\n")
    return StudyFiles(folder, (REPORT_FILE, STUDY_FILE, *(name for name, rows in tables.items() if rows)))


def read_study(folder: Path) -> Study:
    """Read a study that `write_study` wrote.

    Raises
    ------
    InputError
        Where there is none, or it is damaged or of a newer schema.
    """
    path = folder / STUDY_FILE
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); evaluate again.") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); delete it and evaluate again.") from error
    version = record.pop("schema_version", None) if isinstance(record, dict) else None
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {version}, but this program reads {SCHEMA_VERSION}; evaluate again."
        )
    return from_record(Study, record)


def summarise(study: Study) -> dict[str, Any]:
    """Return a study's numbers without those of slices and objects, as JSON-able values."""
    return {
        "versions": to_record(study.versions),
        "tomograms": to_record(study.tomograms),
        "classes": to_record(study.classes),
        "baseline": study.baseline,
        "warnings": list(study.warnings),
        "notes": sorted({note for each in study.evaluations for found in each for note in found.notes}),
        "scores": to_record(list_scores(study)),
        "overall": [
            {
                "version": version.name,
                "tomogram": tomogram.name,
                "accuracy": to_record(found.confusion.accuracy),
                "pooled": to_record(found.confusion.pooled()),
                "macro": to_record(found.confusion.macro()),
            }
            for version, evaluations in zip(study.versions, study.evaluations, strict=False)
            for tomogram, found in zip(study.tomograms, evaluations, strict=True)
        ],
        "comparison": to_record(list_comparisons(study)),
        "changes": to_record(list_changes(study)),
        "agreement": to_record(list_agreements(study)),
        "settings": to_record(study.settings),
        "statistics": to_record(study.statistics),
        "programs": study.programs,
        "created": study.created,
    }
