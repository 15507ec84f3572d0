// Listens to what the page plays in a real browser: how soon a track sounds, and what an album sounds like between two tracks.
//
//   node e2e/sound.mjs start --url URL --player NAME --quiet ID --assets ID,ID,…
//   node e2e/sound.mjs border --url URL --player NAME --asset ID --at SECONDS
//
// start: a page plays the asset that is silent; the others are chosen in its list one after another, by a click, then each is opened by its address.
// Prints {clicked, opened}: from the click, and from the begin of navigation to the first sample that is not silent, ms each.
// border: plays an album of the tone of tone.mjs from 3 s before a border to 3 s behind it, and prints what is heard of it, and the speed of the
// browser's clock of sound by that of the machine.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.mjs';
import { ears, recorder } from './ears.mjs';
import { around, sampleRate } from './tone.mjs';

const string = { type: 'string' };
const { values: options, positionals: [task] } = parseArgs({
  allowPositionals: true,
  options: { url: string, player: string, quiet: string, assets: string, asset: string, at: string },
});
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const base = new URL(options.url);
const deadline = 30_000;
let browser = null;

async function end(code) {
  setTimeout(() => process.exit(code || 1), 8000).unref();
  await browser?.close();
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(1));
process.stdout.on('error', () => end(1));

const address = (asset, more = {}) => {
  const url = new URL('/', base);
  url.search = new URLSearchParams({ asset, player: options.player, ...more }).toString();
  return url.href;
};

/** @param {import('playwright-core').Page} page */
async function open(page, url) {
  await page.goto(url, { waitUntil: 'load' });
  await page.evaluate(() => window.ears.ready);
}

/** Waits for a sound that begins after a moment; when it did, ms since the Unix epoch. */
async function soundAfter(page, moment) {
  const found = await page.waitForFunction((after) => window.ears.onsets.find((onset) => onset > after), moment, { timeout: deadline, polling: 20 });
  return found.jsonValue();
}

async function silent(page) {
  await page.waitForFunction(() => {
    const state = window.weir?.state();
    return state?.started && state.currentTime > 0.5 && !state.waiting;
  }, undefined, { timeout: deadline });
}

async function start(page) {
  const assets = options.assets.split(',');
  const clicked = [];
  await open(page, address(options.quiet));
  const choose = (id) => page.getByRole('button', { name: id, exact: true }).click();
  for (const asset of assets) {
    await silent(page);
    await choose(asset);
    const at = await page.evaluate(() => window.ears.clicked);
    clicked.push((await soundAfter(page, at)) - at);
    await pause(300);
    await choose(options.quiet);
    await pause(300);
  }
  const opened = [];
  for (const asset of assets) {
    await open(page, address(asset));
    const at = await page.evaluate(() => performance.timeOrigin);
    opened.push((await soundAfter(page, at)) - at);
  }
  return { clicked, opened };
}

async function border(page) {
  const at = Number(options.at);
  await open(page, address(options.asset, { at: String(at - 3) }));
  await page.evaluate(() => window.ears.record());
  const before = await page.evaluate(() => window.ears.clocks());
  await page.waitForFunction((to) => window.weir?.state().position > to, at + 3, { timeout: deadline, polling: 100 });
  const after = await page.evaluate(() => window.ears.clocks());
  const text = await page.evaluate(() => window.ears.recorded());
  const bytes = Buffer.from(text, 'base64');
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const speed = (after.sound - before.sound) / (after.machine - before.machine);
  return { speed, ...around(samples, at) };
}

try {
  browser = await openBrowser({ width: 1280, height: 800, origin: base.origin, autoplay: true });
  const { page } = browser;
  await page.addInitScript(`(${ears})(${JSON.stringify({ sampleRate, recorder: recorder.toString() })})`);
  say({ ok: true, ...(await { start, border }[task](page)) });
  await end(0);
} catch (error) {
  say({ ok: false, problem: String(error.message).split('\n')[0] });
  await end(1);
}
