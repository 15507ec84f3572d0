import shaka from 'shaka-player/dist/shaka-player.compiled-es2021.js';
import { problem, requestKind, sorted, trackLabel } from './contract.js';
import { steadySourceBuffers } from './steady.js';

/**
 * In HLS the library leaves the time that a feed was away out of its time line, but moves the window and the live edge on by
 * the clock all the same: with each outage the window would shrink, until nothing is left of it (5.2.12). So nothing leaves the
 * window by the clock (a playlist says itself what has left), and its ends are read from the segments. Seconds.
 */
const hlsWindow = 30 * 86_400;

/** Whoever seeks to a place so near the live position wants to be there, seconds. */
const nearLive = 4;

/** How near the live position playing is kept, in seconds behind the end of the range that can be seeked to, and how. */
const liveSync = { targetLatency: 0.2, targetLatencyTolerance: 0.2, maxPlaybackRate: 1.1, minPlaybackRate: 0.95 };

/** @type {(video: HTMLVideoElement, hooks: import('./contract.js').Hooks) => import('./contract.js').Player} */
export function createPlayer(video, hooks) {
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  let gone = false;
  let loading = true;
  let release = () => {};

  player.configure({
    manifest: {
      // A manifest that is missing for a moment is asked for again, for as long as the page is open.
      raiseFatalErrorOnManifestUpdateRequestFailure: false,
      disableThumbnails: true,
      // In low latency the library switches this off itself, but only once it has read the first manifest by it: the live edge would
      // lie where the listed segments end, which is in the future.
      dash: { autoCorrectDrift: false },
      hls: {
        // The page shows no captions; looking for them takes three whole segments before anything plays.
        disableClosedCaptionsDetection: true,
      },
    },
    streaming: {
      bufferBehind: 60,
      bufferingGoal: 20,
      // After a stall at the live edge, going on with less would stall again at once.
      rebufferingGoal: 2,
      // Live streams that fail to load are retried for ever, unless the browser cannot play them.
      failureCallback: (_error) => !gone && player.retryStreaming(1),
    },
  });

  // What low-latency manifests need: start with little, and keep to the live position.
  const low = player.getConfigurationForLowLatency();
  Object.assign(low.streaming, { rebufferingGoal: 0.1, liveSync: { ...liveSync, enabled: true } });
  player.configurationForLowLatency(low);

  /** Whoever has gone back is not hurried. @param {boolean} live */
  function follow(live) {
    if (player.getManifest()?.isLowLatency) player.configure('streaming.liveSync.enabled', live);
  }

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
    // A patch that does not fit is how the server says that the MPD has changed by more than patches tell: the library loads it whole.
    if (error.code === shaka.util.Error.Code.DASH_INVALID_PATCH) return;
    const reported = reportOf(error);
    const fatal = error.severity === shaka.util.Error.Severity.CRITICAL && error.category !== shaka.util.Error.Category.NETWORK;
    (fatal || reported.kind === 'changed' ? hooks.fatal : hooks.recovering)(reported);
  });

  const timeline = () => player.getManifest()?.presentationTimeline ?? null;
  const isHls = () => player.getManifestType() === 'HLS';

  /** Where listed media of all playing tracks begins and ends, in HLS. */
  function listed() {
    const playing = player.getVariantTracks().find((track) => track.active);
    const variant = player.getManifest()?.variants.find((each) => each.id === playing?.id) ?? player.getManifest()?.variants[0];
    let range = null;
    for (const index of [variant?.video?.segmentIndex, variant?.audio?.segmentIndex]) {
      const first = index?.get(index.getNumEvicted());
      const last = index?.get(index.getNumEvicted() + index.getNumReferences() - 1);
      if (!first || !last) continue;
      const start = Math.max(range?.start ?? 0, first.getStartTime());
      range = { start, end: Math.min(range?.end ?? Infinity, last.getEndTime()) };
    }
    return range;
  }

  function seekRange() {
    if (gone || loading) return null;
    let range = player.seekRange();
    if (isHls() && player.isLive()) {
      range = listed();
      if (!range) return null;
      range.end -= timeline()?.getDelay() ?? 0;
    }
    return range.end > range.start ? range : null;
  }

  /** What can be switched to without another sound. */
  function variants() {
    if (gone || loading) return [];
    const all = player.getVariantTracks();
    const audio = all.find((track) => track.active)?.audioId;
    return all.filter((track) => track.audioId === audio);
  }

  /** @param {import('./contract.js').Kind} kind */
  function choices(kind) {
    if (gone || loading) return [];
    if (kind === 'audio') return player.getAudioTracks();
    // In HLS the library places text by the time scale of an init segment, which it forgets with each reload of the playlist: what is chosen
    // later is never shown, and in low latency the pictures wait for it (5.2.12).
    return isHls() && player.isLive() ? [] : player.getTextTracks();
  }

  return {
    library: `Shaka Player ${shaka.Player.version.replace(/^v/, '')}`,

    async attach({ url, complete, at }) {
      if (!shaka.Player.isBrowserSupported()) throw problem('unsupported', 'no Media Source Extensions');
      try {
        if (!url.endsWith('.mpd')) release = steadySourceBuffers();
        await player.attach(video);
        player.configure('manifest.availabilityWindowOverride', complete || url.endsWith('.mpd') ? NaN : hlsWindow);
        await player.load(url, complete && at ? at : null);
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
      release();
    },

    seekRange,

    goLive() {
      const range = seekRange();
      if (!range) return;
      follow(true);
      video.currentTime = range.end;
    },

    seek(time) {
      follow(time >= (seekRange()?.end ?? 0) - nearLive);
      video.currentTime = time;
    },

    dateAt(time) {
      if (gone || loading) return null;
      const seconds = isHls() ? timeline()?.getProgramDateTimeForTime(time) : null;
      if (seconds) return seconds * 1000;
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

    levels: () => sorted(variants().map((each) => ({ id: String(each.id), height: each.height || null, bitrate: each.bandwidth }))),

    setLevel(id) {
      player.configure('abr.enabled', id === null);
      const chosen = variants().find((each) => String(each.id) === id);
      if (chosen) player.selectVariantTrack(chosen);
    },

    tracks(kind) {
      return choices(kind).map((each, i) => ({
        id: String(i),
        label: trackLabel({ name: each.label ?? '', language: each.language, captions: each.mimeType?.startsWith('application/cea') }),
        on: each.active,
      }));
    },

    setTrack(kind, id) {
      const chosen = id === null ? null : choices(kind)[Number(id)];
      if (kind === 'text') player.selectTextTrack(chosen ?? null);
      else if (chosen) player.selectAudioTrack(chosen);
    },
  };
}
