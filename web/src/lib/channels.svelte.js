/**
 * The server's channels, asked for again every few seconds.
 *
 * @typedef {object} Channel
 * @property {string} id
 * @property {string} title
 * @property {string} state as the server says it: on-air, off-air, waiting
 * @property {number} dvrSeconds how much can be rewound when the window is full
 * @property {number} windowSeconds how much can be rewound now
 * @property {string} hls address of the multivariant playlist
 * @property {string} dash address of the MPD
 */

const index = '/live/index.json';
const everyMs = 4000;
const hiddenEveryMs = 15_000;
const timeoutMs = 5000;
/** The Date header has whole seconds: below this a difference says nothing, ms. */
const clockGrainMs = 1500;

/** @param {string} id @returns {Channel} a channel as the contract has it, before or without the server's word on it */
export function assumed(id) {
  return { id, title: id, state: '', dvrSeconds: 0, windowSeconds: 0, hls: `/live/${id}/index.m3u8`, dash: `/live/${id}/manifest.mpd` };
}

/** @param {Channel} channel */
export function isOnAir(channel) {
  return channel.state === 'on-air' || channel.state === 'live';
}

/** @param {any} entry @returns {Channel} */
function parsed(entry) {
  const base = assumed(String(entry.id));
  return {
    ...base,
    title: String(entry.title || entry.id),
    state: String(entry.state ?? ''),
    dvrSeconds: Number(entry.dvrSeconds) || 0,
    windowSeconds: Number(entry.windowSeconds) || 0,
    hls: String(entry.hls || base.hls),
    dash: String(entry.dash || base.dash),
  };
}

export class Channels {
  /** @type {Channel[]} */
  list = $state.raw([]);
  /** Why the list could not be had, empty when it could. */
  problem = $state('');
  /** The first answer is there, or has failed. */
  asked = $state(false);
  /** What the server's clock is ahead of the browser's, ms; 0 where they agree within what a Date header can say. */
  clockOffset = 0;

  #timer = 0;
  #stopped = false;

  start() {
    const onVisible = () => {
      if (document.hidden) return;
      clearTimeout(this.#timer);
      this.#refresh();
    };
    document.addEventListener('visibilitychange', onVisible);
    this.#refresh();
    return () => {
      this.#stopped = true;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }

  async #refresh() {
    try {
      const before = Date.now();
      const answer = await fetch(index, { cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const date = Date.parse(answer.headers.get('date') ?? '');
      const offset = date + 500 - (before + Date.now()) / 2;
      this.clockOffset = Math.abs(offset) > clockGrainMs ? offset : 0;
      const entries = await answer.json();
      if (!Array.isArray(entries)) throw new Error('not a list');
      const list = entries.filter((entry) => entry?.id).map(parsed);
      // The page is drawn anew only when something has changed.
      if (JSON.stringify(list) !== JSON.stringify(this.list)) this.list = list;
      this.problem = '';
    } catch (error) {
      this.problem = `The list of channels cannot be had: ${error.message}.`;
    }
    this.asked = true;
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), document.hidden ? hiddenEveryMs : everyMs);
  }
}
