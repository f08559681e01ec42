// SPDX-License-Identifier: GPL-2.0-or-later
// What a campaign has found: builds and their verdicts, failures, pauses; and all campaigns.
import {$, h, table, number, time, span, place, buildName, colour} from './dom.js';

const VERDICTS = {clean: 'good', failed: 'bad', inconclusive: 'unclear', slower: 'bad', faster: 'good', same: 'same',
	unclear: 'unclear'};

function verdict(word) {
	return h('span', {class: `verdict ${VERDICTS[word] ?? 'same'}`}, word ?? '\u2013');
}

function showComparison(comparison) {
	$('comparison').replaceChildren(comparison && comparison.sentence
		? h('p', {class: 'sentence'}, verdict(comparison.verdict), ' ', comparison.sentence) : '');
}

export function showBuilds(report) {
	$('verdicts').hidden = !report.builds.length;
	showComparison(report.comparison);
	table($('builds'), 'What each build has shown so far',
		[['build'], ['verdict'], ['VMs', 'num'], ['loops', 'num'], ['failures', 'num'], ['version']],
		report.builds, one => one.build, one => h('tr', null,
			h('th', {scope: 'row'}, buildName(one.build)),
			h('td', null, verdict(one.verdict)),
			h('td', {class: 'num'}, number(one.vms)),
			h('td', {class: 'num'}, number(one.loops),
				one.wanted_loops > one.loops ? h('span', {class: 'muted'}, ` of ${number(one.wanted_loops)}`) : ''),
			h('td', {class: one.failures ? 'num bad' : 'num'}, number(one.failures)),
			h('td', {class: 'long muted'}, one.version)));
}

function known(ledger) {
	if (!ledger)
		return null;
	return h('p', {class: 'note'}, h('span', {class: ledger.status === 'new' ? 'verdict bad' : 'verdict same'},
		ledger.status), ledger.title ? ` ${ledger.title}` : '', ledger.fixed_in ? `, fixed in ${ledger.fixed_in}` : '');
}

export function idOf(incident) {
	const found = /^incidents\/(\d+)$/.exec(incident ?? '');

	return found ? found[1] : null;
}

function evidence(incident) {
	const id = idOf(incident);

	return id ? h('a', {href: `#incident/${id}`}, `incident ${id}`) : h('span', {class: 'muted'}, '\u2013');
}

function showSignatures(signatures) {
	table($('signatures'), 'By signature: equal failures, most first',
		[['signature'], ['build'], ['failures', 'num'], ['first after', 'num'], ['last seen'], ['newest evidence']],
		signatures, one => `${one.build} ${one.class} ${one.signature}`, one => h('tr', null,
			h('th', {scope: 'row', class: 'long'}, one.signature, known(one.ledger)),
			h('td', null, buildName(one.build)),
			h('td', {class: 'num'}, number(one.failures),
				one.expected ? h('span', {class: 'muted'}, `, ${one.expected} expected`) : ''),
			h('td', {class: 'num'}, one.first_loops === null ? '\u2013' : `${number(one.first_loops)} loops`),
			h('td', null, time(one.last_seen_unix_ns)),
			h('td', null, evidence(one.incident))));
}

export const NEWEST_MAX = 100;

// failures: oldest first. fresh: they came while we looked.
export function showFailures(report, failures, fresh) {
	const newest = failures.slice(-NEWEST_MAX).reverse();

	$('failures').hidden = !newest.length && !report?.signatures.length;
	showSignatures(report?.signatures ?? []);
	table($('newest'), failures.length > NEWEST_MAX ? `The newest ${NEWEST_MAX}` : 'Newest first',
		[['when'], ['what'], ['build'], ['where'], ['loops', 'num'], ['signature and detail'], ['evidence']],
		newest, one => one.id, (one, added) => h('tr', {class: added && fresh ? 'fresh' : null},
			h('td', null, time(one.at_unix_ns)),
			h('td', null, h('span', {class: one.expected ? 'same' : 'bad'}, place(one)),
				one.expected ? h('span', {class: 'muted'}, ' expected') : ''),
			h('td', null, buildName(one.build)),
			h('td', null, one.kind ? `${one.kind}${one.step ? '/' + one.step : ''}` : `slot ${one.slot}`,
				h('span', {class: 'muted'}, one.kind ? ` slot ${one.slot}` : '')),
			h('td', {class: 'num'}, number(one.loops)),
			h('td', {class: 'long'}, one.signature,
				one.detail && one.detail !== one.signature ? h('p', {class: 'note muted'}, one.detail) : null),
			h('td', null, evidence(one.incident))));
}

export function showGaps(report) {
	$('gaps').hidden = !report.gaps?.length;
	table($('gap-list'), 'When nothing was done, and why', [['from'], ['for', 'num'], ['why'], ['loops', 'num']],
		report.gaps ?? [], one => one.id ?? one.began_unix_ns, one => h('tr', null,
			h('td', null, time(one.began_unix_ns)),
			h('td', {class: 'num'}, one.ended_unix_ns ? span(one.ended_unix_ns - one.began_unix_ns) : 'still'),
			h('td', {class: 'long'}, [one.cause, one.reason].filter(Boolean).join(': ')),
			h('td', {class: 'num'}, number(one.loops ?? null))));
}

function ending(one) {
	if (!one.end)
		return h('span', {class: 'verdict same'}, 'in progress');
	const kind = {0: 'good', 1: 'bad'}[one.exit_code] ?? 'unclear';
	return h('span', {class: `verdict ${kind}`}, `${one.end}${{0: ', clean', 1: ', failed', 4: ', inconclusive'}[one.exit_code] ?? ''}`);
}

export function showCampaigns(campaigns, selected) {
	table($('campaign-list'), 'Newest first',
		[['campaign'], ['builds'], ['began'], ['took', 'num'], ['loops', 'num'], ['failures', 'num'], ['end']],
		campaigns.map(one => ({...one, selected: one.id === selected})).reverse(), one => one.id, one => h('tr',
			{class: one.selected ? 'selected' : null},
			h('th', {scope: 'row'}, h('a', {href: `#campaign/${one.id}`, 'aria-current': one.selected ? 'true' : null},
				`${one.id} ${one.name}`)),
			h('td', {class: 'long'}, one.builds),
			h('td', null, time(one.began_unix_ns)),
			h('td', {class: 'num'}, one.ended_unix_ns ? span(one.ended_unix_ns - one.began_unix_ns) : '\u2013'),
			h('td', {class: 'num'}, number(one.loops)),
			h('td', {class: one.failures > one.expected ? 'num bad' : 'num'}, number(one.failures)),
			h('td', null, ending(one))));
}
