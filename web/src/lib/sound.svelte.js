/** Volume and silence of the video element, kept from visit to visit. */
const storageKey = 'weir.volume';

export class Sound {
  volume = $state(1);
  muted = $state(false);
  #video;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
    // Storage may be forbidden; then every visit begins at full volume.
    try {
      const kept = Number(localStorage.getItem(storageKey) ?? 1);
      if (kept >= 0 && kept <= 1) video.volume = kept;
    } catch {}
    video.addEventListener('volumechange', () => this.#read());
    this.#read();
  }

  toggle() {
    if (this.muted || this.volume === 0) this.set(this.volume || 0.5);
    else this.#video.muted = true;
  }

  /** @param {number} volume 0 to 1 */
  set(volume) {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = volume <= 0;
    try {
      localStorage.setItem(storageKey, String(this.#video.volume));
    } catch {}
  }

  #read() {
    this.volume = this.#video.volume;
    this.muted = this.#video.muted;
  }
}
