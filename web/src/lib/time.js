/** Times and numbers in words. Pure functions; times of day are in the time zone of whoever watches unless told otherwise. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** Distances between marks that a person reads easily, ms. */
const steps = [
  second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second,
  minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute,
  hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour,
];

/** @param {number} n */
const two = (n) => String(n).padStart(2, '0');

/**
 * 14:03:07, or 14:03 without seconds.
 * @param {number | null} ms since the Unix epoch
 * @param {{seconds?: boolean, utc?: boolean}} [options]
 */
export function timeOfDay(ms, { seconds = true, utc = false } = {}) {
  if (ms === null || !Number.isFinite(ms)) return '–';
  const date = new Date(ms);
  const parts = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  return (seconds ? parts : parts.slice(0, 2)).map(two).join(':');
}

/**
 * 0:07, 3:15 or 2:00:00.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
}

/**
 * 45 s, 10 min or 2 h 30 min: the length of a window, rounded to what matters.
 * @param {number} seconds
 */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const h = Math.floor(minutes / 60);
  return minutes % 60 ? `${h} h ${minutes % 60} min` : `${h} h`;
}

/**
 * The same for a screen reader.
 * @param {number} seconds
 */
export function spoken(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor((whole % 3600) / 60), 'minute'],
    [whole % 60, 'second'],
  ];
  const said = parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`);
  return said.join(' ') || '0 seconds';
}

/**
 * A bit rate as its number and its unit.
 * @param {number | null} bitsPerSecond
 * @returns {[string, string]}
 */
export function bitrate(bitsPerSecond) {
  if (!bitsPerSecond || !Number.isFinite(bitsPerSecond)) return ['–', ''];
  if (bitsPerSecond < 999_500) return [String(Math.round(bitsPerSecond / 1000)), 'kb/s'];
  return [(bitsPerSecond / 1e6).toFixed(bitsPerSecond < 9.95e6 ? 2 : 1), 'Mb/s'];
}

/**
 * Round times of day between two instants, at most max of them.
 * @param {number} start ms since the Unix epoch
 * @param {number} end ms since the Unix epoch
 * @param {number} max
 * @param {number} [zone] what local time is ahead of UTC, ms: marks are round in local time
 * @returns {{times: number[], step: number}} step in ms, 0 where there is no mark
 */
export function marks(start, end, max, zone = 0) {
  const length = end - start;
  if (!(length > 0) || !Number.isFinite(length) || max < 1) return { times: [], step: 0 };
  const step = steps.find((s) => length / s <= max) ?? steps[steps.length - 1] * Math.ceil(length / steps[steps.length - 1] / max);
  const times = [];
  for (let at = Math.ceil((start + zone) / step) * step - zone; at <= end; at += step) times.push(at);
  return { times, step };
}
