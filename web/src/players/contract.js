/**
 * What the page expects of a player library. Each file beside this one wraps one library in it.
 *
 * Times called "media time" are seconds on the clock of video.currentTime, which differs from library to library:
 * only dateAt says what time of day they are.
 *
 * @typedef {object} Player
 * @property {string} library name and version of the library, to be shown
 * @property {(source: Source) => Promise<void>} attach loads the manifest and starts at the live position, or where the source says; resolves
 *   when the library has taken the address, rejects with a Problem when it could not
 * @property {() => Promise<void>} destroy frees the library and leaves the video element empty
 * @property {() => Range | null} seekRange what can be rewound, up to where live playback is, or all of what is complete; null while unknown
 * @property {() => void} goLive seeks to the live position
 * @property {(time: number) => void} seek to a media time
 * @property {(time: number) => number | null} dateAt time of day at a media time, in milliseconds since the Unix epoch
 * @property {() => Stats} stats
 * @property {() => Level[]} levels the qualities that can be played, the one that needs least first
 * @property {(id: string | null) => void} setLevel keeps to one of them from the next segment on; null: the library chooses again
 * @property {(kind: Kind) => Track[]} tracks the languages of sound, or the subtitles and captions, that can be chosen
 * @property {(kind: Kind, id: string | null) => void} setTrack plays one of them; null: shows no text
 *
 * @typedef {object} Source
 * @property {string} url of the manifest
 * @property {boolean} complete it is an asset, not a channel
 * @property {number} at where to begin in what is complete, seconds from its beginning
 *
 * @typedef {'audio' | 'text'} Kind
 *
 * @typedef {{id: string, label: string, on: boolean}} Track on: it is played or shown
 *
 * @typedef {{id: string, height: number | null, bitrate: number}} Level bit/s of the pictures, or of pictures and sound together
 *
 * @typedef {{start: number, end: number}} Range in media time
 *
 * @typedef {object} Stats
 * @property {number | null} bitrate what the manifest says of the renditions that play, bit/s
 * @property {number | null} latency what the library itself says, seconds behind the live edge
 * @property {number | null} segment duration of a segment, seconds
 *
 * @typedef {object} Hooks how a player reports to the page
 * @property {(problem: Problem) => void} fatal the player cannot go on; the page will start it anew
 * @property {(problem: Problem) => void} recovering something broke and the player is mending it by itself
 *
 * @typedef {object} Problem
 * @property {'network' | 'server' | 'missing' | 'changed' | 'unfit' | 'media' | 'unsupported' | 'internal'} kind
 * @property {string} text one sentence for whoever watches
 * @property {string} detail the library's own words, for whoever has to find out
 */

/**
 * Qualities in the order in which the page shows them, one of each.
 * @param {Level[]} levels
 * @returns {Level[]}
 */
export function sorted(levels) {
  const seen = new Set();
  return levels
    .toSorted((a, b) => a.bitrate - b.bitrate)
    .filter((level) => !seen.has(`${level.height} ${level.bitrate}`) && seen.add(`${level.height} ${level.bitrate}`));
}

/**
 * What the page calls a track: its name, where that says more than its language does.
 * @param {{name?: string, language?: string, captions?: boolean}} track language: BCP 47
 */
export function trackLabel({ name = '', language = '', captions = false }) {
  const words = name && name !== language ? name : languageName(language);
  return captions ? `${words} (captions)` : words;
}

/** @param {string} tag */
function languageName(tag) {
  if (!tag || tag === 'und') return 'Unknown language';
  try {
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag; // no well-formed tag
  }
}

/** What is said to the viewer of each kind of problem. */
const sentences = {
  network: 'The server cannot be reached.',
  server: 'The server cannot send this now.',
  missing: 'The server has no such media yet.',
  changed: 'What is played has changed on the server.',
  unfit: 'The server cannot play a file of this asset.',
  media: 'The browser could not decode what it received.',
  unsupported: 'This browser cannot play these codecs.',
  internal: 'The player stopped unexpectedly.',
};

/**
 * @param {Problem['kind']} kind
 * @param {string} detail
 * @returns {Problem}
 */
export function problem(kind, detail) {
  return { kind, text: sentences[kind], detail };
}

/**
 * The kind of a failed request: a server that answers 4xx is there, but the media is not. By 410 it says that an asset's files were replaced:
 * only with a new manifest does it go on. By 422 it says that they are there, but broken or of no kind that it knows.
 * @param {number | undefined} status HTTP status, 0 or undefined where there was no answer
 * @returns {Problem['kind']}
 */
export function requestKind(status) {
  if (status === 410) return 'changed';
  if (status === 422) return 'unfit';
  if (!status || status < 400) return 'network';
  return status < 500 ? 'missing' : 'server';
}

/**
 * The types of those kinds of media of which the browser decodes none.
 * @param {{mimeType?: string, codecs?: string}[]} representations of a manifest
 * @param {(type: string) => boolean} decodes
 * @returns {string[]} such as video/mp4; codecs="hvc1.2.4.L120.B0"
 */
export function undecoded(representations, decodes) {
  return ['video', 'audio'].flatMap((kind) => {
    const types = new Set(representations.filter(({ mimeType }) => mimeType?.startsWith(`${kind}/`)).map(({ mimeType, codecs }) => (codecs ? `${mimeType}; codecs="${codecs}"` : mimeType ?? '')));
    return [...types].some(decodes) ? [] : [...types];
  });
}
