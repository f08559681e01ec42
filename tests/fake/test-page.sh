#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The live page in a browser: it shows the fleet, failures come by themselves, nothing is asked for elsewhere,
# and what a store holds is text and nothing else.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

if ! command -v chromium >/dev/null; then
	skip 'a browser shows the live page' 'there is no chromium'
	exit
fi

profile 2 'loops: 1000000' good=-fake-slow,snapshot-load=20 >"$scratch/long.yaml"
profile 2 'failures: 3' bad=-fake,assert@snapshot-save:3 >"$scratch/assert.yaml"
serve --http 127.0.0.1:0
address=$(qsoak status --json | jq -r .http)

coproc python3 "$top/tests/html/live.py" "$scratch/out"
browser=$COPROC_PID
started+=("$browser")

# browse WORD ARGUMENT...: what the browser says to it; set in said.
browse() {
	echo "$*" >&"${COPROC[1]}"
	IFS= read -r -t 120 said <&"${COPROC[0]}"
}

shows() {
	browse await "$1" && [ "$said" = true ]
}

text_of() {
	browse value "document.querySelector('$1').textContent"
	[[ $said == *"$2"* ]] || { echo "# found $said, expected it to contain $2"; false; }
}

browse size 1200 900
browse open "http://$address/"
check 'without a campaign' shows 'document.getElementById("now").textContent.includes("No campaign is in progress")'
check 'it is connected' shows 'document.getElementById("link").textContent === "live"'
browse value 'window.untouched = true'
qsoak run "$scratch/long.yaml" --detach >/dev/null
check 'a campaign that begins: its name' shows 'document.querySelector("#now h1")?.textContent.includes("story")'
check 'its slots' shows 'document.querySelectorAll("#slots li").length === 2'
check 'what they do' shows '/snapshot-(save|load|delete)/.test(document.getElementById("slots").textContent)'
check 'its loops go on' shows 'Number(document.querySelector("#now .facts dd").textContent.replace(/,/g, "")) > 5'
check 'builds and verdicts' shows '/good.*(clean|inconclusive)/.test(document.querySelector("#builds tbody").textContent)'
check 'plots of each build' shows 'document.querySelectorAll("#plots svg .curve.b0").length >= 3'
qsoak pause >/dev/null
check 'a pause' shows 'document.getElementById("now").textContent.includes("paused: by a user")'
qsoak resume >/dev/null
check 'the end of a pause' shows '!document.getElementById("now").textContent.includes("paused")'
check 'no failure so far' shows 'document.getElementById("failures").hidden'
qsoak stop --kill >/dev/null
await 30 idle

qsoak run "$scratch/assert.yaml" >/dev/null 2>&1
check 'failures come by themselves' shows 'document.querySelectorAll("#newest tbody tr").length >= 3'
check 'with class, place and signature' text_of '#newest tbody tr' 'assertion in bdrv_poll_co'
check 'and are counted by signature' shows 'document.querySelectorAll("#signatures tbody tr").length === 1'
check 'both campaigns are listed' shows 'document.querySelectorAll("#campaign-list tbody tr").length === 2'
check 'the page was not loaded again' shows 'window.untouched === true'

browse value 'document.querySelector("#newest tbody a").click()'
check 'an incident: its files' shows 'document.querySelectorAll("#incident .files li").length > 4'
check 'an incident: last words' text_of '#incident' 'bdrv_poll_co: Assertion'
check 'an incident: the overview is gone' shows 'document.getElementById("overview").hidden'
browse value 'document.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true}))'
check 'Escape leads back' shows '!document.getElementById("overview").hidden'
browse value 'document.querySelector("#campaign-list tbody tr:last-child a").click()'
check 'another campaign: its builds' shows 'document.querySelector("#builds tbody").textContent.includes("good")'
check 'another campaign: no failures' shows 'document.getElementById("failures").hidden'

# Whoever writes to the store: nothing of it becomes markup.
hostile='</td><img src=x onerror=alert(1)><script>alert(1)</script>&amp;"'
sqlite3 -cmd '.timeout 5000' "$state/results.db" "UPDATE build SET name = '$hostile', version = '$hostile';
	UPDATE signature SET title = '$hostile'; UPDATE failure SET detail = '$hostile';
	UPDATE campaign SET name = '$hostile'"
browse open "http://$address/"
check 'hostile names are text' shows 'document.querySelector("#builds tbody th").textContent.includes("<img src=x")'
check 'hostile signatures likewise' shows 'document.querySelector("#newest tbody").textContent.includes("<script>")'
check 'hostile campaigns likewise' shows 'document.querySelector("#campaign-list").textContent.includes("&amp;")'
check 'no element came of it' shows '!document.querySelector("td img, th img, main script")'

for width in 1200 500; do
	browse size "$width" 900
	check "$width wide: nothing sticks out" shows 'document.documentElement.scrollWidth <= innerWidth'
done
browse size 1200 900
colour() {
	browse scheme "$1"
	browse value 'getComputedStyle(document.documentElement).backgroundColor'
	same "$said" "\"$2\""
}
check 'light' colour light 'rgb(255, 255, 255)'
check 'dark' colour dark 'rgb(19, 22, 26)'

# The service goes and comes back where it was.
kill -TERM "$daemon"
wait "$daemon"
check 'a server that goes is noticed' shows 'document.getElementById("link").textContent === "reconnecting"'
serve --http "$address"
check 'and found again' shows 'document.getElementById("link").textContent === "live"'

eval "exec ${COPROC[1]}>&-"
wait "$browser"
check 'the browser ends well' same $? 0
check 'no request to elsewhere' same "$(grep -v "^http://$address/" "$scratch/out.requests")" ''
# But for the server that was away.
check 'no complaint' same "$(grep -v 'ERR_CONNECTION_REFUSED\|ERR_INCOMPLETE_CHUNKED\|ERR_EMPTY_RESPONSE\|ERR_CONNECTION_RESET' \
	"$scratch/out.console")" ''
kill -TERM "$daemon"
wait "$daemon"
check 'SIGTERM: ends well' same $? 0
