// Plays a channel or an asset in a real browser and checks that it plays; see options.mjs for the command line.
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { openBrowser } from './browser.mjs';
import { Checks, round } from './checks.mjs';
import { begins, ends, seeks } from './ondemand.mjs';
import { parseOptions, usage } from './options.mjs';
import { playTable } from './table.mjs';
import { takeCommands } from './watch.mjs';

/** @param {object} value */
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

let options;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(1);
}
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const base = new URL(options.url);
const programme = options.asset ? { asset: options.asset } : { channel: options.channel };
let browser = null;
let ending = false;

/** The only way out: the browser goes first. @param {number} code */
async function end(code) {
  if (ending) return;
  ending = true;
  // Should even closing hang: the process ends, and its pipes take the browser along.
  setTimeout(() => process.exit(code || 1), 8000).unref();
  await browser?.close();
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(1));
// The reader of our lines is gone.
process.stdout.on('error', () => end(1));
setTimeout(() => {
  say({ ok: false, ...programme, player: options.player, problems: [`not done within ${options.timeout} s`] });
  end(1);
}, options.timeout * 1000).unref();

async function run() {
  browser = await openBrowser({ width: options.width, height: options.height, origin: base.origin, autoplay: options.autoplay });
  if (ending) return browser.close().then(() => false);
  const { page, heard } = browser;
  page.setDefaultTimeout(60_000);
  if (options.table) {
    await playTable(page, heard, options, say);
    return true;
  }
  const { problems } = await play(page, heard);
  return problems.length === 0;
}

/** @param {import('playwright-core').Page} page @param {{console: string[], outside: string[]}} heard */
async function play(page, heard) {
  const checks = new Checks(page, options.expect);
  const result = { ok: false, ...programme, player: options.player };
  const shoot = (/** @type {string} */ when = '') => options.screenshot && page.screenshot({ path: options.screenshot.replace(/(?=\.\w+$)/, when && `-${when}`) });
  try {
    const address = new URL('/', base);
    address.search = new URLSearchParams({ ...programme, player: options.player, ...(options.at && { at: String(options.at) }), ...(options.ordinary && { ll: '0' }) }).toString();
    if (options.visits) result.firstFrames = [];
    for (let visit = 0; visit < options.visits; visit++) {
      await page.goto(address.href, { waitUntil: 'load' });
      await page.waitForFunction(() => window.weir);
      result.firstFrames.push((await checks.started(options.start)).timeToFirstFrame);
    }
    await page.goto(address.href, { waitUntil: 'load' });
    // What is evaluated in a page counts as a click of the viewer: until it plays, nothing may be.
    if (!options.autoplay) await pause(5000);
    await page.waitForFunction(() => window.weir);
    if (!options.autoplay && !(await page.evaluate(() => window.weir.video.muted))) checks.problems.push('the page did not turn the sound off, though the browser forbids it');
    const begun = await checks.started(options.start);
    Object.assign(result, { library: begun.library, timeToFirstFrame: begun.timeToFirstFrame });
    if (options.watch && !checks.problems.length) {
      say({ event: 'playing', ok: true, state: begun });
      await takeCommands(page, checks, say);
      return { problems: [] };
    }
    if (!checks.problems.length) Object.assign(result, await (options.asset ? measureAsset(page, checks, shoot) : measure(checks, shoot)));
    const last = await checks.state();
    checks.sound('at the end', last);
    if (heard.outside.length) checks.problems.push(`asked others than its server: ${heard.outside.join(', ')}`);
    if (options.maxStalls !== null && last.stalls > options.maxStalls) checks.problems.push(`${last.stalls} stalls, more than ${options.maxStalls}`);
    Object.assign(result, {
      stalls: last.stalls, dropped: last.dropped, bitrate: last.bitrate && Math.round(last.bitrate), width: last.width, height: last.height,
      buffer: round(last.buffer), seekable: last.seekable, currentTime: last.currentTime, date: last.date && new Date(last.date).toISOString(),
      live: last.live, muted: await page.evaluate(() => window.weir.video.muted), errors: last.errors,
    });
  } catch (error) {
    checks.problems.push(ending ? 'stopped from outside' : error.message.split('\n')[0]);
  }
  if (checks.problems.length) await Promise.resolve(shoot()).catch(() => {});
  say({ ...result, ok: checks.problems.length === 0, problems: checks.problems, load: round(loadavg()[0]), console: heard.console.slice(0, 10) });
  return checks;
}

/** @param {Checks} checks @param {() => any} shoot */
async function measure(checks, shoot) {
  await pause(options.settle * 1000);
  if (options.reachLatency !== null) await checks.until(`a live latency below ${options.reachLatency} s`, 120, (state) => state.latency !== null && state.latency > 0 && state.latency < options.reachLatency);
  const { state, ...played } = await checks.plays('playing', options.seconds);
  if (options.maxLatency !== null && !(state.latency !== null && played.highestLatency <= options.maxLatency)) {
    checks.problems.push(`live latency was up to ${played.highestLatency} s, more than ${options.maxLatency}`);
  }
  await shoot();
  const measured = { ...played };
  if (options.seek !== null) measured.seek = await checks.rewinds(options.seek, options.minWindow);
  if (options.discontinuity !== null) measured.discontinuity = await checks.passesDiscontinuity(new URL(`/live/${options.channel}/index.m3u8`, base).href, options.discontinuity);
  return measured;
}

/** @param {import('playwright-core').Page} page @param {Checks} checks @param {(when?: string) => any} shoot */
async function measureAsset(page, checks, shoot) {
  const began = await begins(page, checks, options.at);
  const { state, ...measured } = await checks.plays('playing', options.seconds);
  await shoot();
  if (options.seek !== null) measured.seek = await seeks(page, checks, options.seek);
  if (options.end) measured.end = await ends(page, checks, shoot);
  return { ...began, ...measured };
}

run().then(
  (ok) => end(ok ? 0 : 1),
  (error) => {
    say({ ok: false, ...programme, player: options.player, problems: [error.message] });
    end(1);
  },
);
