# SPDX-License-Identifier: GPL-2.0-or-later
"""Ends as soon as the VM of the first slot is in a step: await-step.py SOCKET OPERATION/STEP SECONDS."""
import json
import socket
import sys
import time

path, step, end = sys.argv[1], sys.argv[2], time.monotonic() + float(sys.argv[3])

with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(float(sys.argv[3]))
    connection.connect(path)
    stream = connection.makefile('rw')

    def ask(command):
        stream.write(json.dumps({'execute': command}) + '\n')
        stream.flush()
        return json.loads(stream.readline())['return']

    stream.readline()
    ask('qmp_capabilities')
    while time.monotonic() < end:
        slot = ask('query-status')['slots'][0]
        if f'{slot["operation"]}/{slot["step"]}' == step:
            sys.exit(0)
        time.sleep(.005)
sys.exit(f'no {step} within {sys.argv[3]} s')
