#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The HTML page: what it says is what JSON says, it is well-formed, and a browser shows it without a
# complaint and without asking anybody.
. "$(dirname "$0")/../lib.sh"

render() {
	"$BUILD/tests/unit/html-page" <"$scratch/$1.data" >"$scratch/$1.html"
}

# No complaint about a page: sound NAME SUFFIX [xml].
sound() {
	local found
	found=$(python3 "$top/tests/html/check.py" "$scratch/$1.data" "$scratch/$1.$2" ${3+"$3"} 2>&1)
	same "$(head -5 <<<"$found")" ''
}

python3 "$top/tests/html/sample.py" >"$scratch/sample.data"
check 'a comparison: printed' render sample
check 'a comparison: well-formed, all numbers are those of JSON' sound sample html xml
for id in ratios metrics samples migrations failures operations history environment selfcheck method; do
	check "a comparison: has the section $id" grep -q "<section id=\"$id\"" "$scratch/sample.html"
done

# What the check is worth.
sed 's/data-value="40"/data-value="41"/' "$scratch/sample.html" >"$scratch/sample.wrong"
check 'a wrong number would be seen' eval '! sound sample wrong >/dev/null'
sed 's/<td class="num"><span class="n"[^>]*>/<td class="num"><span>/' "$scratch/sample.html" >"$scratch/sample.bare"
check 'a number from nowhere would be seen' eval '! sound sample bare >/dev/null'

# The same with each text hostile and each number extreme, and with all of another type.
hostile='</script><!--<script>alert(1)</script>&"'\''<img src=x onerror=alert(1)>'
jq --arg s "$hostile" 'walk(if type == "string" and (test("^(ns|ratio|mbps|lower|higher)$") | not) then $s
	else . end)' "$scratch/sample.data" >"$scratch/hostile.data"
jq '[paths(numbers)] as $all | reduce range($all | length) as $i (.; setpath($all[$i];
	[0, -1, 1e-300, 1e300, -1e300, 9007199254740993][$i % 6]))' "$scratch/sample.data" >"$scratch/extreme.data"
jq 'walk(if type == "number" then "1" elif type == "string" then 1 else . end)' "$scratch/sample.data" \
	>"$scratch/swapped.data"
jq 'walk(if type == "number" or type == "string" then null else . end)' "$scratch/sample.data" \
	>"$scratch/nulls.data"
for kind in hostile extreme swapped; do
	check "$kind: printed" render "$kind"
	check "$kind: well-formed, all numbers are those of JSON" sound "$kind" html xml
done
check 'nulls: printed' render nulls
check 'nulls: nothing is named that is not there' same \
	"$(python3 "$top/tests/html/check.py" "$scratch/nulls.data" "$scratch/nulls.html" xml)" \
	'no element has a data-path'

# A campaign's, by the program.
LOOPS=1000000 profile 4 'loops: 24' ok bad=-fake,assert@snapshot-save:3 third fourth >"$scratch/story.yaml"
run_campaign story

report() {
	"$BUILD/qsoak" report --local --state-dir "$scratch/story" "$@"
}

page=$scratch/story.html
(umask 022; report --html "$page") >"$scratch/said" 2>&1
check 'report --html: exit code 0' same "$?" 0
check 'report --html: prints nothing' same "$(cat "$scratch/said")" ''
check 'report --html: as readable as other files' same "$(stat -c %a "$page")" 644
# What is drawn comes from the page itself: that the report is the same is what counts.
sed -n 's/.*<script type="application\/json" id="data">\(.*\)<\/script>/\1/p' "$page" >"$scratch/story.data"
report --json >"$scratch/story.report"
check 'report --html: embeds what --json prints' same "$(jq -S .report "$scratch/story.data")" \
	"$(jq -S . "$scratch/story.report")"
check 'report --html: well-formed, all numbers are those of JSON' sound story html xml
check 'report --html --json: both' same "$(report --html "$page" --json | jq -S .)" \
	"$(jq -S . "$scratch/story.report")"
check 'report --html: leads to the evidence' grep -q '<a href="incidents/[0-9]*/">' "$page"

# The store's own files fit, and the page does not.
echo before >"$scratch/kept"
check 'a full disk: the page is too large for what is left' [ "$(stat -c %s "$page")" -gt 32768 ]
(ulimit -f 32; trap '' XFSZ; report --html "$scratch/kept") >"$scratch/said" 2>&1
check 'a full disk: exit code 3' same "$?" 3
check 'a full disk: says what' same "$(cat "$scratch/said")" \
	"qsoak: cannot print the page: File too large"
check 'a full disk: what was there is there' same "$(cat "$scratch/kept")" before
report --html "$scratch/none/page.html" >"$scratch/said" 2>&1
check 'no folder: exit code 2' same "$?" 2
check 'no folder: says what' contains "$(cat "$scratch/said")" \
	"cannot write the page $scratch/none/page.html: No such file"
report --html "$scratch" >"$scratch/said" 2>&1
check 'a folder: exit code 2' same "$?" 2
check 'a folder: says what' contains "$(cat "$scratch/said")" 'it is a folder'
check 'nothing stays beside' same "$(find "$scratch" -maxdepth 1 -name 'kept.*' -o -name 'story.html.*')" ''

if ! command -v chromium >/dev/null; then
	skip 'a browser shows the page' 'there is no chromium'
	exit
fi

browse() {
	timeout -k 5 150 python3 "$top/tests/html/browser.py" "$scratch/$1.html" "$scratch/$1"
}

# The file has to be there.
is_empty() {
	[ -e "$1" ] && same "$(cat "$1")" ''
}

cat >"$scratch/control.html" <<-END
	<!DOCTYPE html><script>console.error("seen")</script><img src="http://qsoak.invalid/image">
END
check 'a browser opens a page' browse control
check 'a complaint would be seen' grep -q seen "$scratch/control.console"
check 'a request would be seen' grep -q qsoak.invalid/image "$scratch/control.requests"

for kind in sample hostile story; do
	check "$kind: a browser opens it" browse "$kind"
	check "$kind in a browser: all numbers are those of JSON" sound "$kind" dom
	check "$kind in a browser: no complaint" is_empty "$scratch/$kind.console"
	check "$kind in a browser: no request" is_empty "$scratch/$kind.requests"
done
check 'light, dark, and light on paper' same "$(cat "$scratch/sample.colours")" \
	"$(printf 'screen light rgb(255, 255, 255)\nscreen dark rgb(19, 22, 26)\nprint dark rgb(255, 255, 255)')"
