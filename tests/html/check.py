# SPDX-License-Identifier: GPL-2.0-or-later
"""Complains about what is wrong with a page of `qsoak report --html`, a line each; nothing if all is well.

check.py DATA PAGE [xml]: DATA is the JSON that the page is to embed. PAGE is the page, or what a browser made
of it; with xml it has to be well-formed, too.
"""
import html.parser
import json
import re
import sys
import xml.etree.ElementTree

VOID = {'meta', 'link', 'br', 'img', 'hr'}
UNITS = {'us': 1e3, 'ms': 1e6, 's': 1e9}


class Page(html.parser.HTMLParser):
    """Elements with a data-path, cells of numbers, addresses, and the text of script and style."""

    def __init__(self):
        super().__init__()
        self.open, self.values, self.cells, self.addresses, self.raw = [], [], [], [], {}
        self.tags, self.handlers = {}, []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        element = {'tag': tag, 'attrs': attrs, 'text': '', 'inside': 0}
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.handlers += [name for name in attrs if name.startswith('on')]
        for name in ('src', 'href', 'xlink:href', 'data', 'poster', 'srcset', 'action'):
            if name in attrs:
                self.addresses.append((tag, attrs[name]))
        if 'data-path' in attrs:
            self.values.append(element)
            for one in self.open:
                one['inside'] += 1
        if tag == 'td' and 'num' in attrs.get('class', '').split():
            self.cells.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        while self.open and self.open.pop()['tag'] != tag:
            pass

    def handle_data(self, data):
        for one in self.open:
            one['text'] += data
        if self.open and self.open[-1]['tag'] in ('script', 'style'):
            self.raw[self.open[-1]['tag']] = self.raw.get(self.open[-1]['tag'], '') + data


def resolve(value, pointer):
    for token in pointer.split('/')[1:]:
        token = token.replace('~1', '/').replace('~0', '~')
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


def same(wanted, found):
    if isinstance(wanted, str):
        return wanted == found
    return not isinstance(wanted, bool) and isinstance(wanted, (int, float)) and json.loads(found) == wanted


def rounded(text, value, pointer):
    """Whether the text is the value, but for half of its last digit, as far as its form tells."""
    found = re.fullmatch(r'([-+]?)([0-9]+)(?:\.([0-9]+))?(| %|us|ms|s| Mbit/s)', text.strip().replace('\u2212', '-'))
    if not found:
        return True
    sign, whole, digits, unit = found[1], found[2], found[3] or '', found[4]
    number = float(f'{sign}{whole}.{digits}')
    if unit == ' %' and re.search(r'/(ratio|lower|upper)$', pointer):
        value = 100 * (value - 1)
    elif unit == ' %':
        value *= 100
    else:
        value /= UNITS.get(unit, 1)
    return abs(number - value) <= .5001 * 10 ** -len(digits) + 1e-9 * abs(value)


def complaints(data, page, text):
    if json.loads(page.raw.get('script', 'null')) != data:
        yield 'the embedded JSON is not the data'
    for element in page.values:
        pointer, found = element['attrs']['data-path'], element['attrs'].get('data-value')
        try:
            wanted = resolve(data, pointer)
        except (KeyError, IndexError, ValueError, TypeError):
            yield f'{pointer}: there is no such value'
            continue
        if not same(wanted, found):
            yield f'{pointer}: {found} instead of {wanted}'
        elif not isinstance(wanted, str) and element['tag'] in ('span', 'tspan') and not rounded(
                element['text'], wanted, pointer):
            yield f'{pointer}: shown as {element["text"]}, is {wanted}'
    for cell in page.cells:
        if re.search('[0-9]', cell['text']) and not cell['inside']:
            yield f'a cell says {cell["text"]}, and not of what'
    for tag, address in page.addresses:
        if not (tag == 'a' or (tag == 'link' and address == 'data:,')):
            yield f'<{tag}> leads to {address}'
        if re.match(r'\s*(javascript|data|vbscript|file):', address) and tag == 'a':
            yield f'a link to {address}'
    for name in page.handlers:
        yield f'a script: {name}'
    if page.tags.get('script', 0) != 1 or page.tags.get('style', 0) != 1:
        yield 'not one element of data and one of style'
    if re.search(r'url\(|@import', page.raw.get('style', '')):
        yield 'the style sheet asks for more'
    if re.search(r'[" MHVL-](nan|inf)', re.sub(r'<script.*?</script>|<style.*?</style>', '', text, flags=re.S)):
        yield 'a number that is none'


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        data = json.load(file)
    with open(sys.argv[2], encoding='utf-8') as file:
        text = file.read()
    if 'xml' in sys.argv[3:]:
        try:
            xml.etree.ElementTree.fromstring(text)
        except xml.etree.ElementTree.ParseError as error:
            print(f'not well-formed: {error}')
    page = Page()
    page.feed(text)
    page.close()
    for complaint in complaints(data, page, text):
        print(complaint)
    if not page.values:
        print('no element has a data-path')


main()
