"""Jobs: the queue and its jobs, disk and trash, and who did what."""

import streamlit as st

from sxt.ui.jobs_panel.activity_table import draw_activity
from sxt.ui.jobs_panel.disk import draw_disk, draw_trash
from sxt.ui.jobs_panel.job_list import draw_filters, draw_jobs
from sxt.ui.jobs_panel.queue_status import draw_queue
from sxt.ui.services import services
from sxt.ui.shell import page_columns, page_head

page_head("Jobs", "What runs, waits and was done on this server, what takes its disk, and who did what.")

jobs_tab, disk_tab, activity_tab = st.tabs(
    ["Jobs", "Disk and trash", "Activity"], key="view", bind="query-params"
)
if jobs_tab.open:
    with jobs_tab:
        columns = page_columns("jobs")
        with columns.controls:
            jobs = services().jobs.list()
            draw_queue(jobs)
            draw_filters(jobs)
        with columns.result:
            draw_jobs()
if disk_tab.open:
    with disk_tab:
        columns = page_columns("disk")
        with columns.controls:
            st.subheader("Trash", anchor=False)
            draw_trash()
        with columns.result:
            st.subheader("Disk", anchor=False)
            draw_disk()
if activity_tab.open:
    with activity_tab:
        draw_activity()
