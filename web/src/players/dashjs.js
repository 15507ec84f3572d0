import { MediaPlayer } from 'dashjs';
import { problem, requestKind, sorted, trackLabel, undecoded } from './contract.js';

/** @type {(video: HTMLVideoElement, hooks: import('./contract.js').Hooks) => import('./contract.js').Player} */
export function createPlayer(video, hooks) {
  const player = MediaPlayer().create();
  let gone = false;

  player.updateSettings({
    debug: { logLevel: 0 },
    streaming: {
      buffer: { bufferToKeep: 60, mediaSourceDurationInfinity: true },
      gaps: { jumpGaps: true, jumpLargeGaps: true },
      text: { defaultEnabled: false },
    },
  });
  player.initialize();
  // The library asks a public time server where an MPD names none; this page asks nobody but its own server.
  player.clearDefaultUTCTimingSources();

  player.on(MediaPlayer.events.ERROR, (event) => {
    if (gone) return;
    const error = event.error ?? {};
    const status = error.data?.response?.status ?? error.data?.request?.status;
    const words = [error.code, error.message ?? String(event.error), status].filter(Boolean).join(': ');
    const codes = MediaPlayer.errors;
    switch (error.code) {
      case codes.MANIFEST_LOADER_LOADING_FAILURE_ERROR_CODE:
      case codes.DOWNLOAD_ERROR_ID_MANIFEST_CODE:
        // Once it plays, the library asks for the manifest again by itself.
        return (video.readyState > 0 ? hooks.recovering : hooks.fatal)(problem(requestKind(status), words));
      case codes.DOWNLOAD_ERROR_ID_CONTENT_CODE:
      case codes.DOWNLOAD_ERROR_ID_INITIALIZATION_CODE:
      case codes.FRAGMENT_LOADER_LOADING_FAILURE_ERROR_CODE:
      case codes.TIME_SYNC_FAILED_ERROR_CODE:
        return (requestKind(status) === 'changed' ? hooks.fatal : hooks.recovering)(problem(requestKind(status), words));
      case codes.CAPABILITY_MEDIASOURCE_ERROR_CODE:
      case codes.MANIFEST_ERROR_ID_NOSTREAMS_CODE:
      case codes.MEDIASOURCE_TYPE_UNSUPPORTED_CODE:
        return hooks.fatal(problem('unsupported', words));
      case codes.APPEND_ERROR_CODE:
        return hooks.fatal(problem('media', words));
      default:
        // What remains is the media element's own error, and faults that leave the library without a stream.
        return hooks.fatal(problem(video.error ? 'media' : 'internal', words));
    }
  });

  // The library plays what is left, without a word.
  player.on(MediaPlayer.events.MANIFEST_LOADED, ({ data }) => {
    if (gone) return;
    const sets = (data?.Period ?? []).flatMap((period) => period.AdaptationSet ?? []).flatMap((set) => (set.Representation ?? []).map((each) => ({ ...set, ...each })));
    const missing = undecoded(sets, (type) => (window.ManagedMediaSource ?? window.MediaSource).isTypeSupported(type));
    if (missing.length) hooks.recovering(problem('unsupported', missing.join(', ')));
  });

  const ready = () => !gone && player.isReady() && player.getActiveStream() !== null;

  function seekRange() {
    if (!ready()) return null;
    if (!player.isDynamic()) return player.duration() > 0 ? { start: 0, end: player.duration() } : null;
    const window = player.getDvrWindow();
    if (!window || !(window.size > 0)) return null;
    const delay = player.getTargetLiveDelay() || 0;
    return { start: window.start, end: Math.max(window.start, window.end - delay) };
  }

  /** @param {'video' | 'audio'} type */
  const representation = (type) => (ready() ? player.getCurrentRepresentationForType(type) : null);

  /** @param {import('./contract.js').Kind} kind */
  const infos = (kind) => (ready() ? player.getTracksFor(kind) : []);

  return {
    library: `dash.js ${player.getVersion()}`,

    async attach({ url, complete, at }) {
      if (!window.MediaSource && !window.ManagedMediaSource) throw problem('unsupported', 'no Media Source Extensions');
      player.setAutoPlay(true);
      player.attachView(video);
      player.attachSource(url, complete && at ? at : NaN);
    },

    async destroy() {
      gone = true;
      player.destroy();
    },

    seekRange,

    goLive() {
      if (ready()) player.seekToOriginalLive();
    },

    seek(time) {
      if (ready()) player.seekToPresentationTime(time);
    },

    dateAt(time) {
      if (!ready()) return null;
      const window = player.getDvrWindow();
      if (!window || !window.startAsUtc) return null;
      return (window.startAsUtc + (time - window.start)) * 1000;
    },

    stats() {
      const video = representation('video');
      const audio = representation('audio');
      const bitrate = (video?.bandwidth ?? 0) + (audio?.bandwidth ?? 0);
      const latency = ready() ? player.getCurrentLiveLatency() : NaN;
      return {
        bitrate: bitrate || null,
        latency: Number.isFinite(latency) ? latency : null,
        segment: (video ?? audio)?.segmentDuration || (video ?? audio)?.fragmentDuration || null,
      };
    },

    levels() {
      if (!ready()) return [];
      return sorted(player.getRepresentationsByType('video').map((each) => ({ id: each.id, height: each.height || null, bitrate: each.bandwidth })));
    },

    setLevel(id) {
      if (!ready()) return;
      player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: id === null } } } });
      if (id !== null) player.setRepresentationForTypeById('video', id);
    },

    tracks(kind) {
      const current = ready() && (kind === 'audio' || player.isTextEnabled()) ? player.getCurrentTrackFor(kind) : null;
      return infos(kind).map((each, i) => ({
        id: String(i),
        label: trackLabel({ name: each.labels?.[0]?.text, language: each.lang ?? '', captions: each.isEmbedded }),
        on: current !== null && current.index === each.index && current.id === each.id,
      }));
    },

    setTrack(kind, id) {
      if (kind === 'text') player.setTextTrack(id === null ? -1 : Number(id));
      else if (id !== null && infos(kind)[id]) player.setCurrentTrack(infos(kind)[id]);
    },
  };
}
