// SPDX-License-Identifier: GPL-2.0-or-later
// One failure on one screen, as `qsoak show` has it: what, where, last words, stack, circle, files.
import {$, h, ask, bytes, number, plural, place, time} from './dom.js';

// Of a file that is quoted; longer ones are only linked to.
const QUOTED_MAX = 2 << 20;
const FRAMES = 14;

function href(id, file) {
	return `/incidents/${id}/${encodeURIComponent(file)}`;
}

// The text of ROLE.NAME, or null where it is not there, packed, empty or long.
async function text(incident, role, name) {
	const file = incident.files.find(one => one.file === `${role}.${name}`);

	if (!file || !file.size || file.size > QUOTED_MAX)
		return null;
	const answer = await fetch(href(incident.incident, file.file), {cache: 'no-store'});
	return answer.ok ? (await answer.text()).trimEnd() : null;
}

const tail = (words, lines) => words.split('\n').slice(-lines).join('\n');

// The first thread is the one that died, or the main thread.
function firstThread(stacks) {
	const at = stacks.indexOf('\nthread ');

	return at < 0 ? null : stacks.slice(at + 1).split('\n\n')[0].split('\n').slice(0, FRAMES)
		.map(line => line.replace(/^(#\d+)\s+0x[0-9a-f]+\s+/, '$1 ')).join('\n');
}

function quote(title, words) {
	return words ? h('section', {class: 'quote'}, h('h3', null, title),
		h('pre', {tabindex: '0', 'aria-label': title}, words)) : null;
}

function row(name, ...value) {
	return h('div', null, h('dt', null, name), h('dd', null, value));
}

function end(run) {
	const how = run.exit;

	if (!how)
		return `pid ${run.pid}, alive`;
	if (how.signal)
		return `ended by signal ${how.signal}${how['core-dumped'] ? ', with a core' : ''}`;
	return `exited with status ${how.status}`;
}

function runRows(run) {
	const guest = run.telemetry;

	return [row(run.role, end(run)),
		row('build', `${run.build}: ${run.version ?? 'unknown version'}`,
			run['build-id'] ? h('span', {class: 'muted'}, `, build-id ${run['build-id']}`) : ''),
		guest ? row('guest', `${number(guest.ticks)} ticks, ${number(guest['flash-writes'])} flash writes, ` +
			`${number(guest['flash-checks'])} checks, generation ${guest.generation}`) : null];
}

function facts(manifest) {
	const machine = manifest.machine ?? {}, host = manifest.host ?? {};

	return h('dl', {class: 'rows'},
		row('when', time(manifest['at-unix-ns']), `, campaign `,
			h('a', {href: `#campaign/${manifest.campaign}`}, manifest.campaign),
			`, slot ${manifest.slot} of ${manifest.fleet}, VM ${manifest.vm}, after ${plural(manifest.loops ?? 0, 'loop')}`),
		row('plan', `seed ${manifest.seed}, from loop ${manifest['first-loop']} on`),
		row('machine', `${machine.type}, ${machine.accel}, ${(machine['ram-bytes'] ?? 0) / 1048576} MiB, ` +
			plural(machine.vcpus ?? 0, 'vCPU')),
		row('host', `${host.name}, kernel ${host.kernel}, ${host.cpus} CPUs, load ${Number(host.load).toFixed(1)}`),
		(manifest.runs ?? []).map(runRows));
}

async function quotes(incident, run) {
	const [output, stacks, qmp, looks] = await Promise.all(
		['output', 'stacks', 'qmp', 'heartbeats'].map(name => text(incident, run.role, name)));

	return [run.circle ? quote(`circle in ${run.role}`, run.circle) : null,
		quote(`last words of ${run.role}`, output && tail(output, 12)),
		quote(`stack of ${run.role}`, stacks && firstThread(stacks)),
		quote(`last of QMP with ${run.role}`, qmp && tail(qmp, 8)),
		quote(`last looks at ${run.role}: monotonic time, ms that a heartbeat waits in-band and out-of-band, guest's ticks`,
			looks && tail(looks, 6))];
}

function files(incident) {
	return h('section', null, h('h2', null, 'Files'),
		h('p', {class: 'muted long'}, incident.path),
		h('ul', {class: 'files'}, incident.files.map(one => h('li', null,
			h('a', {href: href(incident.incident, one.file), download: one.file}, one.file),
			h('span', {class: 'muted n'}, ` ${bytes(one.size)}`)))),
		(incident.manifest?.missing ?? []).map(one =>
			h('p', {class: 'note unclear'}, `missing: ${one.file}: ${one.reason}`)));
}

function commands(id) {
	return h('section', null, h('h2', null, 'What to type next'), h('pre', {tabindex: '0', 'aria-label': 'commands'},
		`qsoak show ${id} --all\nqsoak replay ${id} --times 20\nqsoak reproducer ${id} > reproduce.sh`));
}

function head(id, manifest) {
	const where = [manifest.kind, manifest.step].filter(Boolean).join('/');

	return h('div', {class: 'banner bad'},
		h('p', {class: 'verdict bad'}, `incident ${id}: ${place(manifest)}${where ? ` in ${where}` : ''}`),
		h('h1', null, manifest.signature),
		manifest.detail && manifest.detail !== manifest.signature ? h('p', null, manifest.detail) : null,
		manifest.alternative ? h('p', {class: 'muted'}, `also: ${manifest.alternative}`) : null);
}

// current(): whether it is still what is looked at.
export async function showIncident(id, current) {
	const node = $('incident'), back = h('p', {class: 'back'}, h('a', {href: '#'}, '\u2190 all'));
	let incident;

	try {
		incident = await ask('query-incident', {incident: id});
	} catch (error) {
		if (current())
			node.replaceChildren(back, h('p', {class: 'warning'}, error.message));
		return;
	}
	const manifest = incident.manifest ?? {class: 'unknown', signature: 'there is no manifest', runs: []};
	const quoted = (await Promise.all((manifest.runs ?? []).map(run => quotes(incident, run)))).flat();
	if (!current())
		return;
	document.title = `incident ${id} \u2013 qsoak`;
	node.replaceChildren(back, head(id, manifest), incident.manifest ? facts(manifest) : '', ...quoted.filter(Boolean),
		files(incident), commands(id));
}
