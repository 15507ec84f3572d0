#!/bin/sh
# demo.sh makes demo.mp4, the clip that the channel "demo" loops: 24 s of 1280x720 at 25 fps, H.264 High with B-frames and a closed
# GOP of 2 s, AAC 48 kHz stereo. A clock in milliseconds runs in the picture; at every full second the picture flashes white for one
# frame and a tone of 1 kHz beeps for 100 ms, so that A/V sync can be seen and measured. 24 s are 600 frames of video and 1125 frames
# of AAC exactly: the loop has no seam.
#
# Needs ffmpeg with libx264 and freetype, and the font DejaVu (Debian: fonts-dejavu-core).
set -eu
cd "$(dirname "$0")"

sans=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf
mono=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf

# The background turns once in 24 s, so that its end joins its beginning.
video="
color=c=black:s=320x180:r=25:d=24,format=gbrp,
geq=
r='26+30*(1+sin(2*PI*(T/24+X/W)))*(1-Y/H)':
g='34+58*(1+sin(2*PI*(T/12+Y/H*0.6+X/W*0.5)))*(0.35+0.65*Y/H)':
b='84+66*(1+sin(2*PI*(T/24-X/W*0.7+Y/H*0.4)))',
scale=1280:720:flags=bicubic,format=yuv420p[back];
color=c=0xffd166:s=44x44:r=25:d=24,format=yuva420p,
geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='255*clip(22-hypot(X-21.5,Y-21.5),0,1)'[ball];
[back][ball]overlay=x='618+500*sin(2*PI*t/4)':y='520-abs(150*sin(2*PI*t/2))',
drawbox=x=0:y=0:w=1280:h=720:color=white@0.16:t=2,
drawtext=fontfile=$sans:text='Weir demo channel':fontsize=64:fontcolor=white:x=(w-tw)/2:y=96:shadowcolor=black@0.5:shadowx=3:shadowy=3,
drawtext=fontfile=$sans:text='live feed in · HLS and DASH out':fontsize=28:fontcolor=white@0.8:x=(w-tw)/2:y=184,
drawtext=fontfile=$mono:text='%{pts\:hms}':fontsize=92:fontcolor=white:x=(w-tw)/2:y=284:box=1:boxcolor=black@0.45:boxborderw=22,
drawtext=fontfile=$mono:text='frame %{eif\:n\:d\:3}':fontsize=30:fontcolor=white@0.85:x=(w-tw)/2:y=618,
drawbox=x=140:y=676:w=1000:h=10:color=white@0.25:t=fill,
drawbox=x=0:y=0:w=1280:h=720:color=white:t=fill:enable='lt(mod(n,25),1)',
drawtext=fontfile=$mono:text='%{pts\:hms}':fontsize=92:fontcolor=black:x=(w-tw)/2:y=284:enable='lt(mod(n,25),1)',
setsar=1[v];
color=c=white:s=16x16:r=25:d=24[dot];
[v][dot]overlay=x='132+1000*t/24':y=673[out]"

audio="aevalsrc='0.25*sin(2*PI*1000*t)*lt(mod(t,1),0.1)*min(1,min(mod(t,1),0.1-mod(t,1))*500)|0.25*sin(2*PI*1000*t)*lt(mod(t,1),0.1)*min(1,min(mod(t,1),0.1-mod(t,1))*500)':c=stereo:s=48000:d=24[a]"

ffmpeg -hide_banner -loglevel warning -y \
  -filter_complex "$video;$audio" -map '[out]' -map '[a]' -t 24 \
  -c:v libx264 -profile:v high -preset slow -crf 23 -maxrate 1200k -bufsize 2400k -bf 2 -g 50 -keyint_min 50 -sc_threshold 0 \
  -flags +cgop -pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 -threads 1 \
  -c:a aac -b:a 128k -ar 48000 -ac 2 \
  -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart demo.mp4
