import { problem } from '../players/contract.js';
import { wayById } from '../players/registry.js';
import { isOnAir } from './channels.svelte.js';
import { Meter } from './meter.js';
import { fractionAt, safeTarget, timeAt } from './seek.js';
import { StallWatch } from './stall.js';
import { EvenRange, emptyView, look } from './view.js';

/** How often the page looks at the player, ms. */
const lookEveryMs = 250;
/** How long the page waits before it starts a player anew, ms; the last one stays. */
const pauses = [1000, 2000, 4000, 8000, 15_000];

/** @typedef {import('./channels.svelte.js').Channel | import('./assets.js').Asset} Programme what can be played */

/** The address of a manifest: of a channel at ordinary latency where the page's own address has ll=0. @param {Programme} programme @param {'hls' | 'dash'} format */
function manifestOf(programme, format) {
  const url = new URL(format === 'hls' ? programme.hls : programme.dash, document.baseURI);
  if (programme.kind === 'channel' && new URLSearchParams(location.search).get('ll') === '0') url.searchParams.set('ll', '0');
  return url.href;
}

/**
 * One channel or asset being played in one way: it owns the video element and the player library that fills it, starts the library
 * anew when it has given up, and keeps what the viewer wants (playing or paused) over all of that.
 */
export class Session {
  view = $state.raw(emptyView);
  /** Name and version of the library that plays. */
  library = $state('');
  /** What keeps it from playing, and when it is tried again (ms since the Unix epoch, 0: just now). */
  trouble = $state.raw(/** @type {{text: string, detail: string, retryAt: number} | null} */ (null));
  /** The viewer wants it to play. */
  wanted = $state(true);
  /** It has played since it was opened. */
  started = $state(false);
  /** It is waiting for media, though it should play. */
  waiting = $state(true);
  /** What plays is an asset. */
  complete = $state(false);
  /** The asset has been played to its end. */
  ended = $state(false);
  /** The browser allowed playing without sound only. */
  silenced = $state(false);
  stalls = $state(0);
  /** From opening to the first frame on screen, or the first sound where there is no picture, ms. */
  firstFrameMs = $state.raw(/** @type {number | null} */ (null));

  /** Qualities that can be chosen. */
  levels = $state.raw(/** @type {import('../players/contract.js').Level[]} */ ([]));
  /** The one that was chosen; null: the player chooses. */
  level = $state.raw(/** @type {string | null} */ (null));

  /** Languages of sound, subtitles and captions, and which of them play. */
  tracks = $state.raw(/** @type {Record<import('../players/contract.js').Kind, import('../players/contract.js').Track[]>} */ ({ audio: [], text: [] }));

  /** @type {import('../players/contract.js').Player | null} */
  player = null;

