#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of qsoakd's HTTP server, well and badly behaved: http-peer.py SCENARIO ADDRESS [FILE].

Exits with 0 if the server did what it should, else says on a line what it did. Every wait has a limit,
which no healthy run comes near.
"""
import json
import re
import socket
import sys

LIMIT_S = 90


class Peer:
    def __init__(self, address, source=None):
        host, port = address.rsplit(':', 1)
        self.address = address
        self.sock = socket.create_connection((host.strip('[]'), int(port)), LIMIT_S,
                                             (source, 0) if source else None)
        self.buffer = b''

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def get(self, target, *headers, method='GET', host=None, version='1.1'):
        lines = [f'{method} {target} HTTP/{version}', *headers]
        if host != '':
            lines.append(f'Host: {host or self.address}')
        self.send('\r\n'.join(lines) + '\r\n\r\n')

    def more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b''
        self.buffer += data
        return bool(data)

    def until(self, mark):
        """What comes up to mark, which is taken away; None at the end of the connection."""
        while mark not in self.buffer:
            if not self.more():
                return None
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def head(self):
        """Status and headers, or None where the connection was closed."""
        text = self.until(b'\r\n\r\n')
        if text is None:
            return None, {}
        first, *lines = text.decode().split('\r\n')
        return int(first.split()[1]), {k.lower(): v for k, v in (line.split(': ', 1) for line in lines)}

    def rest(self):
        while self.more():
            pass
        return self.buffer

    def event(self):
        """The next server-sent event, out of its chunks, as {field: value}; None at the end."""
        while True:
            size = self.until(b'\r\n')
            if not size:
                return None
            size = int(size, 16)
            while len(self.buffer) < size + 2:
                if not self.more():
                    return None
            self.pending = getattr(self, 'pending', '') + self.buffer[:size].decode()
            self.buffer = self.buffer[size + 2:]
            while '\n\n' in self.pending:
                text, self.pending = self.pending.split('\n\n', 1)
                return dict(line.split(': ', 1) for line in text.split('\n'))


def expect(found, wanted, *more):
    if found != wanted:
        print(f'# found {found!r}, expected {wanted!r}', *more)
        sys.exit(1)


def status_of(address, target, *headers, source=None, **more):
    peer = Peer(address, source)
    peer.get(target, *headers, **more)
    return peer.head()[0]


def healthy(address):
    expect(status_of(address, '/healthz'), 200)


def api(address, target):
    peer = Peer(address)
    peer.get(target)
    status, headers = peer.head()
    expect(headers['content-type'], 'application/json')
    return status, json.loads(peer.rest())


def headers(address):
    """Whatever is asked for, a browser is told to keep to itself."""
    for target in '/', '/page/live.js', '/api/query-status', '/api/none', '/none', '/healthz', '/events':
        peer = Peer(address)
        peer.get(target)
        found = peer.head()[1]
        policy = found['content-security-policy']
        expect("default-src 'none'" in policy and "frame-ancestors 'none'" in policy, True, target)
        expect('unsafe' in policy, False)
        expect(found['x-content-type-options'], 'nosniff', target)
        expect(found['referrer-policy'], 'no-referrer', target)
        expect('access-control-allow-origin' in found, False, target)


def methods(address):
    for method in 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'BREW':
        expect(status_of(address, '/api/query-status', method=method), 405, method)
    peer = Peer(address)
    peer.get('/', method='HEAD')
    status, found = peer.head()
    expect(status, 200)
    expect(int(found['content-length']) > 100, True)
    expect(peer.rest(), b'')
    expect(status_of(address, '/', 'Content-Length: 5'), 413)
    expect(status_of(address, '/', 'Transfer-Encoding: chunked'), 413)


def hosts(address):
    """A page from elsewhere whose name resolves to us gets nothing."""
    for host in 'localhost', 'LOCALHOST:80', '127.0.0.1', '127.1.2.3:9191', '[::1]', '[::1]:9191':
        expect(status_of(address, '/healthz', host=host), 200, host)
    for host in ('evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '127.0.0.1:80:80',
                 '10.0.0.1', '0.0.0.0', '[::]', '[::1', '[::1]x', '::1', '127.0.0.1:', '127.0.0.1:99999',
                 'localhost@evil.example', '127.1', '0x7f.0.0.1', ':80'):
        expect(status_of(address, '/healthz', host=host), 421, host)
    # HTTP itself wants one.
    expect(status_of(address, '/healthz', host='') in (400, 421), True)
    expect(status_of(address, '/healthz', host='', version='1.0'), 421)


def errors(address):
    for target, status, desc in (
            ('/api/query-nothing', 404, 'no such command'),
            ('/api/', 404, 'there is no /api/'),
            ('/none', 404, 'there is no /none'),
            ('/page/../page.c', 404, 'there is no'),
            ('/api/stop', 405, 'only commands that read'),
            ('/api/run?profile=x', 405, 'only commands that read'),
            ('/api/subscribe', 405, 'only commands that read'),
            ('/api/query-report?campaign=one', 400, 'campaign: found "one", expected a whole number'),
            ('/api/query-report?campaign=-1', 400, 'expected a whole number'),
            ('/api/query-report?campaign=99999999999999999999', 400, 'expected a whole number'),
            ('/api/query-report?campaign=', 400, 'expected a whole number'),
            ('/api/query-report?campaign', 400, 'expected a whole number'),
            ('/api/query-report?campaign=0', 400, 'above 0'),
            ('/api/query-report?campaign=99999999', 400, 'no campaign 99999999'),
            ('/api/query-report?force=1', 400, 'expected true or false'),
            ('/api/query-report?campaign=1&campaign=1', 400, 'two of it'),
            ('/api/query-report?campain=1', 400, "'campain' is unexpected"),
            ('/api/query-status?x=1', 400, "'x' is unexpected"),
            ('/api/query-incident', 400, "'incident' is missing"),
            ('/api/query-history?metric=%ff%fe', 400, 'expected a string'),
            ('/api/export?campaign=1&list=sqlite_master', 400, 'list: found'),
            ('/incidents/1', 404, 'expected /incidents/ID/FILE'),
            ('/incidents/x/y', 404, 'expected /incidents/ID/FILE'),
            ('/incidents/99999999/qemu.qmp', 400, 'no failure 99999999')):
        found, answer = api(address, target)
        expect((found, desc in answer['error']['desc']), (status, True), target, answer)


def limits(address):
    """Target, headers, and what is no HTTP."""
    expect(status_of(address, '/healthz?' + 'x' * (2048 - 9)), 200)
    expect(status_of(address, '/healthz?' + 'x' * (2049 - 9)), 414)
    expect(status_of(address, '/healthz', *(f'X-{i}: {"x" * 1000}' for i in range(20))), 200)
    expect(status_of(address, '/healthz', *(f'X-{i}: {"x" * 1000}' for i in range(40))) in (413, 431), True)
    for bad in b'\0' * 4000 + b'\r\n\r\n', b'GET\r\n\r\n', b'\xff\xfe /\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n':
        peer = Peer(address)
        peer.send(bad)
        peer.sock.shutdown(socket.SHUT_WR)
        status, _ = peer.head()
        expect(status is None or status >= 400, True, bad[:20], status)
    healthy(address)


def stream(address):
    """A reader of events, or None where there are too many."""
    peer = Peer(address, '127.0.0.2')
    peer.get('/events')
    status = peer.head()[0]
    expect(status in (200, 503), True, status)
    return peer if status == 200 else peer.sock.close()


def connections(address):
    """Of one address as many as are served, of all together likewise; later there is room again."""
    streams = [stream(address)]
    # Readers of before have gone; each end is seen by the server in its own time.
    for _ in range(10000):
        more = stream(address) if len(streams) < 32 else None
        streams += [more] if more else []
    expect(len(streams), 32)
    expect(stream(address), None)
    silent = [Peer(address, '127.0.0.2') for _ in range(64)]
    over = Peer(address, '127.0.0.2')
    over.get('/healthz')
    expect(over.head()[0], None)
    expect(status_of(address, '/healthz', source='127.0.0.3'), 200)
    for peer in streams + silent:
        peer.sock.close()
    for _ in range(10000):
        if status_of(address, '/healthz', source='127.0.0.2') == 200:
            break
    else:
        expect('no room', 'room')
    # All together.
    silent = [Peer(address, f'127.0.1.{i // 60 + 1}') for i in range(128)]
    for peer in silent:
        peer.send('GET / HT')
    late = Peer(address, '127.0.0.5')
    late.sock.settimeout(1)
    late.get('/healthz')
    try:
        expect(late.head(), 'nothing')
    except TimeoutError:
        pass
    silent[0].sock.close()
    # Much less than the others are idle for.
    late.sock.settimeout(20)
    expect(late.head()[0], 200)
    for peer in silent:
        peer.sock.close()


def idle(address):
    """Half a request is given up in the end, and so is one who has asked and does not read."""
    half = Peer(address)
    half.send('GET /healthz HT')
    silent = Peer(address)
    expect(half.rest()[:12] in (b'', b'HTTP/1.1 408'), True, half.buffer[:40])
    expect(silent.rest()[:12] in (b'', b'HTTP/1.1 408'), True, silent.buffer[:40])
    healthy(address)


def reads(address):
    """More requests at once than the reader is given: told to come again."""
    peers = [Peer(address) for _ in range(40)]
    for peer in peers:
        peer.get('/api/query-plots')
    answers = []
    for peer in peers:
        status, found = peer.head()
        answers.append(status)
        if status == 503:
            expect(found['retry-after'], '1')
        peer.rest()
    expect(set(answers) <= {200, 503}, True, answers)
    expect(answers.count(200) >= 16, True, answers)
    expect(503 in answers, True, answers)
    expect(status_of(address, '/api/query-plots'), 200)


def gone(address):
    """Peers that ask and go before there is an answer."""
    for _ in range(5):
        peers = [Peer(address) for _ in range(16)]
        for peer in peers:
            peer.get('/api/query-plots')
        for peer in peers:
            peer.sock.close()
    for _ in range(1000):
        if status_of(address, '/api/query-plots') == 200:
            return
    expect('busy', 'idle')


def events(address):
    """From the first event on, until a failure and the end of its campaign; ids go up by one."""
    peer = Peer(address)
    peer.get('/events')
    status, found = peer.head()
    expect((status, found['content-type']), (200, 'text/event-stream'))
    first = peer.event()
    expect(json.loads(first['data'])['event'], 'HELLO')
    expect(first['retry'], '2000')
    print('hello', flush=True)
    last, seen = int(first['id']), []
    while 'CAMPAIGN_ENDED' not in seen:
        event = peer.event()
        if list(event) == ['']:
            continue
        expect(int(event['id']), last + 1)
        last += 1
        data = json.loads(event['data'])
        seen.append(data['event'])
        if data['event'] == 'FAILURE':
            expect(data['data']['class'], 'assertion')
    expect('FAILURE' in seen, True, seen)
    expect(seen[-1], 'CAMPAIGN_ENDED')


def deaf(address):
    """Never reads its events; it is closed when too much waits for it."""
    peer = Peer(address)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.get('/events')
    peer.head()
    print('listens', flush=True)
    sys.stdin.read()
    peer.rest()


def slow(address):
    """Reads a long answer in small bites, and gets it whole."""
    peer = Peer(address)
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.get(sys.argv[3])
    status, found = peer.head()
    expect(status, 200)
    size = int(found['content-length'])
    got = len(peer.buffer)
    while got < size:
        data = peer.sock.recv(1500)
        expect(bool(data), True, got)
        got += len(data)
    expect(got, size)


def page(address):
    """Names nothing that is elsewhere, and everything it names is there."""
    peer = Peer(address)
    peer.get('/')
    expect(peer.head()[0], 200)
    text = peer.rest().decode()
    names = re.findall(r'(?:src|href)="([^"#]+)"', text)
    expect(len(names) > 2, True, names)
    expect('//' in text.replace('<!DOCTYPE', ''), False)
    seen = set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        peer = Peer(address)
        peer.get(name)
        status, found = peer.head()
        expect(status, 200, name)
        body = peer.rest().decode()
        if 'javascript' in found['content-type']:
            expect(any(word in body for word in ('innerHTML', 'outerHTML', 'insertAdjacentHTML', 'eval(')), False, name)
            names += ['/page/' + other for other in re.findall(r"from '\./([^']+)'", body)]
    expect(len(seen) >= 8, True, seen)


if __name__ == '__main__':
    try:
        globals()[sys.argv[1]](sys.argv[2])
    except (OSError, TypeError, KeyError, ValueError) as error:
        print(f'# {type(error).__name__}: {error}')
        sys.exit(1)
