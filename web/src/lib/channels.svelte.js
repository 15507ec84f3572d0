import { Polled } from './polled.svelte.js';

/**
 * A channel of the server.
 *
 * @typedef {object} Channel
 * @property {'channel'} kind
 * @property {string} id
 * @property {string} title
 * @property {string} state as the server says it: on-air, off-air, waiting
 * @property {number} dvrSeconds how much can be rewound when the window is full
 * @property {number} windowSeconds how much can be rewound now
 * @property {string} hls address of the multivariant playlist
 * @property {string} dash address of the MPD
 */

/** The Date header has whole seconds: below this a difference says nothing, ms. */
const clockGrainMs = 1500;

/** @param {string} id @returns {Channel} a channel as the contract has it, before or without the server's word on it */
export function assumed(id) {
  return { kind: 'channel', id, title: id, state: '', dvrSeconds: 0, windowSeconds: 0, hls: `/live/${id}/index.m3u8`, dash: `/live/${id}/manifest.mpd` };
}

/** @param {{state: string}} channel */
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

/** @extends {Polled<Channel>} */
export class Channels extends Polled {
  /** What the server's clock is ahead of the browser's, ms; 0 where they agree within what a Date header can say. */
  clockOffset = 0;

  constructor() {
    super('/live/index.json', 'channels', parsed, 4000, 15_000);
  }

  /** @param {Response} answer @param {number} before */
  answered(answer, before) {
    const date = Date.parse(answer.headers.get('date') ?? '');
    const offset = date + 500 - (before + Date.now()) / 2;
    this.clockOffset = Math.abs(offset) > clockGrainMs ? offset : 0;
  }
}
