"""All numbers of a comparison as tables, and its files to be saved."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sxt.metrics import Study
from sxt.metrics.output import REPORT_FILE, STUDY_FILE
from sxt.metrics.report import SCORE_COLUMNS, format_number
from sxt.metrics.tables import Row, list_agreements, list_changes, list_scores
from sxt.ui.metrics.studies import StoredStudy
from sxt.ui.services import services
from sxt.ui.text import escape_markdown
from sxt.workspace.evaluating import comparison_folder

FILE_LABELS = {
    REPORT_FILE: "Report, HTML",
    STUDY_FILE: "Everything, JSON",
    "comparison.csv": "Comparison, CSV",
    "scores.csv": "Scores, CSV",
    "slices.csv": "Slices, CSV",
    "objects.csv": "Objects, CSV",
    "changes.csv": "Changes, CSV",
    "agreement.csv": "Agreement, CSV",
}
MEDIA_TYPES = {".html": "text/html", ".json": "application/json", ".csv": "text/csv"}
HEADS = ("version", "tomogram")
DISTANCES = ("hausdorff_95", "mean_surface_distance")
FILES_PER_ROW = 4
CHANGE_COLUMNS = {
    "voxels_fixed": "Voxels fixed",
    "voxels_broken": "Voxels broken",
    "voxels_still_wrong": "Voxels still wrong",
    "voxels_right": "Voxels right in both",
    "objects_fixed": "Objects fixed",
    "objects_broken": "Objects broken",
    "objects_still_wrong": "Objects still missed",
    "objects_right": "Objects found by both",
}
AGREEMENT_COLUMNS = {
    "dice": "Dice",
    "disagreement_voxels": "Voxels that differ",
    "disagreement_um3": "µm³ that differ",
    "baseline_um3": "Baseline, µm³",
    "candidate_um3": "Version, µm³",
    "baseline_objects": "Objects, baseline",
    "candidate_objects": "Objects, version",
}


def draw_numbers(study: Study, class_value: int) -> None:
    """Draw every score, and what changed against the baseline."""
    name = next(each.name for each in study.classes if each.value == class_value)
    for title, rows, columns in (
        ("All scores", list_scores(study), SCORE_COLUMNS),
        (f"What changed against {study.baseline}", list_changes(study), CHANGE_COLUMNS),
        (f"Agreement with {study.baseline}", list_agreements(study), AGREEMENT_COLUMNS),
    ):
        chosen = [row for row in rows if row["class"] == name]
        if chosen:
            st.caption(escape_markdown(title))
            st.dataframe(readable_table(chosen, columns), hide_index=True)
    for note in _notes(study):
        st.caption(escape_markdown(note))


def readable_table(rows: Sequence[Row], columns: dict[str, str]) -> pd.DataFrame:
    """Return rows under the headings of the report, numbers as text; columns that no row has are left out."""
    shown = {key: label for key, label in columns.items() if any(key in row for row in rows)}
    unit = next((row["distance_unit"] for row in rows if "distance_unit" in row), "")
    table: dict[str, list[str]] = {
        head.capitalize(): [str(row[head]) for row in rows] for head in HEADS if head in rows[0]
    }
    for key, label in shown.items():
        heading = f"{label}, {unit}" if key in DISTANCES else label
        table[heading] = [format_number(row.get(key, math.nan)) for row in rows]
    return pd.DataFrame(table)


def draw_files(stored: StoredStudy) -> None:
    """Offer the files of a comparison."""
    folder = comparison_folder(services().workspace, stored.id)
    there = [name for name in FILE_LABELS if (folder / name).is_file()]
    for start in range(0, len(there), FILES_PER_ROW):
        columns = st.columns(FILES_PER_ROW)
        for column, name in zip(columns, there[start : start + FILES_PER_ROW], strict=False):
            path = folder / name
            column.download_button(
                FILE_LABELS[name],
                data=path.read_bytes,
                file_name=f"comparison-{stored.id}-{name}",
                mime=MEDIA_TYPES[path.suffix],
                key=f"metrics-save-{stored.id}-{name}",
                on_click="ignore",
                width="stretch",
            )


def _notes(study: Study) -> list[str]:
    return list(dict.fromkeys(note for each in study.evaluations for found in each for note in found.notes))
