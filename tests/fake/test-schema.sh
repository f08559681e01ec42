#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The fake QEMU takes, refuses and tells what the QEMU does whose query-qmp-schema was recorded.
. "$(dirname "$0")/../lib.sh"

# said VERSION REQUEST...: what the fake of that version says, a line a request, its own first.
said() {
	local version=$1
	shift
	printf '%s\n' "$@" | timeout 60 python3 "$top/tests/fake/ask.py" "$fake" \
		-fake-schema "$version" 2>&1
}

# says TITLE REQUEST WORDS-OF-7.2 WORDS-OF-10.0
says() {
	check "7.2: $1" same "$(said 7.2 "$2" | tail -n +2)" "$3"
	check "10.0: $1" same "$(said 10.0 "$2" | tail -n +2)" "$4"
}

set_capability() {
	echo "migrate-set-capabilities {\"capabilities\": [{\"capability\": \"$1\", \"state\": false}]}"
}

for version in 7.2 10.0; do
	check "$version: greets as that" same "$(said $version 'stop {}' | head -1)" "${version/./ }"
	check "$version: and says so" same \
		"$("$fake" --version -fake-schema $version | head -1)" "QEMU emulator version $version.99 (fake)"
	check "$version: query-qmp-schema is the recorded one" same \
		"$(said $version 'query-qmp-schema {}' | tail -1 | jq -cS .)" \
		"$(jq -cS . "$top/tests/data/qmp-schema-$version.json")"
done
check 'a version without a recording is refused' contains \
	"$("$fake" -fake-schema 1.0 2>&1)" 'there is no recording of that version'

# In the real ones' words.
says 'a capability that went away' "$(set_capability compress)" '{}' \
	"Parameter 'capability' does not accept value 'compress'"
says 'one that came' "$(set_capability mapped-ram)" \
	"Parameter 'capability' does not accept value 'mapped-ram'" '{}'
says 'a parameter that went away' 'migrate-set-parameters {"compress-level": 1}' '{}' \
	"Parameter 'compress-level' is unexpected"
says 'one that came' 'migrate-set-parameters {"direct-io": true}' \
	"Parameter 'direct-io' is unexpected" '{}'
says 'an argument that became optional' 'migrate {}' "Parameter 'uri' is missing" \
	"need either 'uri' or 'channels' argument"
says 'a union, by its tag' \
	'migrate {"channels": [{"channel-type": "main", "addr": {"transport": "socket", "type": "unix", "path": "x", "port": "1"}}]}' \
	"Parameter 'uri' is missing" "Parameter 'channels[0].addr.port' is unexpected"
says 'what it needs' \
	'migrate {"channels": [{"channel-type": "main", "addr": {"transport": "socket", "type": "inet", "host": "h"}}]}' \
	"Parameter 'uri' is missing" "Parameter 'channels[0].addr.port' is missing"
says 'a member that is told no more' 'query-status {}' \
	'{"status": "running", "singlestep": false, "running": true}' \
	'{"status": "running", "running": true}'
for version in 7.2 10.0; do
	while read -r request; do
		read -r words
		check "$version: refuses $request" same "$(said $version "$request" | tail -1)" "$words"
	done <<-'END'
		migrate-set-parameters {"max-bandwidth": "x"}
		Parameter 'max-bandwidth' expects uint64
		migrate-set-parameters {"multifd-channels": 256}
		Parameter 'multifd-channels' expects uint8_t
		migrate-set-parameters {"x-checkpoint-delay": 8589934592}
		Parameter 'x-checkpoint-delay' expects uint32_t
		migrate-set-parameters {"tls-creds": 5}
		Invalid parameter type for 'tls-creds', expected: StrOrNull
		migrate-set-parameters {"cpu-throttle-tailslow": 3}
		Invalid parameter type for 'cpu-throttle-tailslow', expected: boolean
		migrate-set-parameters {"multifd-compression": "lzma"}
		Parameter 'multifd-compression' does not accept value 'lzma'
		migrate-set-capabilities {"capabilities": [7]}
		Invalid parameter type for 'capabilities[0]', expected: object
		migrate-set-capabilities {"capabilities": [{}]}
		Parameter 'capabilities[0].capability' is missing
		snapshot-save {"job-id": "a", "tag": "t", "vmstate": "v", "devices": [1]}
		Invalid parameter type for 'devices[0]', expected: string
		snapshot-delete {"job-id": "a", "tag": "t", "vmstate": "v", "devices": []}
		Parameter 'vmstate' is unexpected
		job-dismiss {}
		Parameter 'id' is missing
		query-status {"a": 1}
		Parameter 'a' is unexpected
		query-block {}
		The command query-block has not been found
	END
done
