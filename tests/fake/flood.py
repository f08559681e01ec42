# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods a qsoakd: flood.py SOCKET ADDRESS SECONDS; prints what came of it.

Hundreds of connections come and go on both sockets. Of those to the control socket that are served, some ask
for the schema as fast as they can and never read, some ask and read a byte now and then. Those to HTTP ask for
plots, reports and events, and read likewise.
"""
import json
import random
import selectors
import socket
import sys
import time

CONTROL, HTTP = 200, 200
TARGETS = ('/api/query-plots', '/api/query-report', '/events', '/', '/api/export?campaign=1&list=operations',
           '/api/query-status', '/api/query-failures')
random.seed(7)
counts = {'opened': 0, 'closed by the server': 0, 'bytes sent': 0, 'bytes read': 0}


class Client:
    def __init__(self, control, address, selector):
        self.control, self.reads = control, random.random() < .5
        self.selector = selector
        if control:
            self.sock = socket.socket(socket.AF_UNIX)
            self.words = b'{"execute":"qmp_capabilities"}' + b'{"execute":"query-status"}' * 500
            self.words += b'{"execute":"query-qmp-schema"}{"execute":"query-plots"}' * 500
        else:
            self.sock = socket.socket()
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = address.rsplit(':', 1)
            address = (host, int(port))
            self.words = f'GET {random.choice(TARGETS)} HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode()
        self.sock.setblocking(False)
        try:
            self.sock.connect(address)
        except BlockingIOError:
            pass
        selector.register(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
        counts['opened'] += 1

    def close(self):
        self.selector.unregister(self.sock)
        self.sock.close()

    def act(self, mask):
        """False: it is over."""
        try:
            if mask & selectors.EVENT_WRITE and self.words:
                sent = self.sock.send(self.words[:65536])
                counts['bytes sent'] += sent
                self.words = self.words[sent:] or (self.words if self.control and self.reads else b'')
                if not self.words:
                    self.selector.modify(self.sock, selectors.EVENT_READ, self)
            if mask & selectors.EVENT_READ and self.reads and random.random() < .2:
                data = self.sock.recv(random.choice((1, 1500, 65536)))
                counts['bytes read'] += len(data)
                return bool(data)
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


def main():
    path, address, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    selector, clients = selectors.DefaultSelector(), {True: set(), False: set()}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for control, wanted in ((True, CONTROL), (False, HTTP)):
            while len(clients[control]) < wanted:
                try:
                    clients[control].add(Client(control, path if control else address, selector))
                except OSError:
                    break
        for key, mask in selector.select(.05):
            if not key.data.act(mask):
                counts['closed by the server'] += 1
                clients[key.data.control].discard(key.data)
                key.data.close()
        for some in clients.values():
            if some and random.random() < .1:
                some.pop().close()
    print(json.dumps(counts))


main()
