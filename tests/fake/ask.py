# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a fake QEMU, sends it requests, and prints what it says to each: ask.py FAKE [OPTION]...

A request is a line of standard input: COMMAND ARGUMENTS, e.g. stop {}.
"""
import json
import socket
import subprocess
import sys

ours, theirs = socket.socketpair()
ours.settimeout(60)
answers = ours.makefile('r')


def ask(command, arguments):
    ours.sendall((json.dumps({'execute': command, 'arguments': arguments}) + '\n').encode())
    while 'event' in (answer := json.loads(answers.readline())):
        pass
    return answer.get('error', {}).get('desc') or json.dumps(answer['return'])


with subprocess.Popen(sys.argv[1:] + ['-chardev', f'socket,id=qmp,fd={theirs.fileno()}'],
                      pass_fds=[theirs.fileno()]) as qemu:
    theirs.close()
    try:
        version = json.loads(answers.readline())['QMP']['version']['qemu']
        print(version['major'], version['minor'])
        ask('qmp_capabilities', {})
        for line in sys.stdin:
            name, arguments = line.split(None, 1)
            print(ask(name, json.loads(arguments)))
        ask('quit', {})
    finally:
        qemu.terminate()
