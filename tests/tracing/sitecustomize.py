"""Writes down which functions of the package each job of a warm process runs.

Python imports this module at its start where its folder is on the path. Jobs are forks of a fork of
the warm process; the functions of each go to a file of the folder that XSTILTS_TRACES names.
"""

import os
import sys
from pathlib import Path


def imports(frame):
    """Whether a frame runs as a module is imported: that is no part of the job."""
    while frame:
        if frame.f_code.co_name == "<module>" and "/xstilts/" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def trace_jobs():
    """Have the forks of this process write down what their jobs run."""
    jobs = sys.modules["xstilts.jobs"]
    if jobs._call.__name__ == "run_and_write":
        return
    run = jobs._call

    def run_and_write(*request):
        seen = set()

        def watch(frame, *_):  # at each call; not within it, as this returns nothing
            code = frame.f_code
            ran = code.co_filename, code.co_qualname
            if "/xstilts/" in ran[0] and ran not in seen and not imports(frame):
                seen.add(ran)

        sys.settrace(watch)
        status = run(*request)
        sys.settrace(None)
        lines = "".join(f"{file}\t{name}\n" for file, name in sorted(seen))
        Path(os.environ["XSTILTS_TRACES"], str(os.getpid())).write_text(lines, encoding="utf-8")
        return status

    jobs._call = run_and_write


if "XSTILTS_TRACES" in os.environ and "warm" in sys.argv:
    os.register_at_fork(after_in_child=trace_jobs)
