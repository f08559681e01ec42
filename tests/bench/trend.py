#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the samples of hours.sh have a trend: trend.py FILE.

The first third is warm-up. Of the rest, each gauge's slope is that of Theil and Sen over the medians of
twelve windows; it is within noise if what it adds up to is at most the spread (5th to 95th percentile)
within the windows, or one part in a hundred of the level.
"""
import csv
import statistics
import sys

GAUGES = ('rss_kb', 'anon_kb', 'descriptors', 'threads', 'largest_image_bytes')
WINDOWS = 12


def slope(points):
    """Theil and Sen's: the median of the slopes between all pairs."""
    return statistics.median((b[1] - a[1]) / (b[0] - a[0])
                             for i, a in enumerate(points) for b in points[i + 1:])


def windows(rows, name):
    size = len(rows) / WINDOWS
    return [[(r['seconds'], r[name]) for r in rows[round(i * size):round((i + 1) * size)]] for i in range(WINDOWS)]


def spread(window):
    values = sorted(v for _, v in window)
    return values[int(.95 * (len(values) - 1))] - values[int(.05 * (len(values) - 1))]


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    rows = [row for row in rows if row['seconds'] >= rows[-1]['seconds'] / 3]
    if len(rows) < 3 * WINDOWS:
        sys.exit(f'# {len(rows)} samples after warm-up are too few for a trend')
    hours = (rows[-1]['seconds'] - rows[0]['seconds']) / 3600
    status = 0
    for name in GAUGES:
        parts = windows(rows, name)
        points = [(statistics.median(s for s, _ in part), statistics.median(v for _, v in part)) for part in parts]
        level = statistics.median(v for _, v in points)
        noise = max(statistics.median(map(spread, parts)), level / 100)
        drift = slope(points) * 3600
        flat = abs(drift * hours) <= noise
        status |= not flat
        print(f'# {"flat" if flat else "NOT FLAT"}: {name} {level:.0f}, {drift:+.1f} an hour over {hours:.2f} hours, '
              f'noise {noise:.0f}')
    print(f'# {rows[-1]["operations"]:.0f} operations, {rows[-1]["failures"]:.0f} failures')
    sys.exit(status)


if __name__ == '__main__':
    main()
