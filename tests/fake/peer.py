#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of qsoakd's control socket, well and badly behaved: peer.py SCENARIO SOCKET.

Exits with 0 if the daemon did what it should, else says on a line what it did. Every wait has a
limit, which no healthy run comes near.
"""
import json
import socket
import sys

LIMIT_S = 60


class Peer:
    def __init__(self, path, negotiate=True):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(path)
        self.buffer = b''
        self.greeting = self.read()
        if negotiate:
            expect(self.ask('qmp_capabilities'), {'return': {}})

    def line(self):
        """The next line, or None at the end of the connection."""
        while b'\n' not in self.buffer:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b''
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line

    def read(self):
        line = self.line()
        return None if line is None else json.loads(line)

    def send(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def ask(self, command, **arguments):
        # Without a line end, as QEMU's own clients do.
        self.send(json.dumps({'execute': command, 'arguments': arguments}))
        return self.read()

    def refused(self, text, error_class, desc):
        """text gets this error, and the connection goes on."""
        self.send(text)
        answer = self.read()
        expect('error' in answer, True, answer)
        expect(answer['error']['class'], error_class)
        expect(desc in answer['error']['desc'], True, answer)
        expect('return' in self.ask('query-status'), True)


def expect(found, wanted, *more):
    if found != wanted:
        print(f'# found {found!r}, expected {wanted!r}', *more)
        sys.exit(1)


def shell(path):
    """What QEMU's qmp-shell sends, byte by byte, with its ids."""
    peer = Peer(path, negotiate=False)
    expect(sorted(peer.greeting['QMP']), ['capabilities', 'version'])
    expect(peer.greeting['QMP']['capabilities'], [])
    for byte in b'{"execute":"qmp_capabilities","arguments":{},"id":"__qmp#00000"}':
        peer.send(bytes([byte]))
    expect(peer.read(), {'return': {}, 'id': '__qmp#00000'})
    peer.send('{"execute":"query-commands","id":{"any":[1,null]}}')
    answer = peer.read()
    names = [command['name'] for command in answer['return']]
    expect(answer['id'], {'any': [1, None]})
    expect(set(names) >= {'run', 'stop', 'query-status', 'export'}, True, names)
    schema = peer.ask('query-qmp-schema')['return']
    expect(sorted(e['name'] for e in schema if e['meta-type'] == 'command'), names)
    types = {e['name'] for e in schema}
    for entity in schema:
        for key in ('arg-type', 'ret-type', 'element-type'):
            expect(entity.get(key, 'any') in types, True, entity)
        for member in entity.get('members', []):
            expect(member['type'] in types, True, entity)
    # Two objects in one packet, one over three lines.
    peer.send('{"execute":"query-status","id":1}\n\r\n{"execute":\n"query-status",\n"id":2}')
    expect([peer.read()['id'], peer.read()['id']], [1, 2])


def negotiation(path):
    peer = Peer(path, negotiate=False)
    peer.send('{"execute":"query-status"}')
    expect('qmp_capabilities first' in peer.read()['error']['desc'], True)
    expect(peer.ask('qmp_capabilities', enable=['oob'])['error']['class'], 'InvalidParameter')
    expect(peer.ask('qmp_capabilities'), {'return': {}})
    expect(peer.ask('qmp_capabilities')['error']['class'], 'CommandNotFound')


def bad_input(path):
    peer = Peer(path)
    wrong = 'InvalidParameter'
    peer.refused('{"execute":"no-such"}', 'CommandNotFound', 'no-such')
    peer.refused('{"execute":"run"}', wrong, "'profile' is missing")
    peer.refused('{"execute":"run","arguments":{"profile":1}}', wrong, 'profile: expected a string')
    peer.refused('{"execute":"run","arguments":{"profile":"x","vms":"2"}}', wrong, 'vms: expected')
    peer.refused('{"execute":"run","arguments":{"profile":"x","builds":{}}}', wrong, 'builds:')
    peer.refused('{"execute":"run","arguments":{"profile":"x","more":1}}', wrong, "'more'")
    peer.refused('{"execute":"run","arguments":{"profile":"name: [","name":"f.yaml"}}', wrong,
                 'f.yaml:')
    peer.refused('{"execute":"stop","arguments":{"mode":"no"}}', wrong, 'drain')
    peer.refused('{"execute":"stop","arguments":[]}', wrong, 'not an object')
    peer.refused('{"execute":5}', wrong, 'expected a command')
    peer.refused('{"execute":"stop","exec":1}', wrong, "'exec'")
    peer.refused('{"execute":"query-failures","arguments":{"campaign":0}}', wrong, 'above 0')
    peer.refused('{"execute":"query-report","arguments":{"campaign":99999999}}', wrong,
                 'no campaign 99999999')
    peer.refused('{"execute":"query-incident","arguments":{"incident":99999999}}', wrong,
                 'no failure 99999999')
    peer.refused('{"execute":"export","arguments":{"campaign":1,"list":"sqlite_master"}}', wrong,
                 'list: found "sqlite_master"')


