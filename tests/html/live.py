# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at a page that lives, in headless Chromium, as told on standard input; a line of output for each.

live.py OUT: `open URL`, `await EXPRESSION` (until it is true: "true"), `value EXPRESSION` (as JSON),
`size WIDTH HEIGHT`, `scheme light|dark`, `shot FILE`. At the end of the input OUT.console is what the browser
complained of and OUT.requests what it asked for.
"""
import base64
import json
import os
import sys
import tempfile

from browser import Browser

# Resolves when the expression is true, which is looked at whenever the document changes.
AWAIT = '''new Promise(resolve => {
    const look = () => { try { if (%s) { observer.disconnect(); resolve(true); } } catch {} };
    const observer = new MutationObserver(look);
    observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    look();
})'''


def evaluate(browser, expression):
    answer = browser.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
    if 'exceptionDetails' in answer:
        return {'exception': answer['exceptionDetails'].get('exception', {}).get('description')}
    return answer['result'].get('value')


def shoot(browser, file):
    size = browser.call('Page.getLayoutMetrics')['cssContentSize']
    picture = browser.call('Page.captureScreenshot', captureBeyondViewport=True,
                           clip={'x': 0, 'y': 0, 'width': size['width'], 'height': min(size['height'], 6000),
                                 'scale': 1})
    with open(file, 'wb') as out:
        out.write(base64.b64decode(picture['data']))


def attach(browser):
    target = browser.call('Target.createTarget', url='about:blank')['targetId']
    browser.session = browser.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
    for domain in ('Network', 'Log', 'Runtime', 'Page'):
        browser.call(f'{domain}.enable')
    browser.events.clear()


def obey(browser, word, rest):
    if word == 'open':
        browser.call('Page.navigate', url=rest)
        browser.await_event('Page.loadEventFired')
        return 'opened'
    if word in ('await', 'value'):
        return json.dumps(evaluate(browser, AWAIT % rest if word == 'await' else rest))
    if word == 'size':
        width, height = map(int, rest.split())
        browser.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1,
                     mobile=False)
    elif word == 'scheme':
        browser.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': rest}])
    elif word == 'shot':
        shoot(browser, rest)
    else:
        sys.exit(f'unknown: {word}')
    return 'done'


def main():
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(sys.argv[1])),
                                     ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            attach(browser)
            for line in sys.stdin:
                word, _, rest = line.strip().partition(' ')
                print(obey(browser, word, rest), flush=True)
            requests = [one['request']['url'] for one in browser.found('Network.requestWillBeSent')]
            console = [json.dumps(one) for one in browser.found('Log.entryAdded', 'Runtime.consoleAPICalled',
                                                                'Runtime.exceptionThrown')]
        finally:
            browser.close()
    for suffix, lines in (('requests', requests), ('console', console)):
        with open(f'{sys.argv[1]}.{suffix}', 'w', encoding='utf-8') as file:
            file.writelines(line + '\n' for line in lines)


if __name__ == '__main__':
    main()
