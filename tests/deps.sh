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
# Another apt may be at work, e.g. that of unattended upgrades: seconds.
wait=-oDPkg::Lock::Timeout=300
$sudo apt-get -q -q $wait update
# No service may start, and nothing may ask.
$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -q -y --no-install-recommends $wait \
	install $missing >/dev/null
