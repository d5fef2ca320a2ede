#!/usr/bin/env bash
# Keep a local copy of a site's pageviews up to date: every pageview once, none left out.
#
#     API_TOKEN=... ./sync.sh https://my-site.example.com pageviews/ [SECONDS]
#
# Needs Linux with bash, curl, jq, gzip, sha256sum and flock, and an API key with the permission "export".
# Run it as often as you like, by cron for instance. It may be killed at any moment: the next run goes
# on from there. After SECONDS (3600) it gives up.
#
# The copy is a folder of exports as the server made them, each named by the ids before its first and of
# its last pageview: START-LAST.csv.gz. None is ever changed. A file gets its name once it is whole and
# checked, in one step, and the name of the newest is the cursor: there is no second place that could
# tell otherwise. Everything, in the order in which it was counted:
#
#     for file in pageviews/*.csv.gz; do gzip -dc "$file" | tail -n +2; done
#
# Exit codes:
#     0  the copy holds everything that was counted before this run
#     2  wrong usage
#     3  another run is at work on this copy, or a curl that a killed one has left
#     4  the server refuses, or says what this script does not understand
#     5  the time is up; what was fetched is kept, the next run goes on
#     6  the copy can not be read or written
set -uo pipefail

end() {
    echo "sync: $2" >&2
    exit "$1"
}

url="${1:-}" copy="${2:-}" limit="${3:-3600}"
case "$url" in http://* | https://*) ;; *) copy="" ;; esac
if [ -z "$copy" ] || [ -z "${API_TOKEN:-}" ] || ! [[ "$limit" =~ ^[0-9]+$ ]]; then
    end 2 "usage: API_TOKEN=... $0 URL FOLDER [SECONDS]"
fi
api="${url%/}/api/v0" copy="${copy%/}"
work="$copy/.sync" # what is under way; without it, the next run begins with an export of its own
part="$work/part" rest="$work/rest" answer="$work/answer"
not_before=0

# ---- asking the server

# nap SECONDS: wait. Not holding the lock: nobody is to wait for what a killed script leaves asleep.
nap() {
    [ $((SECONDS + ${1%.*})) -lt "$limit" ] || end 5 "the time is up; run this again to go on"
    sleep "$1" 9>&-
}

# pause TRIES: longer each time, and not just as long as all others do.
pause() {
    local most=$((250 << ($1 < 7 ? $1 : 7))) milliseconds
    milliseconds=$((most / 2 + RANDOM % (most / 2)))
    nap "$(printf '%d.%03d' $((milliseconds / 1000)) $((milliseconds % 1000)))"
}

# header FILE NAME: the value of a header.
header() {
    tr -d '\r' <"$1" | sed -n "s/^$2: *//Ip" | tail -n 1
}

field() {
    jq -r ".$1" "$answer"
}

# request METHOD PATH OUTPUT [ARGUMENT...]: one try; headers go to OUTPUT.head. Sets `status`: 000 when
# no answer came, or half of one. The key goes by a file descriptor: all may see a program's arguments.
request() {
    local method="$1" path="$2" output="$3"
    shift 3
    [ "$SECONDS" -ge "$not_before" ] || nap $((not_before - SECONDS))
    rm -f "$output.head" "$output"
    status=$(curl --silent --request "$method" "$api$path" "$@" \
        --header 'Content-Type: application/json' \
        --config <(printf 'header = "Authorization: Bearer %s"\n' "$API_TOKEN") \
        --output "$output" --dump-header "$output.head" --write-out '%{http_code}' \
        --connect-timeout 10 --speed-time 30 --speed-limit 1 \
        --max-time $((limit > SECONDS ? limit - SECONDS : 1))) || status=000
    if [ -e "$output.head" ] && [ "$(header "$output.head" X-Rate-Limit-Remaining)" = 0 ]; then
        not_before=$((SECONDS + 1 + $(header "$output.head" X-Rate-Limit-Reset)))
    fi
}

# ask METHOD PATH [ARGUMENT...]: as many tries as it takes. The answer is JSON in $answer, or nothing
# with the status 204, 404 or 410.
ask() {
    local tries=0
    while :; do
        request "$1" "$2" "$answer" "${@:3}"
        case "$status" in
            204 | 404 | 410) return ;;
            200 | 202) jq -e . "$answer" >/dev/null 2>&1 && return ;; # else half an answer
        esac
        tries=$((tries + 1))
        wait_or_end "$tries" "$answer"
    done
}

# wait_or_end TRIES OUTPUT: if another try may cure what was answered, wait as the server says.
wait_or_end() {
    local told=""
    case "$status" in
        000 | 200 | 202) pause "$1" ;;
        429 | 500 | 502 | 503 | 504)
            told=$(header "$2.head" Retry-After)
            if [[ "$told" =~ ^[0-9]+$ ]]; then nap "$told"; else pause "$1"; fi
            ;;
        3??) end 4 "the address is now $(header "$2.head" Location) (status $status)" ;;
        *) end 4 "the server refuses: $(jq -r '.error // .errors' "$2" 2>/dev/null) (status $status)" ;;
    esac
}

# ---- the copy

