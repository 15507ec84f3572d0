// The commands that play.mjs --watch takes on stdin, so that a test can do things to the server while a player plays.
import { createInterface } from 'node:readline';

/**
 * Answers each line until quit or the end of stdin, in order.
 *
 * @param {import('playwright-core').Page} page
 * @param {import('./checks.mjs').Checks} checks
 * @param {(answer: object) => void} say
 */
export async function takeCommands(page, checks, say) {
  /** @type {Record<string, (...args: string[]) => Promise<object>>} */
  const commands = {
    state: async () => ({}),
    async check(argument) {
      const seconds = number(argument || '5', 0, 600);
      const { state, ...measured } = await checks.plays('check', seconds);
      return measured;
    },
    async seek(argument) {
      const target = await page.evaluate((to) => window.weir.seekToWindow(to), number(argument, 0, 1));
      if (target === null) throw new Error('the window is not known yet');
      await checks.until('seek', 60, (state) => !state.seeking && !state.waiting && Math.abs(state.currentTime - target) < 4);
      return { target };
    },
    async live() {
      await page.evaluate(() => window.weir.goLive());
      await checks.until('go live', 60, (state) => state.live && !state.seeking && !state.waiting);
      return {};
    },
    // From the quality that plays to the n-th, counted from the least; it is there when pictures of its height are shown.
    async level(argument) {
      const before = await checks.state();
      const level = before.levels[number(argument, 0, before.levels.length - 1)];
      const begin = performance.now();
      await page.evaluate((id) => window.weir.chooseLevel(id), level.id);
      await checks.until(`pictures of ${level.height} lines`, 60, (state) => state.height === level.height && !state.waiting);
      return { from: before.height, height: level.height, seconds: Math.round(performance.now() - begin) / 1000 };
    },
    // "audio 1" or "text 0": the n-th track of its kind, which is there once the library says so and it plays on.
    async track(argument, which) {
      const before = await checks.state();
      const track = before.tracks[argument][number(which, 0, before.tracks[argument].length - 1)];
      await page.evaluate(([kind, id]) => window.weir.chooseTrack(kind, id), [argument, track.id]);
      await checks.until(`the ${argument} track ${track.label}`, 60, (state) => state.tracks[argument].some((each) => each.id === track.id && each.on) && !state.waiting);
      return { label: track.label };
    },
    pause: async () => (await page.evaluate(() => window.weir.pause()), {}),
    play: async () => (await page.evaluate(() => window.weir.play()), {}),
    screenshot: async (argument) => (await page.screenshot({ path: argument }), { file: argument }),
  };

  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const [name, argument = '', ...more] = line.trim().split(/\s+/);
    if (!name) continue;
    if (name === 'quit') break;
    checks.problems = [];
    try {
      if (!Object.hasOwn(commands, name)) throw new Error(`no such command: ${name}`);
      const measured = await commands[name](argument, ...more);
      const state = await checks.state();
      say({ command: line.trim(), ok: checks.problems.length === 0, ...measured, problems: checks.problems, state });
    } catch (error) {
      say({ command: line.trim(), ok: false, problems: [...checks.problems, error.message] });
    }
  }
}

/** @param {string} text @param {number} low @param {number} high */
function number(text, low, high) {
  const value = Number(text);
  if (text === '' || !(value >= low && value <= high)) throw new Error(`no number from ${low} to ${high}: ${text}`);
  return value;
}
