// SPDX-License-Identifier: GPL-2.0-or-later
// What goes on now: the campaign in progress and its slots.
import {$, h, list, digits, number, plural, span, duration, colour} from './dom.js';

const RATE_WINDOW_S = 60;
let rateOf = null, samples = [];

// Loops a second, over the last minute that we have seen.
function rate(status) {
	const now = status['elapsed-ns'] / 1e9;

	if (rateOf !== status.campaign || (samples.length && now < samples[samples.length - 1][0]))
		samples = [];
	rateOf = status.campaign;
	samples.push([now, status.loops]);
	while (samples.length > 2 && now - samples[0][0] > RATE_WINDOW_S)
		samples.shift();
	const [then, loops] = samples[0];
	return now - then < 2 ? null : (status.loops - loops) / (now - then);
}

// How much of what the stop rule allows is used up, and what that is.
function budget(status) {
	const parts = [];

	if (status['duration-ns'])
		parts.push([status['elapsed-ns'] / status['duration-ns'],
			`${span(status['elapsed-ns'])} of ${span(status['duration-ns'])}`]);
	if (status['loops-wanted'])
		parts.push([status.loops / status['loops-wanted'],
			`${number(status.loops)} of ${plural(status['loops-wanted'], 'loop')}`]);
	if (status['blocks-wanted'])
		parts.push([status.blocks / status['blocks-wanted'],
			`${number(status.blocks)} of ${plural(status['blocks-wanted'], 'block')}`]);
	return parts.sort((a, b) => b[0] - a[0])[0];
}

function state(status) {
	if (status.campaign === null)
		return status.paused ? ['unclear', `paused: ${status.paused}`] : ['same', 'idle'];
	if (status.paused)
		return ['unclear', `paused: ${status.paused}`];
	if (status.stopping)
		return ['unclear', 'stopping'];
	if (status['only-held'])
		return ['unclear', 'nothing is left but VMs that are held'];
	const bad = status.failures - status.expected;
	return bad ? ['bad', `running, ${plural(bad, 'failure')}`] : ['good', 'running, no failure'];
}

function fact(name, value, kind) {
	return h('div', null, h('dt', null, name), h('dd', {class: kind}, value));
}

function left(status) {
	const speed = rate(status), times = [];

	if (status['duration-ns'])
		times.push(status['duration-ns'] - status['elapsed-ns']);
	if (status['loops-wanted'] && speed)
		times.push((status['loops-wanted'] - status.loops) / speed * 1e9);
	return times.length ? span(Math.min(...times)) : '\u2013';
}

function facts(status) {
	const speed = rate(status);

	return h('dl', {class: 'facts big'},
		fact('loops', number(status.loops), 'n'),
		fact('loops a second', speed === null ? '\u2013' : digits(speed), 'n'),
		fact('operations', number(status.operations), 'n'),
		fact('failures', number(status.failures) + (status.expected ? `, ${status.expected} expected` : ''),
			status.failures > status.expected ? 'n bad' : 'n'),
		fact('VMs', number(status.vms), 'n'),
		status.held ? fact('held', number(status.held), 'n unclear') : null,
		fact('time left', left(status), 'n'));
}

export function showNow(status) {
	const node = $('now'), [kind, words] = state(status), used = budget(status);

	node.className = `banner ${kind}`;
	document.title = status.campaign === null ? 'qsoak'
		: `${status.failures ? `(${status.failures}) ` : ''}${status.name} \u2013 qsoak`;
	if (status.campaign === null) {
		node.replaceChildren(h('p', {class: `verdict ${kind}`}, words),
			h('h1', null, 'No campaign is in progress'));
		return;
	}
	node.replaceChildren(
		h('p', {class: `verdict ${kind}`}, words),
		h('h1', null, h('a', {href: `#campaign/${status.campaign}`}, `${status.name}`),
			h('span', {class: 'muted'}, ` campaign ${status.campaign}`)),
		facts(status),
		used ? h('p', {class: 'used'}, h('progress', {value: Math.min(1, used[0]), max: 1, 'aria-label': 'budget used'}),
			h('span', {class: 'n'}, used[1])) : '');
}

function doing(slot) {
	if (slot.operation)
		return slot.step && slot.step !== slot.operation ? `${slot.operation}/${slot.step}` : slot.operation;
	return '\u2013';
}

function makeSlot(slot) {
	return h('li', {class: `slot ${slot.colour} state-${/^[a-z-]+$/.test(slot.state) ? slot.state : 'other'}`},
		h('p', {class: 'where'}, `slot ${slot.slot}`,
			h('span', {class: 'muted'}, ` ${slot.vm}`)),
		h('p', {class: 'doing'}, doing(slot)),
		h('p', {class: 'more'},
			h('span', {class: 'tag'}, slot.build), ` ${slot.state}, ${plural(slot.loops, 'loop')}`),
		slot.incident ? h('p', {class: 'more'}, 'held for ',
			h('a', {href: `#incident/${slot.incident}`}, `incident ${slot.incident}`)) : null);
}

export function showFleet(status) {
	$('fleet').hidden = !status.slots.length;
	/* A colour becomes known with the first report. */
	list($('slots'), status.slots.map(slot => ({...slot, colour: colour(slot.build)})), slot => slot.slot, makeSlot);
}

export function showFooter(status) {
	$('footer').replaceChildren(`qsoak on ${status.http ?? location.host}; the longest turn of the loop in the last minute took `,
		h('span', {class: 'n'}, duration(status['loop-lag-ns'])), '. The numbers: ',
		h('a', {href: '/api/query-status'}, 'status'), ', ', h('a', {href: '/api/query-report'}, 'report'), ', ',
		h('a', {href: '/api/query-plots'}, 'plots'), '.');
}
