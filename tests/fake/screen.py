# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command on a terminal of our own, which understands what `qsoak watch` writes.

screen.py ROWSxCOLUMNS ACTION... -- COMMAND: the actions are done in their order, then the end is awaited and the main
screen, with what mode it was left in, is printed. The exit status is the command's. Actions:
await=REGEX (on the screen as it is now), save=FILE (the screen), resize=ROWSxCOLUMNS, signal=NAME.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

LIMIT_S = 60


class Screen:
    """The main screen only grows; the alternate one has a size, and says when it was written beyond."""

    def __init__(self, rows, columns):
        self.main, self.modes = '', {'1049': False, '25': True, '7': True}
        self.unknown, self.rest = [], ''
        self.resize(rows, columns)

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines, self.row, self.column = [''] * rows, 0, 0

    def write(self, text):
        text, self.rest = self.rest + text, ''
        for part in re.finditer(r'\x1b\[(\??)([0-9;]*)([A-Za-z])|\x1b\[?\??[0-9;]*$|.', text, re.S):
            if part[3]:
                self.control(part[1], part[2], part[3])
            elif part[0][0] == '\x1b':
                self.rest = part[0]
            elif not self.modes['1049']:
                self.main += part[0]
            elif part[0] == '\r':
                self.column = 0
            elif part[0] == '\n':
                self.row += 1
            else:
                self.put(part[0])

    def put(self, char):
        if self.row >= self.rows or self.column >= self.columns or not char.isprintable():
            self.unknown.append((self.row, self.column, char))
            return
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
        self.column += 1

    def control(self, private, number, letter):
        if private and letter in 'hl' and number in self.modes:
            self.modes[number] = letter == 'h'
        elif letter == 'H' and not number:
            self.row = self.column = 0
        elif letter == 'K' and not self.modes['1049']:
            self.main += '<K>'
        elif letter == 'K':
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif letter == 'J' and number == '2':
            self.lines = [''] * self.rows
        elif letter == 'J':
            self.lines[self.row] = self.lines[self.row][:self.column]
            self.lines[self.row + 1:] = [''] * (self.rows - self.row - 1)
        else:
            self.unknown.append((private, number, letter))


def size(text):
    return tuple(int(n) for n in text.split('x'))


def main():
    end = sys.argv.index('--')
    screen = Screen(*size(sys.argv[1]))
    pid, fd = pty.fork()
    if pid == 0:
        os.environ['TERM'] = 'xterm'
        # The size is set before anybody looks.
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', *size(sys.argv[1]), 0, 0))
        os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
    actions = sys.argv[2:end]
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        while actions:
            what, _, value = actions[0].partition('=')
            if what == 'await' and not re.search(value, '\n'.join(screen.lines), re.M):
                break
            if what == 'save':
                with open(value + '.new', 'w', encoding='utf-8') as file:
                    file.write('\n'.join(screen.lines) + '\n')
                os.rename(value + '.new', value)
            elif what == 'resize':
                screen.resize(*size(value))
                fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', *size(value), 0, 0))
            elif what == 'signal':
                os.kill(pid, signal.Signals['SIG' + value])
            actions.pop(0)
        if select.select([fd], [], [], 0.2)[0]:
            try:
                text = os.read(fd, 65536).decode()
            except OSError:
                break
            screen.write(text)
    else:
        os.kill(pid, signal.SIGKILL)
        print('too late:', actions, screen.lines)
    status = os.waitpid(pid, 0)[1]
    print(screen.main.replace('\r\n', '\n'))
    print('modes:', *(name for name, on in screen.modes.items() if on), 'unknown:', screen.unknown[:5],
          'undone:', actions)
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)


main()
