# SPDX-License-Identifier: GPL-2.0-or-later
"""A PostgreSQL that takes connections and says nothing; with "greets": nothing more once a session is set up.

usage: silent-server.py PORT-FILE [greets]"""
import socket
import struct
import sys

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
    peer.sendall(b'R' + struct.pack('!II', 8, 0) + b'Z' + struct.pack('!I', 5) + b'I')
