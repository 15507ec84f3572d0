#!/usr/bin/env bash
# rolling-restart.sh FILE restarts the processes of a cluster one after the other, each only while all of them are ready, and waits until it is again.
#
# FILE has a line for each process: the address of its admin port, and the command that restarts it, which returns when the old process has ended:
#
#     10.0.0.1:8081 ssh 10.0.0.1 systemctl restart weir-bus
#
# in this order: NATS nodes, ingests that stand by, ingests that write, edges. WAIT is how long to wait for one, in seconds (300).
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }
mapfile -t lines < <(grep -Ev '^[[:space:]]*(#|$)' "$1")

wait_ready() { # ADDRESS: until /readyz says yes three times, a second apart
  local end=$((SECONDS + ${WAIT:-300})) yes=0 said
  while [ $yes -lt 3 ]; do
    if said=$(curl -sS -m 5 -w '%{http_code}' "http://$1/readyz" 2>&1) && [ "${said: -3}" = 200 ]; then yes=$((yes + 1)); else yes=0; fi
    [ $SECONDS -lt $end ] || { echo "$1 is not ready, nothing more is restarted: $said" >&2; exit 1; }
    sleep 1
  done
}

for line in "${lines[@]}"; do
  read -r admin command <<<"$line"
  for other in "${lines[@]}"; do wait_ready "${other%%[[:space:]]*}"; done
  echo "$admin: $command"
  bash -c "$command" </dev/null
  wait_ready "$admin"
done
echo "all ${#lines[@]} are restarted"