def garbage(path):
    peer = Peer(path)
    for text in ('hello\n', '{"execute": }', '{"a":1,"a":2}', '[1]', '17\n', '{"a":"\n',
                 '{]', b'\xff\xfe{"\xff":1}', b'\x00\n', '{"execute":"\\u0000"}'):
        peer.refused(text, 'GenericError', 'expected a JSON object')


def nesting(path):
    peer = Peer(path)
    peer.refused('[' * 10000 + ']' * 10000, 'GenericError', 'expected a JSON object')
    peer.refused('{"a":' * 10000 + '1' + '}' * 10000, 'GenericError', 'expected a JSON object')


def long_line(path):
    """100 MB in one line: told so and closed long before its end."""
    peer = Peer(path)
    chunk = b'"' + b'x' * 999_998 + b'"'
    sent = 0
    try:
        peer.send('{"a":[')
        for _ in range(100):
            peer.send(chunk)
            sent += len(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass
    expect(sent < 5_000_000, True, sent)
    expect('longer than' in peer.read()['error']['desc'], True)
    expect(peer.read(), None)


def half_line(path):
    """Silence before the negotiation has an end; other peers do not notice."""
    silent = Peer(path, negotiate=False)
    silent.send('{"execute":"qmp_cap')
    later = Peer(path)
    later.send('{"execute":"query-')
    expect('return' in Peer(path).ask('query-status'), True)
    expect('within' in silent.read()['error']['desc'], True)
    expect(silent.read(), None)
    # Who has negotiated may take its time.
    later.send('status"}')
    expect('return' in later.read(), True)


def many(path):
    """1000 connections: as many as are served get a greeting, the others hear why not."""
    first = Peer(path)
    greeted, peers = 0, []
    for _ in range(1000):
        peer = Peer(path, negotiate=False)
        peers.append(peer)
        if 'QMP' in peer.greeting:
            greeted += 1
            continue
        expect('as many clients' in peer.greeting['error']['desc'], True, peer.greeting)
        expect(peer.read(), None)
    expect(greeted, 63)
    expect('return' in first.ask('query-status'), True)
    for peer in peers:
        peer.sock.close()
    # Each end is seen by the daemon in its own time.
    for _ in range(10000):
        peer = Peer(path, negotiate=False)
        if 'QMP' in peer.greeting:
            return
        peer.sock.close()
    expect('no room', 'room')


def pipeline(path):
    """Commands behind one that reads are answered in order, or refused while too many wait."""
    peer = Peer(path)
    peer.send(''.join('{"execute":"%s","id":%d}' %
                      ('query-status' if i else 'query-campaigns', i) for i in range(100)))
    answers = [peer.read() for _ in range(100)]
    answered = [a['id'] for a in answers if 'return' in a]
    refused = [a['id'] for a in answers if 'error' in a]
    expect(answered[:17], list(range(17)))
    expect(answered, sorted(answered))
    expect((refused[:1], sorted(answered + refused)), ([17], list(range(100))))


def deaf(path):
    """Who asks and never reads is given up, and nobody else waits for it."""
    peer = Peer(path)
    asked = 0
    try:
        for _ in range(100_000):
            peer.send('{"execute":"query-status"}')
            asked += 1
    except (BrokenPipeError, ConnectionResetError):
        pass
    expect(asked < 100_000, True)
    expect('return' in Peer(path).ask('query-status'), True)


def events(path):
    """Nothing comes unasked; with subscribe, all does, until the end of the campaign."""
    quiet, peer = Peer(path), Peer(path)
    expect(peer.ask('subscribe'), {'return': {}})
    message = peer.read()
    expect(message['event'], 'PROGRESS')
    expect(message['data']['campaign'] > 0, True)
    print('progress', flush=True)
    while message['event'] != 'CAMPAIGN_ENDED':
        message = peer.read()
    expect(message['data']['exit-code'], 130)
    expect('return' in quiet.ask('query-status'), True)


def refused(path):
    """A user who may not."""
    peer = Peer(path, negotiate=False)
    expect('may not' in peer.greeting['error']['desc'], True, peer.greeting)
    expect(peer.read(), None)


if __name__ == '__main__':
    scenario = globals()[sys.argv[1]]
    try:
        scenario(sys.argv[2])
    except (OSError, TypeError, KeyError, ValueError) as error:
        print(f'# {type(error).__name__}: {error}')
        sys.exit(1)
