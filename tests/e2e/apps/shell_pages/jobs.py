from sxt.ui.shell import page_head

page_head("Jobs", "What runs, what waits, and what is over.")
