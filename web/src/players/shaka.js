import shaka from 'shaka-player/dist/shaka-player.compiled-es2021.js';
import { problem, requestKind } from './contract.js';

/** @type {(video: HTMLVideoElement, hooks: import('./contract.js').Hooks) => import('./contract.js').Player} */
export function createPlayer(video, hooks) {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  let gone = false;
  let loading = true;

  player.configure({
    manifest: {
      // A manifest that is missing for a moment is asked for again, for as long as the page is open.
      raiseFatalErrorOnManifestUpdateRequestFailure: false,
      disableThumbnails: true,
    },
    streaming: {
      bufferBehind: 60,
      bufferingGoal: 20,
      // Live streams that fail to load are retried for ever, unless the browser cannot play them.
      failureCallback: () => !gone && player.retryStreaming(1),
    },
  });

  /** @returns {import('./contract.js').Problem} */
  function reportOf(error) {
    const { Category, Code } = shaka.util.Error;
    const words = `Shaka error ${error.code ?? ''}: ${error.message ?? error} ${(error.data ?? []).slice(0, 2).join(' ')}`;
    if (error.category === Category.NETWORK) {
      const status = error.code === Code.BAD_HTTP_STATUS ? Number(error.data?.[1]) : 0;
      return problem(requestKind(status), words);
    }
    const incompatible = [Code.CONTENT_UNSUPPORTED_BY_BROWSER, Code.NO_VARIANTS, Code.RESTRICTIONS_CANNOT_BE_MET];
    if (incompatible.includes(error.code)) return problem('unsupported', words);
    return problem(error.category === Category.MEDIA ? 'media' : 'internal', words);
  }

  player.addEventListener('error', (event) => {
    // While it loads, the promise of load() tells the same.
    if (gone || loading) return;
    const error = event.detail;
    const fatal = error.severity === shaka.util.Error.Severity.CRITICAL && error.category !== shaka.util.Error.Category.NETWORK;
    (fatal ? hooks.fatal : hooks.recovering)(reportOf(error));
  });

  function seekRange() {
    if (gone || loading) return null;
    const range = player.seekRange();
    return range.end > range.start ? range : null;
  }

  return {
    library: `Shaka Player ${shaka.Player.version.replace(/^v/, '')}`,

    async attach(url) {
      if (!shaka.Player.isBrowserSupported()) throw problem('unsupported', 'no Media Source Extensions');
      try {
        await player.attach(video);
        await player.load(url);
      } catch (error) {
        if (gone || error?.code === shaka.util.Error.Code.LOAD_INTERRUPTED) return;
        throw reportOf(error);
      } finally {
        loading = false;
      }
    },

    async destroy() {
      gone = true;
      await player.destroy();
    },

    seekRange,

    goLive() {
      if (!gone && !loading) player.goToLive();
    },

    seek(time) {
      video.currentTime = time;
    },

    dateAt(time) {
      if (gone || loading) return null;
      const date = player.getPlayheadTimeAsDate();
      return date ? date.getTime() + (time - video.currentTime) * 1000 : null;
    },

    stats() {
      if (gone || loading) return { bitrate: null, latency: null, segment: null };
      const stats = player.getStats();
      return {
        bitrate: stats.streamBandwidth || null,
        latency: stats.liveLatency || null,
        segment: stats.maxSegmentDuration || null,
      };
    },
  };
}
