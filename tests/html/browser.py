# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens a page in headless Chromium and tells what came of it, in files beside each other.

browser.py PAGE OUT: OUT.dom is the document as the browser understood it, OUT.console what it complained of,
OUT.requests what the page asked for besides itself, OUT.colours its background in light, dark and print. Only
the page is watched: what the browser itself asks the network for ends at a proxy that is not there.
"""
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

LIMIT_S = 120

FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--proxy-server=127.0.0.1:9', '--remote-debugging-pipe']


class Browser:
    """Speaks DevTools' protocol over the pipes 3 and 4: JSON that ends in NUL."""

    def __init__(self, profile):
        self.deadline = time.monotonic() + LIMIT_S
        self.session, self.last, self.pending, self.events = None, 0, b'', []
        theirs_in, self.to = os.pipe()
        self.out, theirs_out = os.pipe()

        # Each of the two may be where the other has to go.
        high = [os.dup2(fd, 60 + i) for i, fd in enumerate((theirs_in, theirs_out))]
        self.child = subprocess.Popen(
            ['bash', '-c', 'exec "$@" 3<&60 4>&61 60<&- 61>&-', 'bash', 'chromium', *FLAGS,
             f'--user-data-dir={profile}', 'about:blank'],
            pass_fds=high, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, 'HOME': profile})
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)

    def close(self):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def read(self):
        while b'\0' not in self.pending:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.out], [], [], left)[0]:
                sys.exit('the browser is too late')
            more = os.read(self.out, 1 << 20)
            if not more:
                sys.exit('the browser has gone')
            self.pending += more
        message, self.pending = self.pending.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last += 1
        message = {'id': self.last, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.read()
            if answer.get('id') == self.last:
                if 'error' in answer:
                    sys.exit(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def await_event(self, method):
        while not any(event.get('method') == method for event in self.events):
            self.events.append(self.read())

    def evaluate(self, expression):
        return self.call('Runtime.evaluate', expression=expression, returnByValue=True)['result']['value']

    def found(self, *methods):
        return [event['params'] for event in self.events if event.get('method') in methods]


def look(browser, url):
    target = browser.call('Target.createTarget', url='about:blank')['targetId']
    browser.session = browser.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
    for domain in ('Network', 'Log', 'Runtime', 'Page'):
        browser.call(f'{domain}.enable')
    browser.events.clear()
    browser.call('Page.navigate', url=url)
    browser.await_event('Page.loadEventFired')
    colours = []
    for media, scheme in (('screen', 'light'), ('screen', 'dark'), ('print', 'dark')):
        browser.call('Emulation.setEmulatedMedia', media=media,
                     features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        colours.append(browser.evaluate(
            f'"{media} {scheme} " + getComputedStyle(document.documentElement).backgroundColor'))
    dom = browser.evaluate('document.documentElement.outerHTML')
    requests = [one['request']['url'] for one in browser.found('Network.requestWillBeSent')]
    console = [json.dumps(one) for one in browser.found('Log.entryAdded', 'Runtime.consoleAPICalled',
                                                        'Runtime.exceptionThrown')]
    # The page itself is the first, and its icon is no address.
    requests = [one for one in requests if one not in (url, 'data:,')]
    return {'dom': [dom], 'requests': requests, 'console': console, 'colours': colours}


def main():
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(sys.argv[2])),
                                     ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            found = look(browser, 'file://' + os.path.abspath(sys.argv[1]))
        finally:
            browser.close()
    for suffix, lines in found.items():
        with open(f'{sys.argv[2]}.{suffix}', 'w', encoding='utf-8') as file:
            file.writelines(line + '\n' for line in lines)


if __name__ == '__main__':
    main()
