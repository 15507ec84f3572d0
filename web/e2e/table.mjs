// Plays many assets one after the other in one browser: each begins, is played for some seconds or to its end, is sought in and plays again.
import { createInterface } from 'node:readline';
import { Checks, round } from './checks.mjs';

/** Position and counts may lie so far from where they should be, seconds: a player begins at a frame, and ends with the shorter track. */
const tolerance = 0.35;

/**
 * An asset to be played, as a line of JSON on stdin.
 * @typedef {object} Task
 * @property {string} asset
 * @property {string} player
 * @property {('audio' | 'video')[]} kinds what it has
 * @property {boolean} [shorter] the player takes the end of its shorter track for its own
 * @property {boolean} [slow] its pictures lie so far apart that not each stretch decodes some
 * @property {string} [screenshot] a PNG of the page once it has played
 */

/**
 * Answers each line until the end of stdin, in order.
 * @param {import('playwright-core').Page} page
 * @param {{console: string[], outside: string[]}} heard
 * @param {{url: string, start: number, seconds: number, seek: number | null}} options
 * @param {(answer: object) => void} say
 */
export async function playTable(page, heard, options, say) {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    /** @type {Task} */
    const task = JSON.parse(line);
    const begin = performance.now();
    heard.console.length = 0;
    const checks = new Checks(page, task.kinds);
    const answer = { asset: task.asset, player: task.player };
    try {
      Object.assign(answer, await playOne(page, checks, options, task));
      if (task.screenshot) await page.screenshot({ path: task.screenshot });
    } catch (error) {
      checks.problems.push(error.message.split('\n')[0]);
    }
    if (heard.outside.length) checks.problems.push(`asked others than its server: ${heard.outside.join(', ')}`);
    say({ ...answer, ok: checks.problems.length === 0, problems: checks.problems, took: round((performance.now() - begin) / 1000), console: heard.console.slice(0, 5) });
  }
}

/** @param {import('playwright-core').Page} page @param {Checks} checks @param {{url: string, start: number, seconds: number, seek: number | null}} options @param {Task} task */
async function playOne(page, checks, options, task) {
  const address = new URL('/', options.url);
  address.search = new URLSearchParams({ asset: task.asset, player: task.player }).toString();
  await page.goto(address.href, { waitUntil: 'load' });
  await page.waitForFunction(() => window.weir);
  const undecoded = await undecodedKinds(page, options.url, task.asset);
  if (undecoded.length) return { undecoded, ...(await tells(checks)) };

  const begun = await checks.started(options.start);
  if (checks.problems.length) return { trouble: begun.trouble, errors: begun.errors };
  const { duration } = await checks.until('its duration', 10, (state) => state.duration > 0);
  const played = await passes(page, checks, 'playing', options.seconds);
  if (played.ended && !task.shorter) ends(checks, played, duration);

  const target = await page.evaluate((to) => window.weir.seekToWindow(to), options.seek);
  const sought = await passes(page, checks, 'after the seek', options.seconds, target);
  if (sought.ended && !task.shorter) ends(checks, sought, duration);
  for (const kind of ['video', 'audio']) {
    const counts = [begun, played, sought].map((state) => count(state, kind));
    if (!task.kinds.includes(kind)) {
      if (counts[2] > 0) checks.problems.push(`${kind} is decoded where there is none`);
    } else if (!(played.ended || task.slow || counts[1] > counts[0]) || counts[2] <= counts[1]) {
      checks.problems.push(`${kind}: what is decoded does not rise: ${counts.join(', ')}`);
    }
  }
  const last = await checks.state();
  for (const error of last.errors) checks.problems.push(`${error.kind}: ${error.text} ${error.detail}`);
  return {
    library: last.library, timeToFirstFrame: begun.timeToFirstFrame, duration: round(duration), played: round(played.at), target: round(target), sought: round(sought.first), till: round(sought.at),
    frames: last.frames, audioBytes: last.audioBytes, dropped: last.dropped, stalls: last.stalls, ended: last.ended, width: last.width,
  };
}

/**
 * Kinds of media that the browser says it does not decode, by what the multivariant playlist says of them.
 * @param {import('playwright-core').Page} page @param {string} url @param {string} asset
 * @returns {Promise<{kind: string, codec: string}[]>}
 */
async function undecodedKinds(page, url, asset) {
  const list = await (await fetch(new URL(`/vod/${encodeURIComponent(asset)}/index.m3u8`, url))).text();
  const codecs = /^#EXT-X-STREAM-INF:.*\bCODECS="([^"]*)"/m.exec(list)?.[1].split(',') ?? [];
  return page.evaluate((all) => all
    .map((codec) => ({ codec, kind: /^(avc|hvc|hev|av01|vp0)/.test(codec) ? 'video' : 'audio' }))
    .filter(({ codec, kind }) => !MediaSource.isTypeSupported(`${kind}/mp4; codecs="${codec}"`)), codecs);
}

/** Sees that the page says that it cannot play some of it. @param {Checks} checks */
async function tells(checks) {
  const told = (/** @type {any} */ state) => state.errors.find((/** @type {any} */ error) => error.kind === 'unsupported');
  const state = await checks.until('telling what cannot be played', 10, told);
  return { told: told(state)?.text, detail: told(state)?.detail, trouble: state.trouble };
}

/**
 * Plays some seconds, or to the end where that comes first.
 * @param {import('playwright-core').Page} page
 * @param {Checks} checks
 * @param {string} what for the message
 * @param {number} seconds
 * @param {number | null} [from] media time at which it should begin; null: where it is
 */
async function passes(page, checks, what, seconds, from = null) {
  const seen = await page.evaluate(async ({ seconds, from, tolerance }) => {
    const { weir } = window;
    const deadline = performance.now() + 1000 * (3 * seconds + 15);
    let first = null;
    for (;;) {
      const { seeking, ended, waiting } = weir.state();
      const time = weir.video.currentTime;
      if (!seeking && (!waiting || ended) && (from === null || Math.abs(time - from) < seconds + tolerance)) first ??= time;
      const late = performance.now() > deadline;
      if (late || (first !== null && (ended || time - first >= seconds))) return { first, late, ...weir.state(), at: time - (weir.state().seekable?.start ?? 0) };
      await new Promise((done) => setTimeout(done, 30));
    }
  }, { seconds, from, tolerance });
  if (seen.late) checks.problems.push(`${what}: it comes from ${round(seen.first)} s to ${round(seen.at)} s${seen.trouble ? ` (the page says: ${seen.trouble})` : ''}`);
  else if (from !== null && (seen.first < from - tolerance || seen.first > from + 1)) checks.problems.push(`${what}: it plays at ${round(seen.first)} s in place of ${round(from)} s`);
  return seen;
}

/** It ended where it should. @param {Checks} checks @param {{at: number}} state @param {number} duration */
function ends(checks, { at }, duration) {
  if (Math.abs(at - duration) > tolerance) checks.problems.push(`it ended at ${round(at)} s of ${round(duration)} s`);
}

/** @param {any} state @param {string} kind */
const count = (state, kind) => (kind === 'video' ? state.frames : state.audioBytes);
