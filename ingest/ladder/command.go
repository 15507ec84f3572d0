package ladder

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"weir/internal/catalog"
)

// firstOutput is the file descriptor that a child writes its first rung to; the others follow.
const firstOutput = 3

// encoder is how ffmpeg makes pictures in a codec.
type encoder struct {
	options []string
	rate    string // a filter that writes a rate of ticks, to be named, into the parameter sets
	ticks   int    // of a frame
}

var encoders = map[string]encoder{
	catalog.RungH264: {[]string{"-c:v", "libx264", "-tag:v", "avc1"}, "h264_metadata=tick_rate=%d", 2},
	catalog.RungHEVC: {
		[]string{"-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=error:scenecut=0:repeat-headers=0:open-gop=0"}, "hevc_metadata=tick_rate=%d", 1,
	},
}

// arguments are those of a child that makes the rungs: of one track of pictures that comes in at the standard input, timestamps in µs that
// are kept to the tick. rotation is how many degrees they are turned clockwise, so that the rungs stand upright. segment is the grid of key frames where these are not to be the feed's; 0: they are.
func arguments(rungs []catalog.Rung, speed string, rotation int, segment time.Duration) []string {
	args := strings.Fields("-hide_banner -nostdin -nostats -loglevel error -copyts")
	// Nothing is to be found out that the header does not say, and no picture is to wait in the decoder for others.
	args = append(args, strings.Fields("-probesize 32 -analyzeduration 0 -fpsprobesize 0 -thread_type slice -f matroska -i pipe:0")...)
	graph := fmt.Sprintf("[0:v]%ssplit=%d", turn(rotation), len(rungs))
	for i := range rungs {
		graph += fmt.Sprintf("[s%d]", i)
	}
	for i, r := range rungs {
		graph += fmt.Sprintf(";[s%d]%sscale=-2:%d:flags=bicubic,format=yuv420p[o%d]", i, thin(r.FPS), r.Height, i)
	}
	args = append(args, "-filter_complex", graph)
	keys := "source"
	if segment > 0 {
		s := segment.Seconds()
		keys = fmt.Sprintf("expr:isnan(prev_forced_t)+gt(floor(t/%[1]g+0.001),floor(prev_forced_t/%[1]g+0.001))", s)
	}
	for i, r := range rungs {
		rate := strconv.FormatInt(r.Bitrate, 10)
		args = append(args, "-map", fmt.Sprintf("[o%d]", i))
		args = append(args, encoders[r.Codec].options...)
		if r.FPS > 0 { // else the rate is that of the feed, which ffmpeg passes on
			args = append(args, "-bsf:v", fmt.Sprintf(encoders[r.Codec].rate, r.FPS*encoders[r.Codec].ticks))
		}
		args = append(args, "-preset", speed, "-tune", "zerolatency", "-force_key_frames", keys, "-forced-idr", "1", "-g", "100000", "-sc_threshold", "0",
			"-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-fps_mode", "passthrough", "-enc_time_base", "1:1000000",
			"-video_track_timescale", "1000000", "-avoid_negative_ts", "disabled", "-use_editlist", "0",
			"-movflags", "empty_moov+default_base_moof+frag_every_frame+frag_discont+skip_trailer", "-f", "mp4", fmt.Sprintf("pipe:%d", firstOutput+i))
	}
	return args
}

// turn is a filter that turns pictures clockwise by so many degrees.
func turn(rotation int) string {
	switch rotation {
	case 90:
		return "transpose=clock,"
	case 180:
		return "hflip,vflip,"
	case 270:
		return "transpose=cclock,"
	}
	return ""
}

// thin is a filter that leaves pictures out where there are more than so many a second. Those that are left have the times that they
// had, and no key frame is left out: others would not be at the instants at which all rungs are cut.
func thin(fps int) string {
	if fps == 0 {
		return ""
	}
	return fmt.Sprintf(`select='key+gt(floor(t*%[1]d+0.25)\,floor(prev_t*%[1]d+0.25))+isnan(prev_t)',`, fps)
}
