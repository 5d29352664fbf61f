import logging
import re
import warnings

from sxt.jobs.log import JobLog


def test_lines_have_their_time(tmp_path):
    log = JobLog(tmp_path)
    assert log.read() == ""
    log.write("Größe 3 µm")
    log.write("second")
    lines = log.read().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  Größe 3 µm", lines[0])
    assert lines[1].endswith("  second")


def test_a_long_log_is_cut_at_a_line(tmp_path):
    log = JobLog(tmp_path)
    for number in range(100):
        log.write(f"line {number}")
    lines = log.read(limit_bytes=200).splitlines()
    assert lines[0] == "…"
    assert lines[-1].endswith("line 99")
    assert all("UTC  line" in line for line in lines[1:])


def test_warnings_of_libraries_are_collected_while_the_job_runs(tmp_path):
    log = JobLog(tmp_path)
    with log.collecting_warnings(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.getLogger("library").warning("careful")
        logging.getLogger("library").debug("chatter")
        warnings.warn("old ways", FutureWarning, stacklevel=1)
    logging.getLogger("library").warning("afterwards")
    text = log.read()
    assert "WARNING library: careful" in text
    assert "FutureWarning: old ways" in text
    assert "chatter" not in text
    assert "afterwards" not in text
