// What is asserted of a page that plays. Each check measures, and adds a sentence to problems for all that is wrong.
import { setTimeout as pause } from 'node:timers/promises';

const sampleMs = 250;

export class Checks {
  /** @type {string[]} */
  problems = [];
  #page;
  #expect;

  /**
   * @param {import('playwright-core').Page} page
   * @param {string[]} expect kinds of media that play: audio, video
   */
  constructor(page, expect) {
    this.#page = page;
    this.#expect = expect;
  }

  /** @returns {Promise<any>} window.weir.state() */
  state() {
    return this.#page.evaluate(() => window.weir.state());
  }

  /**
   * Waits until a state is as it should be. Gives the last one seen.
   * @param {string} what for the message
   * @param {number} seconds
   * @param {(state: any) => boolean} holds
   */
  async until(what, seconds, holds) {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const state = await this.state();
      if (holds(state)) return state;
      if (performance.now() > deadline) {
        this.problems.push(`${what}: not within ${seconds} s${state.trouble ? ` (the page says: ${state.trouble})` : ''}`);
        return state;
      }
      await pause(sampleMs);
    }
  }

  /** Waits for the first frame and the first sound, as far as they are expected. @param {number} seconds */
  async started(seconds) {
    return this.until('playing', seconds, (state) => state.started && !state.paused && this.#expect.every((kind) => count(state, kind) > 0));
  }

  /**
   * Plays for a while and asserts that time, frames and sound go on in each third of it.
   * @param {string} what for the message
   * @param {number} seconds
   */
  async plays(what, seconds) {
    const first = await this.state();
    const samples = [first];
    const begin = performance.now();
    while (performance.now() - begin < seconds * 1000) {
      await pause(Math.min(sampleMs, seconds * 1000));
      samples.push(await this.state());
    }
    const last = samples[samples.length - 1];
    const elapsed = (performance.now() - begin) / 1000;
    const parts = [0, 1, 2, 3].map((i) => samples[Math.round((i * (samples.length - 1)) / 3)]);
    const rises = (/** @type {(state: any) => number} */ of) => parts.slice(1).every((part, i) => of(part) > of(parts[i]));

    if (!rises((state) => state.currentTime)) this.problems.push(`${what}: the position does not move on: ${parts.map((part) => part.currentTime.toFixed(2)).join(', ')}`);
    for (const kind of ['video', 'audio']) {
      const said = parts.map((part) => count(part, kind)).join(', ');
      const counted = kind === 'video' ? 'decoded frames' : 'decoded bytes of sound';
      if (this.#expect.includes(kind)) {
        if (!rises((state) => count(state, kind))) this.problems.push(`${what}: ${counted} do not rise: ${said}`);
      } else if (count(last, kind) > 0) this.problems.push(`${what}: ${counted} where none were expected: ${said}`);
    }
    if (seconds >= 3 && last.currentTime - first.currentTime < 0.6 * elapsed) {
      this.problems.push(`${what}: only ${(last.currentTime - first.currentTime).toFixed(1)} s were played in ${elapsed.toFixed(1)} s`);
    }
    this.sound(what, last);
    const range = (/** @type {(state: any) => number} */ of) => ({ first: of(first), last: of(last) });
    return {
      elapsed: round(elapsed),
      played: round(last.currentTime - first.currentTime),
      currentTime: range((state) => round(state.currentTime)),
      frames: range((state) => state.frames),
      audioBytes: range((state) => state.audioBytes),
      stalls: last.stalls - first.stalls,
      latency: round(last.latency),
      lowestLatency: round(Math.min(...samples.map((state) => state.latency ?? Infinity))),
      highestLatency: round(Math.max(...samples.map((state) => state.latency ?? 0))),
      state: last,
    };
  }

  /** No error that the player could not go on from. @param {string} what @param {any} state */
  sound(what, state) {
    if (state.mediaError) this.problems.push(`${what}: media error ${state.mediaError}`);
    for (const error of state.errors.filter((each) => each.fatal)) {
      const text = `fatal: ${error.text} ${error.detail}`;
      if (!this.problems.includes(text)) this.problems.push(text);
    }
  }

  /**
   * Seeks back into the window, plays there, and goes live again.
   * @param {number} fraction
   * @param {number} minWindow seconds
   */
  async rewinds(fraction, minWindow) {
    const before = await this.until(`a window of ${minWindow} s`, 60, (state) => state.seekable && state.seekable.end - state.seekable.start >= minWindow);
    if (!before.seekable) return null;
    const begin = performance.now();
    const target = await this.#page.evaluate((to) => window.weir.seekToWindow(to), fraction);
    const there = await this.until(`seek to ${fraction} of the window`, 60, (state) => !state.seeking && !state.waiting && Math.abs(state.currentTime - target) < 4);
    const settleMs = Math.round(performance.now() - begin);
    const wanted = before.currentTime - target;
    if (before.currentTime - there.currentTime < wanted / 2) this.problems.push(`seek: ${round(before.currentTime - there.currentTime)} s back instead of ${round(wanted)}`);
    // Both clocks must say that it is earlier: the player's own and, as soon as the page shows it, the time of day of the media.
    const since = (state) => (before.date - state.date) / 1000;
    const shown = await this.until(`media ${round(wanted)} s earlier, not live`, 20, (state) =>
      (!before.date || !state.date || Math.abs(since(state) - wanted) <= Math.max(6, 0.3 * wanted)) && (wanted <= 8 || !state.live));
    const earlier = since(shown);
    const there2 = await this.plays('after the seek', 4);

    const back = performance.now();
    await this.#page.evaluate(() => window.weir.goLive());
    await this.until('go live', 60, (state) => state.live && !state.seeking && !state.waiting);
    const goLiveMs = Math.round(performance.now() - back);
    const live = await this.plays('after going live', 4);
    if (!live.state.live) this.problems.push(`go live: still ${round(live.state.behind)} s behind`);
    return {
      fraction,
      from: round(before.currentTime),
      target: round(target),
      at: round(there.currentTime),
      earlier: round(earlier),
      settleMs,
      played: there2.played,
      goLiveMs,
      liveAt: live.currentTime.last,
      liveLatency: live.latency,
      liveBehind: round(live.state.behind),
      livePlayed: live.played,
    };
  }

  /**
   * Waits until playback has passed a discontinuity which appears in the HLS playlist after now, and plays on.
   * @param {string} index address of the multivariant playlist
   * @param {number} seconds
   */
  async passesDiscontinuity(index, seconds) {
    const deadline = performance.now() + seconds * 1000;
    const known = await discontinuities(index);
    let found = null;
    while (!found) {
      if (performance.now() > deadline) {
        this.problems.push(`discontinuity: none appeared within ${seconds} s`);
        return null;
      }
      await pause(1000);
      found = (await discontinuities(index)).find((each) => !known.some((other) => other.date === each.date)) ?? null;
    }
    const left = Math.max(20, (deadline - performance.now()) / 1000);
    const passed = await this.until('playing past the discontinuity', left, (state) => state.date > found.date + 500 && !state.waiting);
    const after = await this.plays('after the discontinuity', 5);
    return { at: new Date(found.date).toISOString(), passedAt: passed.date && new Date(passed.date).toISOString(), stalls: passed.stalls, played: after.played, width: after.state.width, height: after.state.height };
  }
}

/** @param {any} state @param {string} kind */
function count(state, kind) {
  return kind === 'video' ? state.frames : state.audioBytes;
}

/** @param {number | null} value */
export function round(value) {
  return value === null || value === undefined ? null : Math.round(value * 1000) / 1000;
}

/** Times of day at which the first media playlist says that a discontinuity is. @param {string} index */
async function discontinuities(index) {
  const text = async (/** @type {string} */ url) => (await fetch(url, { signal: AbortSignal.timeout(5000) })).text();
  const first = (await text(index)).split('\n').find((line) => line && !line.startsWith('#'));
  if (!first) return [];
  const found = [];
  let pending = false;
  for (const line of (await text(new URL(first.trim(), index).href)).split('\n')) {
    if (line.startsWith('#EXT-X-DISCONTINUITY') && !line.startsWith('#EXT-X-DISCONTINUITY-SEQUENCE')) pending = true;
    else if (pending && line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      found.push({ date: Date.parse(line.slice(line.indexOf(':') + 1)) });
      pending = false;
    }
  }
  return found;
}
