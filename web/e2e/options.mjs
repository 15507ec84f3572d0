// The command line of play.mjs.
import { parseArgs } from 'node:util';

export const usage = `usage: node e2e/play.mjs --url http://127.0.0.1:8080 --channel demo --player hlsjs [options]

Plays a channel or an asset in Chromium and checks that it plays. Prints one line of JSON; exit code 0 when all is well, else 1.

  --url URL                 the server
  --channel ID              the channel
  --asset ID                or the asset
  --player NAME             hlsjs, dashjs, shaka-hls or shaka-dash
  --seconds N               how long playing is checked (default 10)
  --expect KINDS            audio,video (default), audio or video: these play, and the other does not
  --seek [FRACTION]         then seek back to this part of the window (default 0.4; 0 oldest, 1 live), play, and go live
                            an asset: seek to this part of it, and play
  --at N                    the asset begins N seconds from its beginning
  --end                     then see the asset's end, and play it again
  --min-window N            wait until so many seconds can be rewound before seeking (default 12)
  --for-discontinuity N     then wait up to N seconds until playback passes a discontinuity that is not there yet
  --max-latency N           live latency must never be more than N seconds while playing is checked
  --settle N                seconds of playing before it is checked (default 0)
  --visits N                open the page so often before, in the same browser, to see how long the first frame takes each time (firstFrames)
  --reach-latency N         before playing is checked, wait until live latency is below N seconds, at most two minutes
  --max-stalls N            no more than N stalls (default: any number)
  --start N                 how long it may take until the first frame, seconds (default 90)
  --timeout N               everything together, seconds (default 330)
  --screenshot FILE         a PNG of the page after the check; of the page as it is when a check fails
  --viewport WxH            (default 1280x800)
  --no-autoplay             let the browser forbid sound before a click: the page begins without it
  --ordinary                play at ordinary latency
  --watch                   keep playing and take commands on stdin, a line each, answered by a line of JSON each:
                            state | check N | seek FRACTION | level N | live | pause | play | screenshot FILE | quit
                            It ends with stdin, or with --timeout (default then 1200).
  --table                   play many assets, each in a page of its own in one browser; on stdin a line of JSON each:
                            {"asset": ID, "player": NAME, "kinds": ["audio", "video"]}; table.mjs has all that it may say.
                            Each is answered by a line of JSON: it begins, plays --seconds or to its end, seeks to --seek and does so again.

CHROMIUM names the browser (default /usr/bin/chromium).`;

const players = ['hlsjs', 'dashjs', 'shaka-hls', 'shaka-dash'];

/** Options, or an Error that says what is wrong with them. @param {string[]} argv */
export function parseOptions(argv) {
  // --seek may stand alone.
  const args = argv.map((arg, i) => (arg === '--seek' && !/^[\d.]+$/.test(argv[i + 1] ?? '') ? '--seek=0.4' : arg));
  const string = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      url: string, channel: string, asset: string, at: string, end: { type: 'boolean' }, player: string, seconds: string, expect: string, seek: string, 'min-window': string,
      'for-discontinuity': string, 'max-latency': string, 'reach-latency': string, 'max-stalls': string, settle: string, visits: string, start: string, timeout: string,
      screenshot: string, viewport: string, watch: { type: 'boolean' }, table: { type: 'boolean' }, 'no-autoplay': { type: 'boolean' }, ordinary: { type: 'boolean' }, help: { type: 'boolean' },
    },
  });
  if (values.help) return { help: true };

  const number = (name, fallback) => {
    if (values[name] === undefined) return fallback;
    const value = Number(values[name]);
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} is no number of zero or more: ${values[name]}`);
    return value;
  };
  if (!values.url || !URL.canParse(values.url)) throw new Error('--url is missing or is no URL');
  if (!values.table && !values.channel === !values.asset) throw new Error('--channel or --asset, one of them');
  const player = values.player || 'hlsjs';
  if (!players.includes(player)) throw new Error(`--player is none of ${players.join(', ')}: ${player}`);
  const expect = (values.expect ?? 'audio,video').split(',').filter(Boolean);
  const strange = expect.find((kind) => !['audio', 'video'].includes(kind));
  if (strange || !expect.length) throw new Error(`--expect takes audio and video: ${values.expect}`);
  const seek = number('seek', values.table ? 0.5 : null);
  if (seek !== null && seek > 1) throw new Error(`--seek is a part of the window, 0 to 1: ${values.seek}`);
  const viewport = /^(\d{2,5})x(\d{2,5})$/.exec(values.viewport ?? '1280x800');
  if (!viewport) throw new Error(`--viewport is no size such as 1280x800: ${values.viewport}`);
  return {
    help: false,
    url: values.url,
    channel: values.channel ?? '',
    asset: values.asset ?? '',
    at: number('at', 0),
    end: values.end ?? false,
    player,
    expect,
    seek,
    seconds: number('seconds', 10),
    minWindow: number('min-window', 12),
    discontinuity: number('for-discontinuity', null),
    maxLatency: number('max-latency', null),
    reachLatency: number('reach-latency', null),
    maxStalls: number('max-stalls', null),
    settle: number('settle', 0),
    visits: number('visits', 0),
    start: number('start', 90),
    timeout: number('timeout', values.watch || values.table ? 1200 : 330),
    screenshot: values.screenshot ?? null,
    width: Number(viewport[1]),
    height: Number(viewport[2]),
    watch: values.watch ?? false,
    table: values.table ?? false,
    autoplay: !values['no-autoplay'],
    ordinary: values.ordinary ?? false,
  };
}
