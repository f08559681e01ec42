# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks qsoakd's control socket: command.py SOCKET [--times N] COMMAND[?KEY=VALUE&...]...; prints what is returned."""
import json
import socket
import sys

path, words = sys.argv[1], sys.argv[2:]
times = int(words[1]) if words[0] == '--times' else 1
peer = socket.socket(socket.AF_UNIX)
peer.settimeout(60)
peer.connect(path)
lines = peer.makefile('r')
lines.readline()


def ask(command):
    name, _, query = command.partition('?')
    pairs = (pair.split('=', 1) for pair in query.split('&') if pair)
    arguments = {key: int(value) if value.isdigit() else value for key, value in pairs}
    peer.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode() + b'\n')
    return json.loads(lines.readline())


ask('qmp_capabilities')
for _ in range(times):
    for word in words[2 if times > 1 else 0:]:
        print(json.dumps(ask(word)['return']))
