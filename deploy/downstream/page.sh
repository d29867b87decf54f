#!/usr/bin/env bash
# Turns anomalies into Alertmanager alerts: see docs/downstream.md.
# page.sh --brokers HOST:PORT --alertmanager URL [--topic T] [--group G] [--min-score N] [--once]
set -euo pipefail

topic=eventcluster.anomalies group=eventcluster-pages min_score=60 until_end=()
while [ $# -gt 0 ]; do
    case "$1" in
        --brokers) brokers="$2"; shift 2 ;;
        --alertmanager) alertmanager="$2"; shift 2 ;;
        --topic) topic="$2"; shift 2 ;;
        --group) group="$2"; shift 2 ;;
        --min-score) min_score="$2"; shift 2 ;;
        --once) until_end=(-e); shift ;; # until the topic's end, then stop
        *) echo "page.sh: unknown argument $1" >&2; exit 2 ;;
    esac
done

kcat -b "${brokers:?--brokers is missing}" -G "$group" -q -u -f '%s\n' "${until_end[@]}" \
    -X isolation.level=read_committed -X auto.offset.reset=earliest "$topic" \
    | jq --unbuffered --compact-output --argjson min_score "$min_score" --from-file "$(dirname "$0")/page.jq" \
    | while read -r alert; do
        curl --silent --show-error --fail --retry 10 --retry-connrefused --header 'Content-Type: application/json' \
            --data "$alert" "${alertmanager:?--alertmanager is missing}/api/v2/alerts"
    done