# The cursor is the last id in the name of the newest file. All numbers have as many digits as the
# largest id, so the order of the names is that of the numbers. Sets `cursor`.
read_cursor() {
    local file name
    cursor=0
    for file in "$copy"/*-*.csv.gz; do
        [ -e "$file" ] || return 0
        name="${file##*/}" name="${name%.csv.gz}"
        [ $((10#${name%-*})) = "$cursor" ] || end 6 "$copy: the file before $name is missing"
        cursor=$((10#${name#*-}))
    done
}

# keep LAST ROWS: the part becomes a file of the copy. It is on the disk before it has its name.
keep() {
    local name
    name=$(printf '%019d-%019d.csv.gz' "$cursor" "$1")
    if ! { sync "$part" && mv "$part" "$copy/$name" && sync "$copy"; }; then
        end 6 "$copy can not be written"
    fi
    echo "$name: $2 new pageviews"
}

forget() {
    rm -rf "${work:?}"/*
}

# ---- from the server to the copy

# Have everything behind the cursor exported; $work/export says so: ID CURSOR. If the answer is lost,
# another one is started. The lost one does no harm: exports only read, and the server deletes them
# after a day.
begin() {
    ask POST /export --data "{\"format\": \"csv\", \"start_from_hit_id\": $cursor}"
    [ "$status" = 202 ] || end 4 "the server refuses: $(field error) (status $status)"
    if ! { echo "$(field id) $cursor" >"$work/new" && mv "$work/new" "$work/export"; }; then
        end 6 "$work can not be written"
    fi
}

# finished ID: wait until the server is done with the export; false if it has deleted it.
finished() {
    local waits=(0.5 1 2 4 8) polls=0
    while :; do
        ask GET "/export/$1"
        [ "$status" = 200 ] || return 1
        [ "$(field finished_at)" = null ] || return 0
        nap "${waits[polls < 4 ? polls : 4]}" # the server allows 60 requests in 120 s
        polls=$((polls + 1))
    done
}

# What the last download brought goes to the part, also if its script was killed. Only an answer that
# begins where the part ends can be added, so nothing is added twice.
absorb() {
    local size
    if [ -s "$rest" ] && grep -q $'^\r$' "$rest.head"; then # else not even its headers are whole
        size=$(stat -c %s "$part" 2>/dev/null || echo 0)
        case "$(head -n 1 "$rest.head") $(header "$rest.head" Content-Range)" in
            *" 200"*)
                rm -f "$part"
                header "$rest.head" ETag >"$work/etag"
                mv "$rest" "$part"
                ;;
            *" 206"*" bytes $size-"*) cat "$rest" >>"$part" || end 6 "$part can not be written" ;;
        esac
    fi
    rm -f "$rest"
}

# whole DIGEST: whether the part is the file with this digest.
whole() {
    [ -e "$part" ] && [ "sha256-$(sha256sum <"$part" | cut -c 1-64)" = "$1" ]
}

# fetch ID DIGEST: make the part the export's file; false if the server has deleted it. If-Range has the
# server send all of another file instead of the rest of it.
fetch() {
    local tries=0 resume
    absorb
    until whole "$2"; do
        resume=()
        if [ -s "$part" ] && [ -s "$work/etag" ]; then
            resume=(--range "$(stat -c %s "$part")-" --header "If-Range: $(cat "$work/etag")")
        fi
        request GET "/export/$1/download" "$rest" "${resume[@]}"
        tries=$((tries + 1))
        case "$status" in
            000) absorb && pause "$tries" ;; # it was cut off
            200 | 206)
                absorb
                whole "$2" || { rm -f "$part" && pause "$tries"; } # damaged: nothing can be trusted
                ;;
            416) rm -f "$part" ;; # longer than the file
            404 | 410) return 1 ;;
            *) wait_or_end "$tries" "$rest" ;;
        esac
    done
}

# take ID: bring the export to its end; false if the server has deleted it.
take() {
    local failure digest last rows
    finished "$1" || return 1
    failure=$(field error) digest=$(field hash) last=$(field last_hit_id) rows=$(field num_rows)
    if [ "$failure" = null ]; then
        [ "$(field 'start_from_hit_id // 0')" = "$cursor" ] || end 4 "the export $1 begins elsewhere"
        fetch "$1" "$digest" || return 1
        gzip -t "$part" || end 4 "the export $1 is not compressed"
        [ "$last" -le "$cursor" ] || keep "$last" "$rows" # no file without new pageviews
    fi
    ask DELETE "/export/$1"
    forget
    [ "$failure" = null ] || end 4 "the server could not make the export: $failure"
}

for program in curl jq gzip sha256sum flock; do
    command -v "$program" >/dev/null || end 2 "the program $program is missing"
done
if ! { mkdir -p "$work" && exec 9>"$copy/.lock"; } 2>/dev/null; then
    end 6 "$copy can not be written"
fi
flock -n 9 || end 3 "another run is at work on this copy"
[ -s "$copy/.url" ] || echo "$url" >"$copy/.url"
[ "$(cat "$copy/.url")" = "$url" ] || end 2 "this is a copy of $(cat "$copy/.url")"

while :; do
    read_cursor
    begun_before=yes
    [ -s "$work/export" ] || { begun_before=no && begin; }
    read -r id begun_at <"$work/export"
    if [ "$begun_at" != "$cursor" ]; then # a killed run has kept it already
        ask DELETE "/export/$id"
        forget
    elif ! take "$id"; then # the server has deleted it: once more
        forget
        nap 1
    elif [ "$begun_before" = no ]; then
        break
    fi
done
read_cursor
echo "the cursor is $cursor"
