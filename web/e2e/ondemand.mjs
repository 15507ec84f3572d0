// What is asserted of a page that plays an asset, beside what holds for all that plays.
import { setTimeout as pause } from 'node:timers/promises';
import { round } from './checks.mjs';

/** How far from where it should be a player may begin: at a key frame before it, or a little behind it, seconds. */
const startTolerance = 2.5;

/**
 * That it began where the address says, at the beginning where that says nothing, and shows no word of live.
 * @param {import('playwright-core').Page} page
 * @param {import('./checks.mjs').Checks} checks
 * @param {number} at seconds
 */
export async function begins(page, checks, at) {
  const state = await checks.until('its duration', 10, (seen) => seen.duration > 0);
  const position = await page.evaluate(() => window.weir.video.played.start(0) - window.weir.state().seekable.start);
  if (Math.abs(position - at) > startTolerance) checks.problems.push(`it began at ${round(position)} s in place of ${at} s`);
  if (state.live || state.latency !== null || state.date !== null) checks.problems.push(`it counts as live: latency ${state.latency}, date ${state.date}`);
  const player = page.getByRole('region', { name: 'Player' });
  if (await player.getByText(/\blive\b/i).filter({ visible: true }).count()) checks.problems.push('it has words of live');
  return { beganAt: round(position), duration: round(state.duration) };
}

/**
 * Seeks to a part of the asset and plays there.
 * @param {import('playwright-core').Page} page
 * @param {import('./checks.mjs').Checks} checks
 * @param {number} fraction
 */
export async function seeks(page, checks, fraction) {
  const begin = performance.now();
  const target = await page.evaluate((to) => window.weir.seekToWindow(to), fraction);
  await checks.until(`seek to ${fraction}`, 60, (state) => !state.seeking && !state.waiting && Math.abs(state.currentTime - target) < 4);
  const settleMs = Math.round(performance.now() - begin);
  const { played } = await checks.plays('after the seek', 4);
  return { fraction, target: round(target), settleMs, played };
}

/**
 * Goes to shortly before the end, sees that it ends there and stays there, and plays it again.
 * @param {import('playwright-core').Page} page
 * @param {import('./checks.mjs').Checks} checks
 * @param {(file: string) => any} shoot
 */
export async function ends(page, checks, shoot) {
  const { duration } = await checks.state();
  await page.evaluate((to) => window.weir.seekToWindow(to), Math.max(0, 1 - 2 / duration));
  const ended = await checks.until('the end', 30, (state) => state.ended);
  await pause(5000); // longer than it takes the page to see a stall
  const after = await checks.state();
  if (!after.ended || after.waiting || after.trouble || after.currentTime !== ended.currentTime) {
    checks.problems.push(`it did not stay at its end: ${round(after.currentTime)} of ${round(ended.currentTime)}, ${after.trouble ?? 'no trouble'}`);
  }
  await shoot('ended');
  const replay = page.getByRole('button', { name: 'Play again' }).first();
  await replay.click();
  await checks.until('playing again', 30, (state) => !state.ended && !state.paused && state.position < 5 && state.currentTime > 0);
  await checks.plays('again', 3);
  return { endedAt: round(ended.position), of: round(duration) };
}
