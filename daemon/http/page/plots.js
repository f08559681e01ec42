// SPDX-License-Identifier: GPL-2.0-or-later
// Timings: for each metric of an operation its quantiles, its course over the campaign and its distribution.
import {$, h, svg, quantity, number, span, buildName, colour} from './dom.js';

const BINS = 16, LEFT = 54, RIGHT = 10, TOP = 8, BOTTOM = 24, HEIGHT = 180;

// Of a figure, so that its words stay as large as the others.
const widthOf = (figure, share) => Math.max(300, Math.min(figure, (document.documentElement.clientWidth - 40) * share));

// Ticks at 1, 2 and 5 of each decade that the range touches.
function logTicks(low, high) {
	const ticks = [];

	for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++)
		for (const digit of [1, 2, 5])
			ticks.push(digit * 10 ** decade);
	const inside = ticks.filter(tick => tick >= low && tick <= high);
	return inside.length > 7 ? inside.filter(tick => /^1/.test(String(tick.toExponential()))) : inside;
}

function linearTicks(low, high) {
	const rough = (high - low) / 4 || 1, decade = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 5, 10].map(digit => digit * decade).find(size => size >= rough);
	const ticks = [];

	for (let tick = Math.ceil(low / step) * step; tick <= high && ticks.length < 20; tick += step)
		ticks.push(tick);
	return ticks;
}

// A scale of values onto from..to; logarithmic where they lie over more than half a decade.
function scaleOf(values, from, to) {
	let low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
	const log = low > 0 && high / low > 3, f = log ? Math.log : value => value;

	if (!log) {
		low = Math.min(low, 0);
		high = high > low ? high : low + 1;
	} else {
		low /= 1.1;
	}
	high *= 1.05;
	const at = value => from + (f(value) - f(low)) / (f(high) - f(low)) * (to - from);
	return {at, ticks: log ? logTicks(low, high) : linearTicks(low, high)};
}

