import Hls from 'hls.js';
import { problem, requestKind, sorted, trackLabel } from './contract.js';

/** A repair that is needed more often than this within the time below does not help any more. */
const maxRepairs = 4;
const repairWindowMs = 20_000;

/** @param {TextTrack | undefined} track @param {boolean} shown */
function show(track, shown) {
  if (track) track.mode = shown ? 'showing' : 'hidden';
}

/** @type {(video: HTMLVideoElement, hooks: import('./contract.js').Hooks) => import('./contract.js').Player} */
export function createPlayer(video, hooks) {
  const hls = new Hls({
    // fMP4 is passed through as it is: there is nothing that a worker could take off the page.
    enableWorker: false,
    backBufferLength: 60,
    // Near the live position only: whoever has gone back is not hurried.
    maxLiveSyncPlaybackRate: 1.05,
    liveDurationInfinity: true,
  });
  /** @type {number[]} when repairs were made, ms */
  let repairs = [];
  let loaded = false;
  /** @type {{name: string, lang?: string}[]} captions inside of the pictures, as the manifest announces them */
  let captions = [];
  let restart = 0;

  const details = () => hls.latestLevelDetails;

  // The library counts what an encoder put before and behind a track of an album as media, and would begin the next one later by it.
  // In what is complete a track begins where the playlist says.
  /** @type {Map<number | string, number>} by sequence number, where what comes after each discontinuity begins, seconds */
  let beginnings = new Map();
  hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => {
    const first = (/** @type {any} */ each, /** @type {number} */ i) => i > 0 && each.cc !== details.fragments[i - 1].cc;
    beginnings = new Map(details.live ? [] : details.fragments.filter(first).map((each) => [each.sn, each.start]));
  });
  hls.on(Hls.Events.LEVEL_PTS_UPDATED, (_, { details }) => {
    let moved = 0;
    for (const each of details.fragments) {
      if (Number.isFinite(each.startPTS)) continue; // its media is there
      if (beginnings.has(each.sn)) moved = beginnings.get(each.sn) - each.start;
      if (moved) each.setStart(each.start + moved);
    }
  });

  // At the end of a complete segment the library (1.7.4) looks for parts of it that it lacks, though these lie before what it has loaded or the segment was
  // loaded whole, and loads nothing as long as the playlist lists them: whoever goes live again stands still. They count as loaded.
  /** @param {any} details */
  function settleParts({ partList, endSN }) {
    for (let i = (partList?.length ?? 0) - 2; i >= 0; i--) {
      const [part, next] = [partList[i], partList[i + 1]];
      if (next.loaded && !part.loaded && part.fragment.sn === next.fragment.sn && part.fragment.sn <= endSN) part.elementaryStreams = next.elementaryStreams;
    }
  }
  hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => settleParts(details));
  hls.on(Hls.Events.AUDIO_TRACK_UPDATED, (_, { details }) => settleParts(details));
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag, part }) => {
    const details = { main: hls.levels, audio: hls.audioTracks }[frag.type]?.[frag.level]?.details;
    const last = details?.partList?.findLast((each) => each.fragment.sn === frag.sn);
    if (!part && last && !last.loaded) last.elementaryStreams = frag.elementaryStreams;
    if (last) settleParts(details);
  });

  /** Runs a repair, or gives the player up where repairs have not helped. */
  function repair(reported, mend) {
    const now = performance.now();
    repairs = repairs.filter((at) => now - at < repairWindowMs);
    if (repairs.length >= maxRepairs) return hooks.fatal(reported);
    repairs.push(now);
    hooks.recovering(reported);
    mend();
  }

  hls.on(Hls.Events.MANIFEST_PARSED, () => (loaded = true));
  hls.on(Hls.Events.MANIFEST_LOADED, (_, data) => (captions = data.captions ?? []));
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    const words = [data.details, data.response?.code, data.error?.message].filter(Boolean).join(': ');
    if (data.details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) {
      hooks.fatal(problem('unsupported', words));
    } else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) {
      const reported = problem(requestKind(data.response?.code), words);
      if (!loaded || reported.kind === 'changed') return hooks.fatal(reported);
      repair(reported, () => {
        clearTimeout(restart);
        restart = setTimeout(() => hls.startLoad(), 1000 * repairs.length);
      });
    } else if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      repair(problem('media', words), () => hls.recoverMediaError());
    } else {
      hooks.fatal(problem('internal', words));
    }
  });

  /** The live position, clamped to the window: a feed that has ended does not move on. Of what is complete it is the end. */
  function livePosition() {
    const d = details();
    if (!d) return null;
    if (!d.live) return d.edge;
    const behind = hls.targetLatency ?? 3 * d.targetduration;
    return Math.max(d.fragmentStart, Math.min(hls.liveSyncPosition ?? Infinity, d.edge - Math.min(behind, d.targetduration)));
  }

  /** The text track that the library fills with one of the captions; none as long as none were seen. */
  const captionTrack = (each) => [...video.textTracks].find((track) => track.kind === 'captions' && track.label === each.name);

  return {
    library: `hls.js ${Hls.version}`,

    async attach({ url, complete, at }) {
      if (!Hls.isSupported()) throw problem('unsupported', 'no Media Source Extensions');
      if (complete && at) hls.config.startPosition = at;
      hls.attachMedia(video);
      hls.loadSource(url);
    },

    async destroy() {
      clearTimeout(restart);
      for (const each of captions) show(captionTrack(each), false); // a media element keeps its text tracks
      hls.destroy();
    },

    seekRange() {
      const d = details();
      const end = livePosition();
      if (!d || end === null || !d.fragments.length) return null;
      return { start: d.fragmentStart, end: Math.max(end, d.fragmentStart) };
    },

    goLive() {
      const end = livePosition();
      if (end !== null) video.currentTime = end;
    },

    seek(time) {
      video.currentTime = time;
    },

    dateAt(time) {
      const fragments = details()?.fragments;
      if (!fragments?.length) return null;
      // The fragment that holds the time; before the first and after the last, those.
      let low = 0;
      let high = fragments.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (fragments[middle].start <= time) low = middle;
        else high = middle - 1;
      }
      const date = fragments[low].programDateTime;
      return date ? date + (time - fragments[low].start) * 1000 : null;
    },

    stats() {
      const level = hls.levels[hls.currentLevel] ?? hls.levels[hls.loadLevel];
      return {
        bitrate: level?.bitrate || null,
        latency: hls.latency || null,
        segment: details()?.targetduration ?? null,
      };
    },

    levels: () => sorted(hls.levels.map((level, i) => ({ id: String(i), height: level.height || null, bitrate: level.bitrate }))),

    setLevel(id) {
      hls.loadLevel = id === null ? -1 : Number(id); // what is buffered is played: near the live edge there is no time to load it again
    },

    tracks(kind) {
      if (kind === 'audio') {
        return hls.audioTracks.map((each, i) => ({ id: String(i), label: trackLabel({ name: each.name, language: each.lang }), on: i === hls.audioTrack }));
      }
      return [
        ...hls.subtitleTracks.map((each, i) => ({ id: String(i), label: trackLabel({ name: each.name, language: each.lang }), on: i === hls.subtitleTrack })),
        ...captions.map((each) => ({
          id: each.name,
          label: trackLabel({ name: each.name, language: each.lang, captions: true }),
          on: captionTrack(each)?.mode === 'showing',
        })),
      ];
    },

    setTrack(kind, id) {
      if (kind === 'audio') {
        if (id !== null) hls.audioTrack = Number(id);
        return;
      }
      const chosen = captions.find((each) => each.name === id);
      hls.subtitleTrack = chosen || id === null ? -1 : Number(id);
      for (const each of captions) show(captionTrack(each), each === chosen);
    },
  };
}
