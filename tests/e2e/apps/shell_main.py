"""The navigation script over the pages beside this file."""

from pathlib import Path

from sxt.ui.shell import set_up
from sxt.ui.top_bar import draw_page

draw_page(set_up(Path(__file__).with_name("shell_pages")))
