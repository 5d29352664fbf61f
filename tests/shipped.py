"""What ships with the program, so that tests do not name it."""

from sxt.models import SHIPPED_ROOT, list_models

SHIPPED = tuple(sorted(list_models(SHIPPED_ROOT), key=lambda each: not each.is_default))
"""Every shipped version, the default one first, in the order of the lists of the dashboard."""

DEFAULT_SPEC = SHIPPED[0].spec
