// SPDX-License-Identifier: GPL-2.0-or-later
// The page itself: what is looked at (#campaign/ID, #incident/ID), what is asked when, and events.
//
// Events say that something has changed; what the page shows is always what it has asked for. After a
// connection that was lost it asks for all of it. What is expensive is asked for rarely: an answer
// that took long is not asked for again before `share` times as long has gone by.
import {$, ask, nameBuilds} from './dom.js';
import {showNow, showFleet, showFooter} from './fleet.js';
import {showBuilds, showFailures, showGaps, showCampaigns, NEWEST_MAX} from './results.js';
import {showPlots} from './plots.js';
import {showIncident} from './incident.js';

const SILENCE_MS = 40000;
let selected = null, wanted = null, inProgress = null, report = null, plots = null, looking = 0;
let failures = [], after = 0, announced = false, lastHeard = Date.now();

function complain(error) {
	$('error').hidden = !error;
	if (error)
		$('error').textContent = error.message ?? String(error);
}

// Something that is fetched: soon() at the earliest minMs after the last time, and not while nobody looks.
function fetched(minMs, share, get) {
	let running = false, again = false, next = 0, timer = null;

	async function go() {
		timer = null;
		if (running || document.hidden) {
			again = true;
			return;
		}
		const began = performance.now();
		running = true;
		again = false;
		try {
			await get();
			complain(null);
		} catch (error) {
			complain(error);
			again = error.status === 503;
		}
		running = false;
		next = performance.now() + Math.max(minMs, share * (performance.now() - began));
		if (again)
			soon();
	}
	function soon() {
		if (timer === null)
			timer = setTimeout(go, Math.max(0, next - performance.now()));
		return timer;
	}
	return {soon, wake() { if (again) soon(); }, now() { next = 0; clearTimeout(timer); timer = null; soon(); }};
}

const status = fetched(500, 2, async () => {
	const value = await ask('query-status');

	if (value.campaign !== inProgress) {
		inProgress = value.campaign;
		campaigns.now();
	}
	showNow(value);
	showFleet(value);
	showFooter(value);
});

const campaigns = fetched(5000, 10, async () => {
	let all = [], next = 0;

	do {
		const page = await ask('query-campaigns', next ? {after: next} : {});
		all = all.concat(page.campaigns);
		next = page.next;
	} while (next);
	select(wanted ?? inProgress ?? all[all.length - 1]?.id ?? null);
	showCampaigns(all, selected);
});

function select(campaign) {
	if (campaign === selected)
		return;
	selected = campaign;
	report = plots = null;
	failures = [];
	after = 0;
	announced = false;
	results.now();
	found.now();
	timings.now();
}

// What a command says of the selected campaign; null: none is, or another one by now.
async function askSelected(command) {
	const campaign = selected;
	const value = campaign === null ? null : await ask(command, {campaign});

	return campaign === selected ? value : null;
}

const results = fetched(2000, 10, async () => {
	const value = await askSelected('query-report');

	if (!value)
		return;
	report = value;
	nameBuilds(report.builds.map(one => one.build));
	showBuilds(report);
	showGaps(report);
	showFailures(report, failures, announced);
});

// Those behind the last one that we have; of a long list the newest are kept.
const found = fetched(1000, 3, async () => {
	const campaign = selected;
	let next = after;

	while (campaign !== null && next !== null) {
		const page = await ask('query-failures', next ? {campaign, after: next} : {campaign});
		if (campaign !== selected)
			return;
		failures = failures.concat(page.failures).slice(-NEWEST_MAX - 1);
		after = failures[failures.length - 1]?.id ?? 0;
		next = page.next;
	}
	showFailures(report, failures, announced);
	announced = true;
});

const timings = fetched(10000, 20, async () => {
	const value = await askSelected('query-plots');

	if (!value)
		return;
	plots = value;
	redraw();
});

const all = [status, campaigns, results, found, timings];

// --- events

const heard = {
	HELLO() { for (const one of all) one.now(); },
	PROGRESS() { status.soon(); results.soon(); timings.soon(); },
	FAILURE(data) {
		$('said').textContent = `failure ${data.failure}: ${data.signature}`;
		status.soon();
		/* It is in the store in a moment. */
		setTimeout(found.soon, 300);
		results.soon();
	},
	CAMPAIGN_ENDED() { for (const one of all) one.now(); },
};

function link(words, kind) {
	$('link').textContent = words;
	$('link').className = `link ${kind}`;
}

function listen() {
	const source = new EventSource('/events');

	source.onopen = () => link('live', 'good');
	source.onerror = () => {
		link('reconnecting', 'bad');
		/* A browser gives up where it was refused; we do not. */
		if (source.readyState === EventSource.CLOSED)
			setTimeout(listen, 5000);
	};
	source.onmessage = message => {
		const event = JSON.parse(message.data);

		lastHeard = Date.now();
		(heard[event.event] ?? (() => { status.soon(); campaigns.soon(); results.soon(); }))(event.data);
	};
}

// --- what is looked at

function route() {
	const [what, id] = location.hash.slice(1).split('/'), view = ++looking;
	const incident = what === 'incident' && /^\d+$/.test(id ?? '');

	$('overview').hidden = incident;
	$('incident').hidden = !incident;
	if (incident) {
		$('incident').replaceChildren();
		$('incident').focus();
		window.scrollTo(0, 0);
		showIncident(id, () => view === looking);
		return;
	}
	if (what === 'campaign' && /^\d+$/.test(id ?? ''))
		wanted = Number(id);
	else if (!what)
		wanted = null;
	status.soon();
	campaigns.now();
	if (what && $(what))
		$(what).scrollIntoView();
}

window.addEventListener('hashchange', route);
document.addEventListener('visibilitychange', () => { for (const one of all) one.wake(); });
document.addEventListener('keydown', event => {
	if (event.key === 'Escape' && !$('incident').hidden)
		location.hash = '';
});
const redraw = () => plots && showPlots(plots, $('metric-kind').value);
$('metric-kind').addEventListener('change', redraw);
window.addEventListener('resize', redraw);
setInterval(() => {
	/* The server is silent for at most a heartbeat; a browser does not tell us of comments. */
	if (Date.now() - lastHeard > SILENCE_MS)
		status.soon();
}, SILENCE_MS);
route();
listen();
