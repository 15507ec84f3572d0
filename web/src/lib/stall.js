import { liveTolerance, nextBuffered } from './seek.js';

/**
 * Decides what to do when playback stands still though it should not. The libraries mend most of it themselves; this is for
 * what they leave: a time that fell out of the window, a hole they do not jump, a pipeline that hangs. Pure but for its memory.
 *
 * @typedef {object} Sight
 * @property {number} now ms on a clock that does not jump
 * @property {boolean} wanted it should play
 * @property {number} time media time, seconds
 * @property {import('../players/contract.js').Range | null} range what can be rewound
 * @property {number | null} segment duration of a segment, seconds
 * @property {{length: number, start(i: number): number, end(i: number): number}} buffered TimeRanges
 * @property {boolean} onAir the server says that the channel is on air
 * @property {boolean} started it has played
 * @property {boolean} [complete] it is an asset: there is no live position to go to, but an end to come to
 *
 * @typedef {{do: 'seek', to: number} | {do: 'live'} | {do: 'restart'} | {do: 'end'} | null} Remedy
 */

/** How long the library is given before each remedy, ms. */
const patience = { start: 600, outside: 1500, hole: 5000, live: 7000, restart: 15_000, silence: 18_000, end: 3000, complete: 30_000 };
/** Sound and pictures may end so far from each other, and players may stop so far before the end without saying that it is one, seconds. */
const endTolerance = 1;

export class StallWatch {
  #time = NaN;
  #movedAt = 0;
  /** End of the window when playback stopped moving. */
  #endThen = NaN;
  /** When there was new media to play since, 0: none yet. A channel that is off air does not stall. */
  #mediaAt = 0;
  /** Since when the channel is on air, 0: it is not. */
  #onAirAt = 0;
  #step = 0;

  /** Forgets everything: another source, or the viewer did something. @param {number} now ms */
  reset(now) {
    this.#time = NaN;
    this.#movedAt = now;
    this.#endThen = NaN;
    this.#mediaAt = 0;
    this.#step = 0;
  }

  /** @param {Sight} sight @returns {Remedy} */
  check({ now, wanted, time, range, segment, buffered, onAir, started, complete = false }) {
    if (!onAir) this.#onAirAt = 0;
    else this.#onAirAt ||= now;
    if (!wanted || Math.abs(time - this.#time) > 0.02 || Number.isNaN(this.#time)) {
      const first = Number.isNaN(this.#time);
      if (!first || !this.#movedAt) this.#movedAt = now;
      this.#time = time;
      this.#endThen = range ? range.end : NaN;
      this.#mediaAt = 0;
      this.#step = 0;
      return null;
    }
    const still = now - this.#movedAt;
    // A library that lost media at its start waits before the hole, and nothing has played that one would skip.
    if (!started && still > patience.start && this.#step < 1) {
      const next = nextBuffered(buffered, time);
      if (next !== null && next - time <= 2 * (segment ?? 2)) {
        this.#step = 1;
        return { do: 'seek', to: next + 0.05 };
      }
    }
    if (complete) return this.#complete(still, { now, time, range, buffered, started });
    const silent = onAir && Math.min(still, now - this.#onAirAt) > patience.silence;
    if (!range) return this.#restart(silent, now);
    if (Number.isNaN(this.#endThen)) this.#endThen = range.end;
    if (!this.#mediaAt && (range.end > this.#endThen + 0.5 || range.end - time > liveTolerance(segment))) this.#mediaAt = now;

    if (time < range.start - 0.5 && still > patience.outside && this.#step < 1) {
      this.#step = 1;
      return { do: 'seek', to: Math.min(range.start + (segment ?? 2), range.end) };
    }
    const starved = this.#mediaAt ? Math.min(still, now - this.#mediaAt) : 0;
    if (starved > patience.hole && this.#step < 2) {
      this.#step = 2;
      const next = nextBuffered(buffered, time);
      if (next !== null) return { do: 'seek', to: next + 0.05 };
    }
    if (starved > patience.live && this.#step < 3) {
      this.#step = 3;
      return { do: 'live' };
    }
    return this.#restart(silent || starved > patience.restart, now);
  }

  /**
   * The same for an asset.
   * @param {number} still for how long playback has stood still, ms
   * @param {Pick<Sight, 'now' | 'time' | 'range' | 'buffered' | 'started'>} sight
   * @returns {Remedy}
   */
  #complete(still, { now, time, range, buffered, started }) {
    const atEnd = started && range !== null && time > range.end - endTolerance;
    if (atEnd) return still > patience.end ? { do: 'end' } : null;
    if (still > patience.hole && this.#step < 2) {
      this.#step = 2;
      const next = nextBuffered(buffered, time);
      if (next !== null) return { do: 'seek', to: next + 0.05 };
    }
    return this.#restart(still > patience.complete, now);
  }

  /** @param {boolean} due @param {number} now @returns {Remedy} */
  #restart(due, now) {
    if (!due) return null;
    this.reset(now);
    return { do: 'restart' };
  }
}
