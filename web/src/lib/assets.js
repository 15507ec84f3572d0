/**
 * An asset of the server: media that is complete, played from its beginning to its end.
 *
 * @typedef {object} Asset
 * @property {'asset'} kind
 * @property {string} id any characters
 * @property {string} title
 * @property {string} hls address of the multivariant playlist
 * @property {string} dash address of the MPD
 */

/** How many assets the server lists at most. */
export const mostListed = 500;

/** @param {string} id @returns {Asset} an asset before or without the server's word on it: members of directories are never listed */
export function assumedAsset(id) {
  const base = `/vod/${encodeURIComponent(id)}`;
  return { kind: 'asset', id, title: id, hls: `${base}/index.m3u8`, dash: `${base}/manifest.mpd` };
}

/** @param {any} entry of the server's list @returns {Asset} */
export function parsedAsset(entry) {
  const base = assumedAsset(String(entry.id));
  return { ...base, title: String(entry.title || entry.id), hls: String(entry.hls || base.hls), dash: String(entry.dash || base.dash) };
}

/**
 * The assets whose title or ID has all of the words, in any case.
 * @param {Asset[]} list
 * @param {string} words
 */
export function matching(list, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return list.filter((asset) => {
    const text = `${asset.title}\n${asset.id}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
