#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs those of the named Debian packages that are missing; says which, and nothing if none.
set -eu

missing=
for package; do
	case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || :) in
	ii*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

echo "deps: installing$missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get -q -q update
# No service may start, and nothing may ask.
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -q -y --no-install-recommends \
	install $missing >/dev/null
