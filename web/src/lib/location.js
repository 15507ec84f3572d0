/**
 * What the page's address says: /?channel=demo&player=hlsjs or /?asset=film&at=75, or the same after a #. What stands after the # wins,
 * and of a channel and an asset the one that is given last.
 *
 * @typedef {object} Choice empty where the address says nothing
 * @property {string} channel
 * @property {string} asset
 * @property {string} player
 * @property {number} at where in the asset to begin, seconds
 */

/** Names of channels as the server takes them. */
const channelName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** Longer names of assets than the server has, in characters. */
const longestAsset = 2048;

/**
 * @param {string} search location.search
 * @param {string} hash location.hash
 * @param {string[]} players that exist
 * @returns {Choice}
 */
export function parseChoice(search, hash, players) {
  const choice = { channel: '', asset: '', player: '', at: 0 };
  for (const [key, value] of [...new URLSearchParams(search), ...new URLSearchParams(hash.replace(/^#/, ''))]) {
    if (key === 'channel' && channelName.test(value)) Object.assign(choice, { channel: value, asset: '', at: 0 });
    else if (key === 'asset' && value && value.length <= longestAsset) {
      // The position belongs to the asset beside which it stands, on either side.
      if (choice.asset && choice.asset !== value) choice.at = 0;
      Object.assign(choice, { channel: '', asset: value });
    } else if (key === 'player' && players.includes(value)) choice.player = value;
    else if (key === 'at' && /^\d+(\.\d+)?$/.test(value)) choice.at = Number(value);
  }
  if (!choice.asset) choice.at = 0;
  return choice;
}

/**
 * The address to show for a choice: other parameters stay, and the choice stands in the query alone.
 * @param {string} search
 * @param {Choice} choice of an asset or a channel, not of both
 */
export function formatChoice(search, { channel, asset, player, at }) {
  const query = new URLSearchParams(search);
  for (const [key, value] of Object.entries({ channel, asset, player, at: asset && at ? String(at) : '' })) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}
