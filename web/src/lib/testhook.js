import { counts } from './meter.js';

/**
 * What the page shows of itself to tests and to the curious, as window.weir. Nothing in the page depends on it.
 *
 * @param {object} page
 * @param {() => import('./location.js').Choice} page.choice
 * @param {import('./session.svelte.js').Session} page.session
 * @param {import('./journal.svelte.js').Journal} page.journal
 * @param {HTMLVideoElement} page.video
 */
export function exposed({ choice, session, journal, video }) {
  return {
    video,
    /** The adapter that plays now, null between two. */
    get player() {
      return session.player;
    },
    state() {
      const view = session.view;
      const error = video.error;
      return {
        ...choice(),
        library: session.library,
        currentTime: video.currentTime,
        duration: view.duration,
        position: view.position,
        ended: session.ended,
        date: view.date,
        live: view.live,
        behind: view.behind,
        latency: view.latency,
        seekable: view.range,
        buffer: view.buffer,
        bitrate: view.bitrate,
        levels: session.levels,
        level: session.level,
        tracks: session.tracks,
        cues: [...video.textTracks].filter((track) => track.mode === 'showing').flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text)),
        width: video.videoWidth,
        height: video.videoHeight,
        ...counts(video),
        paused: video.paused,
        seeking: video.seeking,
        waiting: session.waiting,
        started: session.started,
        stalls: session.stalls,
        timeToFirstFrame: session.firstFrameMs,
        trouble: session.trouble?.text ?? null,
        mediaError: error ? `${error.code}: ${error.message}` : null,
        errors: journal.notes
          .filter((note) => note.level !== 'info')
          .map(({ at, level, kind, text, detail, times }) => ({ at, fatal: level === 'error', kind, text, detail, times })),
      };
    },
    /** @param {number} fraction 0 oldest, 1 live; of an asset 0 the beginning, 1 the end; gives the media time asked for, null where it is not known */
    seekToWindow: (fraction) => session.seekToWindow(fraction),
    goLive: () => session.goLive(),
    /** @param {string | null} id of one of state().levels; null: the player chooses */
    chooseLevel: (id) => session.chooseLevel(id),
    /** @param {'audio' | 'text'} kind @param {string | null} id of one of state().tracks[kind]; null: no text */
    chooseTrack: (kind, id) => session.chooseTrack(kind, id),
    play: () => session.play(),
    pause: () => session.pause(),
  };
}
