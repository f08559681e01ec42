// SPDX-License-Identifier: GPL-2.0-or-later
// Elements, requests and words. Data gets into the document as text only, never as markup.

// h('td', {class: 'num'}, 'text', node, ...); what is null is left out.
export function h(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
	return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value !== null && value !== undefined && value !== false)
			node.setAttribute(name, value === true ? '' : String(value));
	}
	for (const child of children.flat(Infinity)) {
		if (child !== null && child !== undefined && child !== '')
			node.append(child instanceof Node ? child : String(child));
	}
	return node;
}

export const $ = id => document.getElementById(id);

// Children of parent, one for each item. One whose item is the same stays as it is, with its focus.
export function list(parent, items, key, make) {
	const old = parent.children_ ?? new Map(), now = new Map();

	for (const item of items) {
		const name = String(key(item)), data = JSON.stringify(item), before = old.get(name);
		const node = before && before.data === data ? before.node : make(item, before === undefined);

		if (before && before.node !== node)
			before.node.replaceWith(node);
		now.set(name, {data, node});
	}
	for (const [name, {node}] of old) {
		if (!now.has(name))
			node.remove();
	}
	let at = parent.firstChild;
	for (const {node} of now.values()) {
		if (node === at)
			at = at.nextSibling;
		else
			parent.insertBefore(node, at);
	}
	parent.children_ = now;
}

// columns: [[title, class], ...]
export function table(node, caption, columns, items, key, row) {
	if (!node.tBodies.length) {
		node.append(h('caption', null, caption),
			h('thead', null, h('tr', null,
				columns.map(([title, kind]) => h('th', {scope: 'col', class: kind}, title)))),
			h('tbody'));
	}
	list(node.tBodies[0], items, key, row);
}

const TIMEOUT_MS = 30000;

// What a command answers; the error says why there is none.
export async function ask(command, parameters = {}) {
	const query = new URLSearchParams(parameters).toString();
	const answer = await fetch(`/api/${command}${query ? '?' + query : ''}`,
		{cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS)});
	const value = await answer.json();

	if (!answer.ok)
		throw Object.assign(new Error(value.error?.desc ?? answer.statusText), {status: answer.status});
	return value;
}

// --- words

const UNITS = [['ns', 1], ['\u00b5s', 1e3], ['ms', 1e6], ['s', 1e9]];

export function digits(value) {
	if (value === 0)
		return '0';
	return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

// 182ms, 1.42s
export function duration(ns) {
	if (ns === null || ns === undefined)
		return '\u2013';
	if (ns >= 60e9)
		return span(ns);
	const [unit, factor] = UNITS.filter(([, size]) => ns >= size).pop() ?? UNITS[0];
	return digits(ns / factor) + unit;
}

// 3d 04h, 2h 05m, 4m 10s
export function span(ns) {
	const s = Math.max(0, Math.round(ns / 1e9)), two = n => String(n).padStart(2, '0');

	if (s >= 86400)
		return `${Math.floor(s / 86400)}d ${two(Math.floor(s % 86400 / 3600))}h`;
	if (s >= 3600)
		return `${Math.floor(s / 3600)}h ${two(Math.floor(s % 3600 / 60))}m`;
	return s >= 60 ? `${Math.floor(s / 60)}m ${two(s % 60)}s` : `${s}s`;
}

export function quantity(unit, value) {
	if (value === null || value === undefined)
		return '\u2013';
	if (unit === 'ns')
		return duration(value);
	return digits(value) + ({mbps: ' Mbit/s', ratio: ''}[unit] ?? ` ${unit}`);
}

export function number(value) {
	return value === null || value === undefined ? '\u2013' : value.toLocaleString('en');
}

export function plural(count, word) {
	return `${number(count)} ${word}${count === 1 ? '' : 's'}`;
}

export function time(unixNs) {
	const date = new Date(unixNs / 1e6), iso = date.toISOString();

	return h('time', {datetime: iso, title: iso, class: 'n'},
		date.toLocaleString('sv', {dateStyle: 'short', timeStyle: 'medium'}));
}

export function bytes(size) {
	if (size < 1024)
		return `${size} B`;
	return size < 1048576 ? `${digits(size / 1024)} KiB` : `${digits(size / 1048576)} MiB`;
}

export function place(failure) {
	return failure.place ? `${failure.class} of ${failure.place}` : failure.class;
}

// --- builds have colours, in the order in which a campaign has them

let order = [];

export function nameBuilds(names) {
	order = names;
}

export function colour(build) {
	const at = order.indexOf(build);

	return at < 0 ? '' : `b${at % 6}`;
}

export function buildName(build) {
	return h('span', {class: 'build'}, h('span', {class: `swatch ${colour(build)}`, 'aria-hidden': 'true'}), build);
}
