/**
 * What the page's address says: /?channel=demo&player=hlsjs, or the same after a #. What stands after the # wins.
 *
 * @typedef {{channel: string, player: string}} Choice empty where the address says nothing
 */

/** Names of channels as the server takes them. */
const channelName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * @param {string} search location.search
 * @param {string} hash location.hash
 * @param {string[]} players that exist
 * @returns {Choice}
 */
export function parseChoice(search, hash, players) {
  const fromSearch = new URLSearchParams(search);
  const fromHash = new URLSearchParams(hash.replace(/^#/, ''));
  const value = (/** @type {string} */ key) => fromHash.get(key) ?? fromSearch.get(key) ?? '';
  const channel = value('channel');
  const player = value('player');
  return {
    channel: channelName.test(channel) ? channel : '',
    player: players.includes(player) ? player : '',
  };
}

/**
 * The address to show for a choice: other parameters stay, and the choice stands in the query alone.
 * @param {string} search
 * @param {Choice} choice
 */
export function formatChoice(search, { channel, player }) {
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries({ channel, player })) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
