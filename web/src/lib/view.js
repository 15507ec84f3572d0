import { counts } from './meter.js';
import { bufferAhead, liveTolerance } from './seek.js';

/**
 * What can be seen of playback at one moment; everything that the page shows is drawn from it.
 *
 * @typedef {object} View
 * @property {number} currentTime media time, seconds
 * @property {import('../players/contract.js').Range | null} range what can be rewound, up to the live position
 * @property {import('../players/contract.js').Range | null} shown the same, its end moving evenly: for drawing
 * @property {number | null} duration of an asset, seconds; null while unknown and for a channel
 * @property {number} position in an asset, seconds from its beginning
 * @property {number | null} date time of day of what is on screen, ms since the Unix epoch
 * @property {number | null} rangeDate time of day at shown.start
 * @property {number | null} latency seconds between capture and screen
 * @property {number} behind seconds behind the live position
 * @property {boolean} live
 * @property {number} buffer seconds
 * @property {number | null} bitrate measured where the browser counts bytes, else as declared, bit/s
 * @property {number | null} declaredBitrate bit/s
 * @property {number | null} frameRate
 * @property {number} width of the video in pixels, 0 where there is none
 * @property {number} height
 * @property {number | null} segment seconds
 * @property {import('./meter.js').Counts} counts
 */

/** @type {View} */
export const emptyView = {
  currentTime: 0, range: null, shown: null, duration: null, position: 0, date: null, rangeDate: null, latency: null, behind: 0, live: false, buffer: 0,
  bitrate: null, declaredBitrate: null, frameRate: null, width: 0, height: 0, segment: null,
  counts: { frames: 0, dropped: 0, audioBytes: 0, videoBytes: 0 },
};

/** Some libraries move the window's end by whole segments: between those it is moved by the clock. */
export class EvenRange {
  /** @type {number | null} what the end is ahead of the clock, seconds */
  #lead = null;

  reset() {
    this.#lead = null;
  }

  /**
   * @param {import('../players/contract.js').Range | null} range
   * @param {number | null} segment seconds
   * @param {number} now ms on a clock that does not jump
   */
  of(range, segment, now) {
    if (!range) return null;
    const lead = range.end - now / 1000;
    const most = segment ?? 2;
    // Never before the real end, never more than a segment after it.
    if (this.#lead === null || this.#lead < lead || this.#lead > lead + most) this.#lead = lead;
    const moved = this.#lead - lead;
    return { start: range.start + moved, end: range.end + moved };
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {import('../players/contract.js').Player} player
 * @param {import('./meter.js').Meter} meter
 * @param {EvenRange} even
 * @param {number} clockOffset what the server's clock is ahead of the browser's, ms
 * @param {boolean} complete it is an asset: nothing of it is live, and its times are no times of day
 * @returns {View}
 */
export function look(video, player, meter, even, clockOffset, complete) {
  const now = performance.now();
  const stats = player.stats();
  const range = player.seekRange();
  const shown = complete ? range : even.of(range, stats.segment, now);
  const currentTime = video.currentTime;
  const playing = video.readyState > 0;
  const date = playing && !complete ? player.dateAt(currentTime) : null;
  const sample = counts(video);
  meter.add(sample, currentTime, now);
  const rates = meter.rates();
  const behind = range && playing && !complete ? Math.max(0, range.end - currentTime) : 0;
  return {
    currentTime,
    range,
    shown,
    duration: complete && range ? range.end - range.start : null,
    position: complete && range ? Math.max(0, currentTime - range.start) : 0,
    date,
    rangeDate: shown && !complete ? player.dateAt(shown.start) : null,
    latency: complete ? null : date === null ? stats.latency : (Date.now() + clockOffset - date) / 1000,
    behind,
    live: playing && !complete && range !== null && behind < liveTolerance(stats.segment),
    buffer: Math.max(0, bufferAhead(video.buffered, currentTime)),
    bitrate: rates.bitrate ?? stats.bitrate,
    declaredBitrate: stats.bitrate,
    frameRate: rates.frameRate,
    width: video.videoWidth,
    height: video.videoHeight,
    segment: stats.segment,
    counts: sample,
  };
}
