#!/bin/sh
# capture.sh makes capture.json.gz anew: what a channel of Weir answered over 22 s of a feed that has reconnected, media included.
# It starts Weir on three ports, 9980 to 9982 where BASE does not say otherwise, pushes two feeds that ffmpeg makes, one after the other,
# and has the test of captured faults record the second, while the window still has the end of the first.
#
# Needs ffmpeg with libx264. The faults are named by what they change, not by numbers: they fit any capture made so.
set -eu
cd "$(dirname "$0")/../../.."
base=${BASE:-9980}
work=$(mktemp -d)
trap 'kill $server $feed 2>/dev/null || true; wait; rm -rf "$work"' EXIT INT TERM
feed=

cat >"$work/weir.yaml" <<END
data: $work/data
edge: {listen: "127.0.0.1:$base"}
admin: {listen: "127.0.0.1:$((base + 1))"}
ingest: {rtmp: "127.0.0.1:$((base + 2))"}
channels:
  tiny: {dvr: 20s}
END
go build -o "$work/weir" ./cmd/weir
"$work/weir" serve --config "$work/weir.yaml" >"$work/log" 2>&1 &
server=$!
sleep 2

# push sends so many seconds of a feed with a GOP of 2 s.
push() {
	exec ffmpeg -v error -re -f lavfi -i testsrc=size=160x90:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000 -t "$1" \
		-c:v libx264 -preset veryfast -g 50 -keyint_min 50 -sc_threshold 0 -b:v 30k -maxrate 40k -bufsize 40k -pix_fmt yuv420p \
		-c:a aac -b:a 16k -ac 1 -metadata:s:a:0 language=eng -f flv "rtmp://127.0.0.1:$((base + 2))/live/tiny"
}
(push 14)
push 60 &
feed=$!
sleep 13
go test ./internal/check -count=1 -run TestEachFaultInACapturedChannelIsFound -capture "http://127.0.0.1:$base/live/tiny"
ls -l internal/check/testdata/capture.json.gz
