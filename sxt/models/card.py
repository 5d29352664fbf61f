"""The card of a model version: its ``config.json`` as Markdown for a reader."""

from collections.abc import Iterable

from sxt.models.config import ModelConfig


def render_card(config: ModelConfig) -> str:
    """Return the model card in Markdown: what it is, data and training, held-out metrics, limits, licence."""
    parts = [
        f"# {config.spec}",
        config.description or "No description was given.",
        "## What it is",
        _table(("what", "value"), _identity_rows(config)),
        "## Data and training",
        _table(("what", "value"), config.training.items()) if config.training else "Nothing was recorded.",
        "## Held-out metrics",
        _table(("metric", "value"), _metric_rows(config)) if config.metrics else "None were measured.",
        "## Limits",
        _table(("limit",), ((each,) for each in config.limits)) if config.limits else "None were recorded.",
        "## Licence and source",
        _table(("what", "value"), (("licence", config.licence), ("source", config.source))),
    ]
    return "\n\n".join(parts) + "\n"


def _identity_rows(config: ModelConfig) -> list[tuple[str, object]]:
    pixel_size = "unknown" if config.pixel_size_nm is None else f"{config.pixel_size_nm:g} nm"
    return [
        *((f"class {each.value}", f"{each.name}, `{each.colour}`") for each in config.classes),
        ("pixel size", pixel_size),
        ("absorbing structures are", config.absorbing_is),
        ("normalisation", config.normalisation),
        ("threshold", f"{config.threshold:g}"),
        ("started from", config.parent or "nothing"),
        ("created", config.created),
        (
            "SHA-256 of the weights",
            f"`{config.weights_sha256}`" if config.weights_sha256 else "not saved yet",
        ),
    ]


def _metric_rows(config: ModelConfig) -> list[tuple[str, str]]:
    return [(name, f"{value:.4g}") for name, value in config.metrics.items()]


def _table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(_cell(each) for each in line) + " |" for line in lines)


def _cell(value: object) -> str:
    text = "not recorded" if value is None else str(value)
    return " ".join(text.split()).replace("|", "\\|")
