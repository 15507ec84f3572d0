/**
 * The ways to play a channel or an asset. Each library is a chunk of its own, fetched when it is first chosen.
 *
 * @typedef {object} Way
 * @property {string} id in the page's address and in tests
 * @property {'hls' | 'dash'} format
 * @property {string} library
 * @property {() => Promise<(video: HTMLVideoElement, hooks: import('./contract.js').Hooks) => import('./contract.js').Player>} load
 */

/** @type {Way[]} */
export const ways = [
  { id: 'hlsjs', format: 'hls', library: 'hls.js', load: async () => (await import('./hlsjs.js')).createPlayer },
  { id: 'dashjs', format: 'dash', library: 'dash.js', load: async () => (await import('./dashjs.js')).createPlayer },
  { id: 'shaka-hls', format: 'hls', library: 'Shaka', load: async () => (await import('./shaka.js')).createPlayer },
  { id: 'shaka-dash', format: 'dash', library: 'Shaka', load: async () => (await import('./shaka.js')).createPlayer },
];

/** @param {string | undefined} id */
export function wayById(id) {
  return ways.find((way) => way.id === id) ?? ways[0];
}
