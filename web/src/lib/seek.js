/** Arithmetic of the window that can be rewound. Pure functions; times are seconds of media time. */

/** @typedef {import('../players/contract.js').Range} Range */

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/**
 * Where in the window a time is, 0 at its oldest end and 1 at the live position.
 * @param {Range | null} range
 * @param {number} time
 */
export function fractionAt(range, time) {
  if (!range || !(range.end > range.start) || !Number.isFinite(time)) return 1;
  return clamp((time - range.start) / (range.end - range.start), 0, 1);
}

/**
 * @param {Range} range
 * @param {number} fraction
 */
export function timeAt(range, fraction) {
  return range.start + clamp(Number(fraction) || 0, 0, 1) * (range.end - range.start);
}

/**
 * A time that is safe to seek to: the oldest segment may leave the window while it is being fetched.
 * @param {Range} range
 * @param {number} time
 * @param {number | null} segment duration of a segment; 0 where nothing leaves
 */
export function safeTarget(range, time, segment) {
  const margin = Math.min(segment ?? 2, (range.end - range.start) / 4);
  return clamp(time, range.start + margin, range.end);
}

/**
 * How far behind the live position a viewer may be and still be called live: a player waits for whole segments.
 * @param {number | null} segment duration of a segment
 */
export function liveTolerance(segment) {
  return Math.max(4, 1.5 * (segment ?? 0));
}

/**
 * Seconds of media after a time that are already there, without a hole.
 * @param {{length: number, start(i: number): number, end(i: number): number}} buffered TimeRanges
 * @param {number} time
 */
export function bufferAhead(buffered, time) {
  let reach = time;
  for (let i = 0; i < buffered.length; i++) {
    // Holes below a quarter of a second are jumped by every player.
    if (buffered.start(i) <= reach + 0.25 && buffered.end(i) > reach) reach = buffered.end(i);
  }
  return reach - time;
}

/**
 * The start of the next buffered stretch after a time that lies in a hole, or null.
 * @param {{length: number, start(i: number): number, end(i: number): number}} buffered TimeRanges
 * @param {number} time
 */
export function nextBuffered(buffered, time) {
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) > time) return buffered.start(i);
  }
  return null;
}
