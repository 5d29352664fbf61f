"""Upload: bring in a tomogram from this computer, from the server's data folders, or a simulated one."""

from sxt.ui.fragment import fragment
from sxt.ui.job_progress import draw_jobs, jobs_of_kinds, poll_interval
from sxt.ui.shell import errors_shown, page_columns, page_head
from sxt.ui.upload.bring_in import KINDS, PAGE, choose_source, select_what_came_in, settle_and_bring_in
from sxt.ui.upload.result import draw_result

select_what_came_in()
page_head(
    "Upload",
    "Bring in tomograms: from this computer, from the server, or a simulated cell to try things with.",
)
columns = page_columns()

with columns.controls, errors_shown():
    source = choose_source()

with columns.result:

    @fragment(run_every=poll_interval(jobs_of_kinds(KINDS, page=PAGE)))
    def show_jobs() -> None:
        """Draw what is being brought in."""
        draw_jobs(jobs_of_kinds(KINDS, page=PAGE), key=PAGE)

    show_jobs()
    with errors_shown():
        if source is not None:
            settle_and_bring_in(source)
        else:
            draw_result()
