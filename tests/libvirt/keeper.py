#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keeper.py COMMAND...: runs the command and reaps all that comes of it, daemons too. Ends them all, and itself, when the
command ends, on SIGTERM, and when its parent dies, however that died."""
import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
END_LIMIT_S = 30


def end(*_):
    raise SystemExit(0)


def children():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", "rb") as f:
                parent = int(f.read().rpartition(b")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            yield int(pid)


def end_children():
    """Those of a child that is killed become ours, and are next."""
    signal.alarm(END_LIMIT_S)
    try:
        while True:
            for pid in children():
                os.kill(pid, signal.SIGKILL)
            os.wait()
    except ChildProcessError:
        pass


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    for number, value in ((PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGTERM)):
        if libc.prctl(number, value, 0, 0, 0) < 0:
            sys.exit(f"keeper: prctl {number}: {os.strerror(ctypes.get_errno())}")
    # What ends the test by a signal to its group is no end of what keeps order behind it.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    try:
        if os.getppid() == parent:
            command = subprocess.Popen(sys.argv[1:])
            while os.wait()[0] != command.pid:
                pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_children()


main()
