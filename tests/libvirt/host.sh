#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host.sh FOLDER NAME [KEEP...]: in namespaces of its own (mount, network, UTS), a host of that name: /run, /var and
# /etc/libvirt are those of FOLDER, but for the folders KEEP, which are seen wherever they are. Says its pid in FOLDER/pid,
# then starts what each line of FOLDER/start is.
set -eu
folder=$1
hostname "$2"
shift 2
exec 3<>"$folder/start"
for keep; do
	case $keep/ in
	/run/* | /var/*)
		mkdir -p "$folder$keep"
		mount --bind "$keep" "$folder$keep"
		;;
	esac
done
mount --bind "$folder/etc/libvirt" /etc/libvirt
mount --bind "$folder/etc/hosts" /etc/hosts
# The second one finds its source, wherever that is.
cd "$folder"
mount --rbind run /run
mount --rbind var /var
cd /
ip link set lo up
# A container may see it so.
[ -w /proc/sys/net/ipv4/tcp_retries2 ] || mount -o remount,bind,rw /proc/sys
echo $$ >"$folder/pid.new"
mv "$folder/pid.new" "$folder/pid"
set +e
while read -r -u 3 -a words; do
	"${words[@]}" 3>&- </dev/null &
done
