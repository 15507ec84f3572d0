/**
 * Turns counters of a video element into rates. The counters restart when another source is attached: call reset then.
 *
 * @typedef {object} Counts
 * @property {number} frames decoded so far
 * @property {number} dropped frames that were late
 * @property {number} audioBytes decoded so far, 0 where the browser does not tell
 * @property {number} videoBytes decoded so far, 0 where the browser does not tell
 */

const spanMs = 5000;

/** @param {HTMLVideoElement} video @returns {Counts} */
export function counts(video) {
  const quality = video.getVideoPlaybackQuality?.();
  return {
    frames: quality?.totalVideoFrames ?? 0,
    dropped: quality?.droppedVideoFrames ?? 0,
    // Names of Chromium and Safari; Firefox does not count bytes.
    audioBytes: video.webkitAudioDecodedByteCount ?? 0,
    videoBytes: video.webkitVideoDecodedByteCount ?? 0,
  };
}

/** A meter over the last five seconds. */
export class Meter {
  /** @type {(Counts & {at: number, time: number})[]} */
  #samples = [];

  reset() {
    this.#samples = [];
  }

  /**
   * @param {Counts} sample
   * @param {number} time media time, seconds
   * @param {number} at now, ms on a clock that does not jump
   */
  add(sample, time, at) {
    const last = this.#samples[this.#samples.length - 1];
    // A seek or a new source breaks the series.
    if (last && (time < last.time || sample.videoBytes + sample.audioBytes < last.videoBytes + last.audioBytes)) this.reset();
    this.#samples.push({ ...sample, at, time });
    while (this.#samples.length > 2 && this.#samples[0].at < at - spanMs) this.#samples.shift();
  }

  /** Media bit rate and frame rate, over media time, null while unknown. */
  rates() {
    const first = this.#samples[0];
    const last = this.#samples[this.#samples.length - 1];
    const seconds = first ? last.time - first.time : 0;
    // After a jump in media time what was decoded does not stand for what was passed over.
    const elapsed = first ? (last.at - first.at) / 1000 : 0;
    if (seconds < 2 || seconds > elapsed * 1.5 + 1) return { bitrate: null, frameRate: null };
    const bytes = last.videoBytes + last.audioBytes - first.videoBytes - first.audioBytes;
    return {
      bitrate: bytes > 0 ? (8 * bytes) / seconds : null,
      frameRate: last.frames > first.frames ? (last.frames - first.frames) / seconds : null,
    };
  }
}