  #video;
  #journal;
  #channels;
  #programme = /** @type {Programme | null} */ (null);
  /** Where in an asset to begin, seconds. */
  #from = 0;
  #way = wayById('');
  #meter = new Meter();
  #even = new EvenRange();
  #stall = new StallWatch();
  #failures = 0;
  #retry = 0;
  /** Rises with every start: what an older one still reports is not heard. */
  #generation = 0;
  #openedAt = 0;
  #stopped;

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./channels.svelte.js').Channels} channels
   * @param {import('./journal.svelte.js').Journal} journal
   */
  constructor(video, channels, journal) {
    this.#video = video;
    this.#channels = channels;
    this.#journal = journal;
    const on = new AbortController();
    const listen = (/** @type {string} */ name, /** @type {() => void} */ heard) => video.addEventListener(name, heard, { signal: on.signal });
    listen('canplay', () => this.#play());
    listen('playing', () => this.#playing());
    listen('seeking', () => this.#stall.reset(performance.now()));
    listen('ended', () => this.complete && this.#end());
    listen('waiting', () => {
      if (this.started && this.wanted && !video.seeking) this.stalls++;
      this.waiting = true;
    });
    const timer = setInterval(() => this.#look(), lookEveryMs);
    this.#stopped = () => {
      on.abort();
      clearInterval(timer);
    };
  }

  /**
   * @param {Programme} programme
   * @param {string} wayId
   * @param {number} [at] where in an asset to begin, seconds
   */
  open(programme, wayId, at = 0) {
    this.#programme = programme;
    this.#way = wayById(wayId);
    this.#from = at;
    this.complete = programme.kind === 'asset';
    this.started = false;
    this.#failures = 0;
    this.trouble = null;
    this.wanted = true;
    this.stalls = 0;
    this.library = '';
    return this.#start();
  }

  /** Tries again at once. */
  retry() {
    this.#failures = 0;
    return this.#start();
  }

  /** @param {string | null} id of a quality, null: the player chooses */
  chooseLevel(id) {
    this.level = id;
    this.player?.setLevel(id);
  }

  /** @param {import('../players/contract.js').Kind} kind @param {string | null} id of a track; null: no text */
  chooseTrack(kind, id) {
    this.player?.setTrack(kind, id);
  }

  async close() {
    this.#stopped();
    this.#generation++;
    clearTimeout(this.#retry);
    await this.player?.destroy();
    this.player = null;
  }

  /** Plays; an asset that has ended from its beginning. */
  play() {
    if (this.ended) return this.seek(this.view.range?.start ?? 0);
    this.wanted = true;
    this.#stall.reset(performance.now());
    this.#play();
  }

  pause() {
    this.wanted = false;
    this.#video.pause();
  }

  goLive() {
    this.player?.goLive();
    this.play();
  }

  /** The live position of a channel, the end of an asset. */
  toEnd() {
    if (this.complete) this.seekToWindow(1);
    else this.goLive();
  }

  /** Seeks; whoever goes back from the end of an asset wants to see it. @param {number} time media time */
  seek(time) {
    const { range, segment } = this.view;
    if (!range) return;
    const target = safeTarget(range, time, this.complete ? 0 : segment);
    if (this.ended && target >= range.end) return;
    this.player?.seek(target);
    if (!this.ended) return;
    this.ended = false;
    this.play();
  }

  /** @param {number} fraction of the window or the asset, 0 the oldest and 1 the live position or the end; the media time that it stands for */
  seekToWindow(fraction) {
    const { range } = this.view;
    if (!range) return null;
    const time = timeAt(range, fraction);
    this.seek(time);
    return time;
  }

  get fraction() {
    return fractionAt(this.view.shown, this.view.currentTime);
  }

  async #start() {
    const generation = ++this.#generation;
    const current = () => generation === this.#generation;
    clearTimeout(this.#retry);
    // An asset goes on where it was.
    if (this.complete && this.started && this.view.range) this.#from = this.view.position;
    this.ended = false;
    // What was wrong stays on screen until it plays.
    if (this.trouble) this.trouble = { ...this.trouble, retryAt: 0 };
    this.started = false;
    this.waiting = true;
    this.firstFrameMs = null;
    this.view = emptyView;
    this.#openedAt = performance.now();
    const programme = this.#programme;
    const way = this.#way;
    this.levels = [];
    this.level = null;
    this.tracks = { audio: [], text: [] };
    const old = this.player;
    this.player = null;
    try {
      // Two libraries must not hold the element at once.
      await old?.destroy();
      const create = await way.load().catch((error) => {
        throw problem('network', `${way.library}: ${error.message}`);
      });
      if (!current() || !programme) return;
      this.#meter.reset();
      this.#even.reset();
      this.#stall.reset(performance.now());
      this.player = create(this.#video, {
        fatal: (reported) => current() && this.#failed(reported),
        recovering: (reported) => current() && this.#journal.add('warning', reported.text, reported),
      });
      this.library = this.player.library;
      await this.player.attach({ url: manifestOf(programme, way.format), complete: programme.kind === 'asset', at: this.#from });
    } catch (error) {
      if (current()) this.#failed(error?.kind ? error : problem('internal', String(error?.message ?? error)));
    }
  }

  /** @param {import('../players/contract.js').Problem} reported */
  #failed(reported) {
    // What fails together is one failure; the generation rises so that nothing more of this player is heard.
    this.#generation++;
    const pause = pauses[Math.min(this.#failures++, pauses.length - 1)];
    const why = reported.kind === 'missing' ? this.#absence() : '';
    const absent = why !== '';
    const text = why || reported.text;
    this.#journal.add(absent ? 'info' : 'error', text, reported);
    this.trouble = { text, detail: absent ? '' : reported.detail, retryAt: Date.now() + pause };
    this.#retry = setTimeout(() => this.#start(), pause);
  }

  /** Why the server has no media of what is to be played, empty where it should have some. */
  #absence() {
    const programme = this.#programme;
    if (programme?.kind === 'asset') return this.started ? '' : `This server has no asset named ${programme.id}, or not all of its files.`;
    const channel = this.#channel();
    if (!channel || isOnAir(channel)) return '';
    const known = this.#channels.list.some((each) => each.id === channel.id);
    return known ? 'The channel is off air. It will start as soon as its feed arrives.' : `This server has no channel named ${channel.id}.`;
  }

  /** The server's newest word on the channel, null where an asset plays. */
  #channel() {
    const programme = this.#programme;
    if (programme?.kind !== 'channel') return null;
    return this.#channels.list.find((channel) => channel.id === programme.id) ?? programme;
  }

  /** The end of an asset: nothing is wanted any more until the viewer does something. */
  #end() {
    this.ended = true;
    this.wanted = false;
    this.waiting = false;
    this.#video.pause();
  }

  #play() {
    const video = this.#video;
    if (!this.wanted || !video.paused || video.readyState === 0) return;
    // An element pauses at its end before it tells of it, and would play from the beginning.
    if (this.complete && video.ended) return;
    video.play().catch((error) => {
      if (error.name !== 'NotAllowedError') return; // another source was attached meanwhile
      if (video.muted) return void (this.wanted = false);
      // Browsers allow sound only after the viewer has touched the page.
      video.muted = true;
      this.silenced = true;
      video.play().catch(() => (this.wanted = false));
    });
  }

  #playing() {
    this.waiting = false;
    this.started = true;
    this.trouble = null;
    this.#failures = 0;
    if (this.firstFrameMs === null) this.firstFrameMs = Math.round(performance.now() - this.#openedAt);
  }

  #look() {
    const { player } = this;
    if (!player || this.trouble?.retryAt) return;
    const video = this.#video;
    const view = look(video, player, this.#meter, this.#even, this.#channels.clockOffset, this.complete);
    // `playing` is not told after every short wait.
    if (this.waiting && this.started && view.currentTime !== this.view.currentTime && video.readyState > 2) this.waiting = false;
    this.view = view;
    const levels = player.levels();
    if (levels.map((level) => level.id + level.bitrate).join() !== this.levels.map((level) => level.id + level.bitrate).join()) this.levels = levels;
    const tracks = { audio: player.tracks('audio'), text: player.tracks('text') };
    if (JSON.stringify(tracks) !== JSON.stringify(this.tracks)) this.tracks = tracks;
    if (this.wanted && video.paused && video.readyState > 2) this.#play();
    const channel = this.#channel();
    const remedy = this.#stall.check({
      now: performance.now(),
      wanted: this.wanted,
      time: view.currentTime,
      range: view.range,
      segment: view.segment,
      buffered: video.buffered,
      onAir: channel !== null && isOnAir(channel),
      started: this.started,
      complete: this.complete,
    });
    if (remedy) this.#mend(remedy);
  }

  /** @param {NonNullable<import('./stall.js').Remedy>} remedy */
  #mend(remedy) {
    if (remedy.do === 'seek') {
      this.#journal.add('info', 'Skipped media that is not there any more.');
      this.player?.seek(remedy.to);
    } else if (remedy.do === 'live') {
      this.#journal.add('warning', 'Playback stood still; it goes on at the live position.');
      this.player?.goLive();
    } else if (remedy.do === 'end') {
      this.#end();
    } else {
      this.#journal.add('warning', 'Playback stood still; the player was started anew.');
      this.#start();
    }
  }
}
