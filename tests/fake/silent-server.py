# SPDX-License-Identifier: GPL-2.0-or-later
"""A PostgreSQL that takes connections and says nothing; with "greets": nothing more once a session is set up; with "empty" and
"copies" it goes on: each answer has one row without a column, or asks for a COPY that was not begun.

usage: silent-server.py PORT-FILE [greets|empty|copies]"""
import socket
import struct
import sys


def message(kind, body=b''):
    return kind + struct.pack('!I', 4 + len(body)) + body


READY = message(b'Z', b'I')
BOUND = message(b'1') + message(b'2')
ANSWERS = {
    'empty': BOUND + message(b'T', bytes(2)) + message(b'D', bytes(2)) + message(b'C', b'SELECT 1\0') + READY,
    'copies': BOUND + message(b'G', bytes(3)),
}


def lie(peer, answer):
    while head := peer.recv(5, socket.MSG_WAITALL):
        peer.recv(struct.unpack('!I', head[1:])[0] - 4, socket.MSG_WAITALL)
        if head[:1] == b'Q':
            peer.sendall(message(b'C', b'SET\0') + READY)
        elif head[:1] == b'S':
            peer.sendall(answer)


listener = socket.create_server(('127.0.0.1', 0))
with open(sys.argv[1], 'w', encoding='utf-8') as file:
    file.write(str(listener.getsockname()[1]))
kept = []
while True:
    peer, _ = listener.accept()
    kept.append(peer)
    if len(sys.argv) < 3:
        continue
    while True:
        size, code = struct.unpack('!II', peer.recv(8, socket.MSG_WAITALL))
        peer.recv(size - 8, socket.MSG_WAITALL)
        if code == 0x30000:
            break
        peer.sendall(b'N')  # neither TLS nor GSS
    peer.sendall(message(b'R', bytes(4)) + READY)
    if sys.argv[2] in ANSWERS:
        lie(peer, ANSWERS[sys.argv[2]])
