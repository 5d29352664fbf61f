"""The navigation script: what every page shares, and which pages there are."""

from sxt.ui.shell import set_up
from sxt.ui.top_bar import draw_page

draw_page(set_up())