function path(points) {
	return points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`).join('');
}

function frame(width, label, ...children) {
	return svg('svg', {viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: 'img', 'aria-label': label}, children);
}

function gridY(scale, width, unit) {
	let last = Infinity;

	return scale.ticks.filter(tick => last - scale.at(tick) >= 18 && (last = scale.at(tick), true)).map(tick => [
		svg('path', {class: 'grid', d: `M${LEFT},${scale.at(tick).toFixed(1)}H${width - RIGHT}`}),
		svg('text', {class: 'tick end', x: LEFT - 6, y: (scale.at(tick) + 4).toFixed(1)}, quantity(unit, tick))]).flat();
}

function gridX(scale, words, room) {
	let last = -Infinity;

	return scale.ticks.filter(tick => scale.at(tick) - last >= room && (last = scale.at(tick), true)).map(tick => [
		svg('path', {class: 'grid', d: `M${scale.at(tick).toFixed(1)},${TOP}V${HEIGHT - BOTTOM}`}),
		svg('text', {class: 'tick middle', x: scale.at(tick).toFixed(1), y: HEIGHT - 8}, words(tick))]).flat();
}

function quantile(sorted, share) {
	return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

// [[middle of the bin, median, p95]] of the samples picked for the strip.
function course(strip, end) {
	const bins = Array.from({length: BINS}, () => []);

	for (const [at, value] of strip)
		bins[Math.min(BINS - 1, Math.floor(at / end * BINS))].push(value);
	return bins.map((values, i) => [(i + .5) / BINS * end, values.sort((a, b) => a - b)])
		.filter(([, values]) => values.length)
		.map(([at, values]) => [at, quantile(values, .5), quantile(values, .95)]);
}

function strip(rows) {
	const width = widthOf(780, innerWidth < 640 ? 1 : .6), points = rows.flatMap(row => row.strip);
	const end = Math.max(1, ...points.map(([at]) => at));
	const x = scaleOf([0, end].map(at => at / 1.05), LEFT, width - RIGHT);
	const y = scaleOf(points.map(([, value]) => value), HEIGHT - BOTTOM, TOP);
	const marks = rows.map(row => {
		const line = course(row.strip, end), name = colour(row.build);
		return [
			svg('path', {class: `dot ${name}`, d: row.strip.map(([at, value]) =>
				`M${x.at(at).toFixed(1)},${y.at(value).toFixed(1)}h0`).join('')}),
			svg('path', {class: `curve ${name}`, d: path(line.map(([at, p50]) => [x.at(at), y.at(p50)]))}),
			svg('path', {class: `curve upper ${name}`, d: path(line.map(([at, , p95]) => [x.at(at), y.at(p95)]))})];
	}).flat();

	return h('figure', {class: 'strip'},
		h('figcaption', null, 'Over the campaign: samples, median (line) and p95 (dashed)'),
		frame(width, 'samples over time', gridY(y, width, rows[0].unit), gridX(x, at => span(at * 1e9), 64), marks));
}

function ecdf(rows) {
	const width = widthOf(520, innerWidth < 640 ? 1 : .4), x = scaleOf(rows.flatMap(row => row.ecdf.map(([value]) => value)), LEFT, width - RIGHT);
	const y = {at: share => TOP + (1 - share) * (HEIGHT - BOTTOM - TOP), ticks: [0, .5, .95, 1]};

	return h('figure', {class: 'ecdf'},
		h('figcaption', null, 'Distribution: share of samples up to a value'),
		frame(width, 'cumulative distribution',
			y.ticks.map(tick => [
				svg('path', {class: 'grid', d: `M${LEFT},${y.at(tick).toFixed(1)}H${width - RIGHT}`}),
				svg('text', {class: 'tick end', x: LEFT - 6, y: (y.at(tick) + (tick === 1 ? 8 : tick === .95 ? 12 : 4)).toFixed(1)},
					tick === 1 ? '' : `${tick * 100} %`)]).flat(),
			gridX(x, value => quantity(rows[0].unit, value), 58),
			rows.map(row => svg('path', {class: `curve ${colour(row.build)}`,
				d: path(row.ecdf.map(([value, share]) => [x.at(value), y.at(share)]))}))));
}

function quantiles(rows) {
	return h('table', {class: 'quantiles'},
		h('thead', null, h('tr', null, h('th', {scope: 'col'}, 'build'),
			['count', 'p50', 'p95', 'p99', 'max'].map(title => h('th', {scope: 'col', class: 'num'}, title)))),
		h('tbody', null, rows.map(row => h('tr', null, h('th', {scope: 'row'}, buildName(row.build)),
			h('td', {class: 'num'}, number(row.count)),
			['p50', 'p95', 'p99', 'max'].map(key => h('td', {class: 'num'}, quantity(row.unit, row[key])))))));
}

function card(rows) {
	return h('article', {class: 'card'},
		h('h3', null, rows[0].title, h('code', null, rows[0].metric)),
		h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `quantiles of ${rows[0].title}`}, quantiles(rows)),
		h('div', {class: 'row'}, strip(rows), ecdf(rows)));
}

const kindOf = metric => metric.split('.')[0];

export function showPlots(plots, chosen) {
	const kinds = [...new Set(plots.metrics.map(one => kindOf(one.metric)))];
	const kind = kinds.includes(chosen) ? chosen : kinds.find(name => name !== 'boot') ?? kinds[0], select = $('metric-kind');
	const groups = new Map();

	$('timings').hidden = !kinds.length;
	if ([...select.options].map(option => option.value).join() !== kinds.join())
		select.replaceChildren(...kinds.map(name => h('option', {value: name}, name)));
	select.value = kind ?? '';
	for (const one of plots.metrics) {
		if (kindOf(one.metric) === kind)
			groups.set(one.metric, [...groups.get(one.metric) ?? [], one]);
	}
	$('plots').replaceChildren(...[...groups.values()].map(card));
}
