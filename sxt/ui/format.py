"""Numbers as pages show them: three significant digits, units, intervals, times, sizes."""

import math
from collections.abc import Sequence
from datetime import datetime

from sxt.tomogram import VoxelSize

THIN_SPACE = "\u2009"
MINUS = "\u2212"
NOTHING = "–"
"""Stands where there is no number."""

SIGNIFICANT_DIGITS = 3
SMALLEST_PLAIN = 1e-3
BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
RECENT_S = 45
OLD_S = 30 * DAY_S


def number(value: float | None) -> str:
    """Return a measured value with three significant digits: ``0.482``, ``12.3``, ``48 200``, ``4.82·10⁻⁵``."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value < 0:
        return MINUS + number(-value)
    if value == 0:
        return "0"
    if value < SMALLEST_PLAIN:
        return _power_of_ten(value)
    rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    decimals = max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(rounded)))
    return f"{rounded:,.{decimals}f}".replace(",", THIN_SPACE)


def quantity(value: float | None, unit: str) -> str:
    """Return a measured value with its unit: ``0.482 µm³``."""
    text = number(value)
    return text if text == NOTHING else f"{text} {unit}"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return a value with its confidence interval, all with the same decimals: ``0.871 [0.858, 0.883]``."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return number(value)
    largest = max(abs(value), abs(low), abs(high))
    decimals = _decimals(largest)
    shown, shown_low, shown_high = (_fixed(each, decimals) for each in (value, low, high))
    return f"{shown} [{shown_low}, {shown_high}]"


def count(n: int, singular: str = "", plural: str = "") -> str:
    """Return a whole number, exact, with its noun where one is given: ``12 480``, ``1 slice``, ``3 slices``."""
    digits = f"{abs(n):,}".replace(",", THIN_SPACE)
    text = MINUS + digits if n < 0 else digits
    if not singular:
        return text
    return f"{text} {singular if n == 1 else plural or singular + 's'}"


def percent(share: float | None) -> str:
    """Return a share from 0 to 1 as whole percent; 100 % only where it is complete."""
    if share is None or not math.isfinite(share):
        return NOTHING
    whole = min(99, round(100 * share)) if share < 1 else round(100 * share)
    return f"{whole} %"


def duration(seconds: float | None) -> str:
    """Return a time span in its two largest units: ``0.4 s``, ``45 s``, ``2 min 10 s``, ``1 h 5 min``, ``3 d 4 h``."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return _two(whole, (MINUTE_S, "min"), (1, "s"))
    if whole < DAY_S - MINUTE_S // 2:
        return _two(round(whole / MINUTE_S) * MINUTE_S, (HOUR_S, "h"), (MINUTE_S, "min"))
    return _two(round(whole / HOUR_S) * HOUR_S, (DAY_S, "d"), (HOUR_S, "h"))


def ago(when: datetime, now: datetime) -> str:
    """Return how long ago something was: ``just now``, ``12 min ago``, ``3 h ago``, ``5 d ago``, or the date."""
    seconds = (now - when).total_seconds()
    if seconds < RECENT_S:
        return "just now"
    if seconds >= OLD_S:
        return f"{when:%Y-%m-%d}"
    for unit_s, name in ((DAY_S, "d"), (HOUR_S, "h")):
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)} {name} ago"
    return f"{max(1, round(seconds / MINUTE_S))} min ago"


def file_size(n_bytes: float | None) -> str:
    """Return a size in decimal units: ``812 bytes``, ``48.2 MB``."""
    if n_bytes is None or n_bytes < 0:
        return NOTHING
    power = 0 if n_bytes < 1000 else min(int(math.log10(n_bytes) / 3 + 1e-9), len(BYTE_UNITS) - 1)
    if power == 0:
        return f"{int(n_bytes)} {BYTE_UNITS[0]}"
    if float(f"{n_bytes / 1000**power:.3g}") >= 1000 and power < len(BYTE_UNITS) - 1:
        power += 1
    return f"{number(n_bytes / 1000**power)} {BYTE_UNITS[power]}"


def rate(per_s: float | None, noun: str) -> str:
    """Return a speed: ``12.3 slices/s``, or ``4.10 slices/min`` where it is slow."""
    if per_s is None or not math.isfinite(per_s) or per_s <= 0:
        return NOTHING
    return f"{number(per_s)} {noun}/s" if per_s >= 0.5 else f"{number(per_s * MINUTE_S)} {noun}/min"


def length(nm: float | None) -> str:
    """Return a length in nm, or in µm from 1000 nm on: ``850 nm``, ``1.23 µm``."""
    if nm is None or not math.isfinite(nm):
        return NOTHING
    return quantity(nm / 1000, "µm") if abs(float(f"{nm:.3g}")) >= 1000 else quantity(nm, "nm")


def voxel_size(size_nm: VoxelSize | None) -> str:
    """Return a voxel size (z, y, x) in nm: ``20 × 10 × 10 nm (z, y, x)``, ``10 nm``, or that it is unknown."""
    if size_nm is None:
        return "unknown voxel size"
    if len(set(size_nm)) == 1:
        return f"{size_nm[0]:.4g} nm"
    return f"{' × '.join(f'{each:.4g}' for each in size_nm)} nm (z, y, x)"


def shape(sizes: Sequence[int]) -> str:
    """Return the shape of a volume (z, y, x): ``613 × 473 × 473``."""
    return " × ".join(str(each) for each in sizes)


def _decimals(value: float) -> int:
    if value == 0:
        return SIGNIFICANT_DIGITS - 1
    return max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(value)))


def _fixed(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}".replace(",", THIN_SPACE)
    return MINUS + text if value < 0 and float(f"{value:.{decimals}f}") != 0 else text


def _power_of_ten(value: float) -> str:
    mantissa, exponent = f"{value:.{SIGNIFICANT_DIGITS - 1}e}".split("e")
    superscript = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}·10{superscript}"


def _two(whole: int, large: tuple[int, str], small: tuple[int, str]) -> str:
    n_large, rest = divmod(whole, large[0])
    n_small = rest // small[0]
    return f"{n_large} {large[1]}" + (f" {n_small} {small[1]}" if n_small else "")
