#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""peer.py LOG COMMAND...: runs the command with --qmp and one end of a socket pair; what it says there is in LOG. What the
environment has as ASKS it is sent at once. On SIGTERM the socket is closed, and no more. Ends as the command does."""
import os
import signal
import socket
import subprocess
import sys

ours, theirs = socket.socketpair()
signal.signal(signal.SIGTERM, lambda *_: ours.shutdown(socket.SHUT_RDWR))
ours.sendall(os.environ.get("ASKS", "").encode())
with open(sys.argv[1], "wb", buffering=0) as log:
    with theirs:
        command = sys.argv[2:] + ["--qmp", str(theirs.fileno())]
        child = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    while data := ours.recv(65536):
        log.write(data)
sys.exit(child.wait())
