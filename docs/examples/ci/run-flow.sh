#!/bin/sh
# Start a flow over REST, wait for its end, keep its JUnit XML; the exit code tells the verdict.
#
#   SERVER=http://127.0.0.1:8000 KEY=job-4711 sh run-flow.sh capacity-check '{"cycles": 1}'
#
# 0 pass, 1 fail or inconclusive, 2 refused, 3 aborted, 4 error, 5 held or no server.
set -eu
SERVER=${SERVER:-http://127.0.0.1:8000}
FLOW=$1
PARAMETERS=${2:-"{}"}
JUNIT=${JUNIT:-junit.xml}
KEY=${KEY:-$(date +%s)-$$}
REST_S=${REST_S:-5}

field() { python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]) or "")' "$1"; }

ANSWER=$(curl -sS --retry 5 --retry-connrefused -X POST "$SERVER/api/runs" \
  -H 'Content-Type: application/json' -H "Idempotency-Key: $KEY" \
  -d "{\"sequence\": \"$FLOW\", \"parameters\": $PARAMETERS}") || exit 5
RUN=$(printf '%s' "$ANSWER" | field id)
if [ -z "$RUN" ]; then
  printf '%s\n' "$ANSWER" >&2
  exit 2
fi
echo "run $RUN" >&2

while :; do
  STATE=$(curl -sS --retry 10 --retry-connrefused "$SERVER/api/runs/$RUN" | field state) || exit 5
  case $STATE in
    finished) break ;;
    held) echo "run $RUN is held: a person must look" >&2; exit 5 ;;
  esac
  sleep "$REST_S"
done

curl -sSf -o "$JUNIT" "$SERVER/api/runs/$RUN/junit" || echo "no JUnit XML" >&2
VERDICT=$(curl -sS "$SERVER/api/runs/$RUN" | field verdict)
echo "verdict $VERDICT" >&2
case $VERDICT in
  pass | not_set) exit 0 ;;
  fail | inconclusive) exit 1 ;;
  aborted) exit 3 ;;
  *) exit 4 ;;
esac
